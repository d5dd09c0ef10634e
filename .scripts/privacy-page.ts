// Writes the tables of PRIVACY.md from the profiles of mappings/privacy: npm run privacy
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MEANINGS } from "../pipelines/privacy/actions.ts";
import { type PrivacyProfile, readPrivacyProfile } from "../pipelines/privacy/profile.ts";
import { TABLE_NAMES, tableShape } from "../warehouse/schema.ts";

const NAMES = ["safe-harbor", "limited-data-set", "shifted", "expert"];
const FILE = join(import.meta.dirname, "..", "PRIVACY.md");
const BEGIN = "<!-- generated from mappings/privacy: npm run privacy -->";
const END = "<!-- end of what is generated -->";

/** PRIVACY.md with the tables as the profiles are now. */
export async function privacyPage(): Promise<string> {
  const page = await readFile(FILE, "utf8");
  const [before, rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  const profiles = await Promise.all(NAMES.map(readPrivacyProfile));
  return `${before}${BEGIN}\n\n${generated(profiles)}\n\n${END}${after}`;
}

function generated(profiles: PrivacyProfile[]): string {
  const all = TABLE_NAMES.flatMap((table) =>
    columnsOf(table).map((column) => [table, column] as const),
  );
  const counts = profiles.map((profile) => {
    const out = all.filter(([table, column]) => actionOf(profile, table, column) !== "drop");
    return `| ${profile.profile} | ${profile.basis} | ${out.length} of ${all.length} |`;
  });
  const meanings = Object.entries(MEANINGS).map(([name, meaning]) => `| ${name} | ${meaning} |`);
  return [
    "| profile | rule under which data leave | columns that leave |\n|---|---|---|",
    ...counts,
    "\n| action | what happens to the column |\n|---|---|",
    ...meanings,
    `\n| table | columns | ${NAMES.join(" | ")} |\n|---|---|${NAMES.map(() => "---|").join("")}`,
    ...TABLE_NAMES.flatMap((table) => rowsOf(table, profiles)),
    "\nColumns that are not in this list leave under no profile.",
  ].join("\n");
}

/** Columns of a table that leave under some profile; those that are treated alike share a row. */
function rowsOf(table: (typeof TABLE_NAMES)[number], profiles: PrivacyProfile[]): string[] {
  const groups = new Map<string, string[]>();
  for (const column of columnsOf(table)) {
    const actions = profiles.map((profile) => actionOf(profile, table, column));
    if (actions.every((one) => one === "drop")) continue;
    const key = actions.map((one) => one.replace(/^token:.*/, "token")).join(" | ");
    groups.set(key, [...(groups.get(key) ?? []), column]);
  }
  return [...groups].map(
    ([actions, columns]) => `| ${table} | ${columns.join(", ")} | ${actions} |`,
  );
}

const columnsOf = (table: (typeof TABLE_NAMES)[number]) =>
  Object.keys(tableShape(table).columns).filter((column) => column !== "datamartid");

const actionOf = (profile: PrivacyProfile, table: string, column: string): string =>
  profile.tables[table]?.[column] ?? "drop";

if (import.meta.main) await writeFile(FILE, await privacyPage());
