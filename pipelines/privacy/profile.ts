import { join } from "node:path";
import { z } from "zod";
import { TABLES, type TableName } from "../../warehouse/schema.ts";
import { ident } from "../../warehouse/sql.ts";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { tokenSql } from "./tokens.ts";

const action = z.union([
  z.enum(["keep", "shift-date", "drop"]),
  z.templateLiteral(["token:", z.string().regex(/^[a-z_]+$/)]),
]);

export const privacyProfileSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  profile: z.string(),
  shift_days: z.int().min(1).max(3650),
  date_management: z.string(),
  tables: z.record(z.string(), z.record(z.string(), action)),
});
export type PrivacyProfile = z.infer<typeof privacyProfileSchema>;

/**
 * Reads a profile of mappings/privacy and checks it against the schema: every table and column that it names exists.
 *
 * @throws ProError `CONFIG_PRIVACY`.
 */
export async function readPrivacyProfile(name: string): Promise<PrivacyProfile> {
  const file = join(mappingsDirectory, "privacy", `${name}.yaml`);
  const profile = await readYaml(file, privacyProfileSchema, "CONFIG_PRIVACY");
  for (const [table, columns] of Object.entries(profile.tables)) {
    const known = TABLES[table as TableName]?.columns ?? {};
    const strangers = Object.keys(columns).filter((column) => !(column in known));
    if (strangers.length > 0) {
      throw new ProError("CONFIG_PRIVACY", `no column ${strangers.join(", ")} in table ${table}`, {
        where: { file, pointer: `tables.${table}` },
        hint: "the columns are those of mappings/cdm",
      });
    }
  }
  return profile;
}

/** The purposes for which the profile makes tokens. */
export function tokenPurposes(profile: PrivacyProfile): string[] {
  const actions = Object.values(profile.tables).flatMap((columns) => Object.values(columns));
  const purposes = actions.filter((one) => one.startsWith("token:")).map((one) => one.slice(6));
  return [...new Set(purposes)].sort();
}

/**
 * The query that de-identifies one staged table: only columns with an action, each through it. Rows come from `cdm_<table>`,
 * key material from `token_key`, the person's days from `date_shift`.
 *
 * `staged` are the columns that the staged table has.
 */
export function deidentifySql(
  profile: PrivacyProfile,
  table: TableName,
  staged: ReadonlySet<string>,
): string {
  const actions = Object.entries(profile.tables[table] ?? {}).filter(
    ([column, one]) => one !== "drop" && staged.has(column),
  );
  const columns = actions.map(([column, one]) => `  ${apply(one, column)} AS ${ident(column)}`);
  // A site's own row (harvest) has no person and no date to shift.
  const shift = staged.has("patid") ? "\nJOIN date_shift s ON s.patid = t.patid" : "";
  return `SELECT\n${columns.join(",\n")}\nFROM cdm_${table} t CROSS JOIN token_key k${shift}`;
}

function apply(one: string, column: string): string {
  const value = `t.${ident(column)}`;
  if (one === "keep") return value;
  if (one === "shift-date") return `${value} + s.days`;
  return tokenSql(one.slice("token:".length), value);
}
