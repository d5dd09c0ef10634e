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
  z.templateLiteral(["token:", z.string().regex(/^[a-z_0-9]+$/)]),
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
  const purposes = actions.map(purposeOf).filter((purpose) => purpose !== null);
  return [...new Set(purposes)].sort();
}

/** The purpose of a token action: `token:patid` makes tokens of people. */
export function purposeOf(action: string | undefined): string | null {
  return action?.startsWith("token:") ? action.slice("token:".length) : null;
}

/** Which columns the staged tables have. */
export type Staged = ReadonlyMap<TableName, ReadonlySet<string>>;

/**
 * The statements that make each token once, however many rows carry it: a table `token_of_<purpose>` (raw, token) for every
 * purpose of the profile that a staged column has.
 */
export function tokenTablesSql(profile: PrivacyProfile, staged: Staged): string[] {
  return tokenPurposes(profile).flatMap((purpose) => {
    const uses = [...staged].flatMap(([table, columns]) =>
      Object.entries(profile.tables[table] ?? {})
        .filter(([column, action]) => purposeOf(action) === purpose && columns.has(column))
        .map(([column]) => `SELECT ${ident(column)} AS raw FROM cdm_${table}`),
    );
    if (uses.length === 0) return [];
    return `CREATE OR REPLACE TEMP TABLE token_of_${purpose} AS
SELECT p.raw, ${tokenSql(purpose, "p.raw")} AS token
FROM (SELECT DISTINCT raw FROM (${uses.join(" UNION ALL ")}) WHERE raw IS NOT NULL) p`;
  });
}

/**
 * The query that de-identifies one staged table: only columns with an action, each through it. Rows come from `cdm_<table>`,
 * tokens from `token_of_<purpose>`, the person's days from `date_shift`.
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
  const joins = actions
    .filter(([, one]) => purposeOf(one) !== null)
    .map(([column, one]) => {
      const alias = ident(`token ${column}`);
      return `\nLEFT JOIN token_of_${purposeOf(one)} ${alias} ON ${alias}.raw = t.${ident(column)}`;
    });
  // A site's own row (harvest) has no person and no date to shift.
  const shift = staged.has("patid") ? "\nJOIN date_shift s ON s.patid = t.patid" : "";
  return `SELECT\n${columns.join(",\n")}\nFROM cdm_${table} t${shift}${joins.join("")}`;
}

function apply(one: string, column: string): string {
  if (purposeOf(one) !== null) return `${ident(`token ${column}`)}.token`;
  const value = `t.${ident(column)}`;
  return one === "shift-date" ? `${value} + s.days` : value;
}
