import { join } from "node:path";
import { z } from "zod";
import { TABLE_NAMES, TABLES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { readYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { mappingsDirectory } from "../core/mappings.ts";
import { type Action, action, actionSql, isObfuscated, purposeOf } from "./actions.ts";
import { partialDateSql, rowKeySql } from "./partial-dates.ts";
import { tokenSql } from "./tokens.ts";

export const privacyProfileSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  profile: z.string(),
  basis: z.string().describe("the rule under which data of this profile may leave"),
  shift_days: z
    .int()
    .min(1)
    .max(3650)
    .optional()
    .describe("largest shift in days, in both directions; never 0"),
  extends: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional()
    .describe("a profile whose actions hold where this one names none"),
  replace: z
    .record(z.string(), action)
    .default({})
    .describe("actions of that profile that are another one here: shift-date: year-only"),
  tables: z
    .record(z.string(), z.record(z.string(), action))
    .default({})
    .describe("table: { column: action }; a column that is not named does not leave"),
});

/** A profile with every column's own action. */
export interface PrivacyProfile {
  profile: string;
  basis: string;
  /** Null: no date is shifted. */
  shift_days: number | null;
  tables: Readonly<Record<string, Readonly<Record<string, Action>>>>;
}

/**
 * Reads a profile of mappings/privacy, with what it takes from another one, and checks it against the schema: every table and
 * column that it names exists.
 *
 * @throws ProError `CONFIG_PRIVACY`.
 */
export async function readPrivacyProfile(name: string): Promise<PrivacyProfile> {
  return resolveProfile(name, []);
}

async function resolveProfile(name: string, above: readonly string[]): Promise<PrivacyProfile> {
  const file = join(mappingsDirectory, "privacy", `${name}.yaml`);
  if (!/^[a-z0-9-]+$/.test(name) || above.includes(name))
    throw new ProError("CONFIG_PRIVACY", "there is no such privacy profile", {
      where: { file, pointer: "extends" },
      hint: "name a file of mappings/privacy",
    });
  const own = await readYaml(file, privacyProfileSchema, "CONFIG_PRIVACY");
  refuseStrangers(own.tables, file);
  const base = own.extends ? await resolveProfile(own.extends, [...above, name]) : null;
  const tables = { ...inherited(base, own.replace) };
  for (const [table, columns] of Object.entries(own.tables))
    tables[table] = { ...tables[table], ...columns };
  const shiftDays = own.shift_days ?? base?.shift_days ?? null;
  const isShifted = Object.values(tables).some((columns) =>
    Object.values(columns).includes("shift-date"),
  );
  if (isShifted && shiftDays === null)
    throw new ProError("CONFIG_PRIVACY", "the profile shifts dates and does not say how far", {
      where: { file, pointer: "shift_days" },
      hint: "write shift_days: 365",
    });
  return {
    profile: own.profile,
    basis: own.basis,
    shift_days: isShifted ? shiftDays : null,
    tables,
  };
}

function inherited(
  base: PrivacyProfile | null,
  replace: Readonly<Record<string, Action>>,
): Record<string, Record<string, Action>> {
  const tables: Record<string, Record<string, Action>> = {};
  for (const [table, columns] of Object.entries(base?.tables ?? {})) {
    tables[table] = Object.fromEntries(
      Object.entries(columns).map(([column, one]) => [
        column,
        replace[one] ?? replace[one.split(":", 1)[0] ?? ""] ?? one,
      ]),
    );
  }
  return tables;
}

function refuseStrangers(tables: Record<string, Record<string, Action>>, file: string): void {
  for (const [table, columns] of Object.entries(tables)) {
    const known = TABLES[table as TableName]?.columns ?? {};
    const strangers = Object.keys(columns).filter((column) => !(column in known));
    if (strangers.length > 0) {
      throw new ProError("CONFIG_PRIVACY", `no column ${strangers.join(", ")} in table ${table}`, {
        where: { file, pointer: `tables.${table}` },
        hint: "the columns are those of mappings/cdm",
      });
    }
  }
}

/** The purposes for which the profile makes tokens. */
export function tokenPurposes(profile: PrivacyProfile): string[] {
  const actions = Object.values(profile.tables).flatMap((columns) => Object.values(columns));
  const purposes = actions.map(purposeOf).filter((purpose) => purpose !== null);
  return [...new Set(purposes)].sort();
}

/**
 * How HARVEST tells what was done to each date: 01 nothing, 03 obfuscation, NI where the date does not leave.
 * Source: PCORnet CDM v7.0, DATE_MGMT.
 */
export function dateManagement(profile: PrivacyProfile): Record<string, string> {
  const fields = Object.keys(tableShape("harvest").columns).filter((name) =>
    name.endsWith("_mgmt"),
  );
  return Object.fromEntries(fields.map((field) => [field, managementOf(profile, field)]));
}

function managementOf(profile: PrivacyProfile, field: string): string {
  const date = field.slice(0, -"_mgmt".length);
  const table = TABLE_NAMES.find((name) => date in tableShape(name).columns);
  const one = table && profile.tables[table]?.[date];
  if (!one || one === "drop") return "NI";
  return isObfuscated(one) ? "03" : "01";
}

/** The statement that writes them into the staged HARVEST. */
export function declareDateManagementSql(profile: PrivacyProfile): string {
  const columns = Object.entries(dateManagement(profile)).map(
    ([field, code]) => `${text(code)} AS ${ident(field)}`,
  );
  return `CREATE OR REPLACE TABLE cdm_harvest AS SELECT *, ${columns.join(", ")} FROM cdm_harvest`;
}

/** Which columns the staged tables have. */
export type Staged = ReadonlyMap<TableName, ReadonlySet<string>>;

/** Whether a purpose's tokens are keys of rows to which no other table refers: each is made once, as its row is written. */
function isOwnKey(profile: PrivacyProfile, purpose: string): boolean {
  if (purpose === PLACED.purpose) return false;
  return Object.entries(profile.tables).every(([table, columns]) =>
    Object.entries(columns).every(
      ([column, one]) =>
        purposeOf(one) !== purpose ||
        tableShape(table as TableName)
          .key.filter((name) => name !== "datamartid")
          .join() === column,
    ),
  );
}

/**
 * Rows of PRO_CM are named by their administration and their place in it: `<token>.item.PHQ9_1`. The token is made once for each
 * administration, under a purpose of its own, and not once for each answer; a place stands in the row anyway.
 */
export const PLACED = { purpose: "pro_cm_id", of: "pro_seq" } as const;

/** The staged column with the place of a row whose key is such a token. */
const placeOf = (column: string) => `${column}_place`;

/** Tables whose rows belong to an administration and are replaced with it; the first has one row for each. */
export const ADMINISTRATION_TABLES: readonly TableName[] = [
  "pro_collection",
  "pro_cm",
  "pro_cm_detail",
];

/**
 * Whether a column of an administration's other tables need not be looked through: people, visits and administrations of its rows
 * stand in PRO_COLLECTION, which leaves in the same way.
 */
export function standsInCollection(
  profile: PrivacyProfile,
  table: TableName,
  column: string,
): boolean {
  const action = profile.tables[table]?.[column];
  return (
    table !== "pro_collection" &&
    ADMINISTRATION_TABLES.includes(table) &&
    action !== undefined &&
    action === profile.tables.pro_collection?.[column]
  );
}

/**
 * The statements that make each token once, however many rows carry it: a table `token_of_<purpose>` (raw, token) for every
 * purpose of the profile that a staged column has.
 */
export function tokenTablesSql(profile: PrivacyProfile, staged: Staged): string[] {
  return tokenPurposes(profile).flatMap((purpose) => {
    if (purpose === PLACED.purpose) {
      const raw = `SELECT ${PLACED.of} AS raw FROM cdm_pro_collection`;
      return staged.has("pro_collection") ? tokenTableSql(purpose, raw) : [];
    }
    if (isOwnKey(profile, purpose)) return [];
    const uses = [...staged].flatMap(([table, columns]) =>
      Object.entries(profile.tables[table] ?? {})
        .filter(([column, one]) => purposeOf(one) === purpose && columns.has(column))
        .filter(([column]) => !standsInCollection(profile, table, column))
        .map(([column]) => `SELECT ${ident(column)} AS raw FROM cdm_${table}`),
    );
    if (uses.length === 0) return [];
    return tokenTableSql(purpose, uses.join(" UNION ALL "));
  });
}

function tokenTableSql(purpose: string, uses: string): string {
  return `CREATE OR REPLACE TEMP TABLE token_of_${purpose} AS
SELECT p.raw, ${tokenSql(purpose, "p.raw")} AS token
FROM (SELECT DISTINCT raw FROM (${uses}) WHERE raw IS NOT NULL) p`;
}

/** The statements that make `token_here_<purpose>`: the tokens of `administration_here` among those of `token_of_<purpose>`. */
export function tokensHereSql(profile: PrivacyProfile, tables: readonly TableName[]): string[] {
  const uses = new Map<string, Set<string>>();
  for (const table of tables) {
    for (const [column, one] of Object.entries(profile.tables[table] ?? {})) {
      const purpose = purposeOf(one);
      if (purpose === null || isOwnKey(profile, purpose)) continue;
      const raw = purpose === PLACED.purpose ? PLACED.of : column;
      uses.set(purpose, (uses.get(purpose) ?? new Set()).add(raw));
    }
  }
  return [...uses].map(([purpose, columns]) => {
    const raw = [...columns].map((column) => `SELECT ${ident(column)} FROM administration_here`);
    return `CREATE OR REPLACE TEMP TABLE token_here_${purpose} AS
FROM token_of_${purpose} WHERE raw IN (${raw.join(" UNION ALL ")})`;
  });
}

/**
 * The query that de-identifies one staged table: only columns with an action, each through it. Rows come from `cdm_<table>`,
 * tokens from `token_of_<purpose>` (of a part of the rows: `token_here_<purpose>`), the person's days from `date_shift`.
 *
 * `staged` are the columns that the staged table has.
 */
export function deidentifySql(
  profile: PrivacyProfile,
  table: TableName,
  staged: ReadonlySet<string>,
  { isPart = false }: { isPart?: boolean } = {},
): string {
  const actions = Object.entries(profile.tables[table] ?? {}).filter(
    ([column, one]) => one !== "drop" && staged.has(column),
  );
  const outcomeOf = (column: string, one: Action) => {
    if (one === "row-key") return rowKeySql(profile, tokenSql);
    return one === "partial-date"
      ? partialDateSql(profile, ["s.days"])
      : actionSql(one, table, column);
  };
  const columns = actions.map(([column, one]) => {
    const purpose = purposeOf(one);
    const isMadeHere = purpose !== null && isOwnKey(profile, purpose);
    const value = isMadeHere ? tokenSql(purpose, `t.${ident(column)}`) : outcomeOf(column, one);
    const place = staged.has(placeOf(column)) ? ` || '.' || t.${ident(placeOf(column))}` : "";
    return `  ${value}${place} AS ${ident(column)}`;
  });
  const joins = actions.flatMap(([column, one]) => {
    const purpose = purposeOf(one);
    if (purpose === null || isOwnKey(profile, purpose)) return [];
    const alias = ident(`token ${column}`);
    return `\nLEFT JOIN token_${isPart ? "here" : "of"}_${purpose} ${alias} ON ${alias}.raw = t.${ident(column)}`;
  });
  // A site's own row (harvest) has no person and no date to shift.
  const isShifted = actions.some(([, one]) => isMoved(profile, one));
  const shift = isShifted ? "\nJOIN date_shift s ON s.patid = t.patid" : "";
  return `SELECT\n${columns.join(",\n")}\nFROM cdm_${table} t${shift}${joins.join("")}`;
}

/** Whether an action needs the person's days. */
export function isMoved(profile: PrivacyProfile, one: string): boolean {
  return one === "shift-date" || (one === "partial-date" && profile.shift_days !== null);
}
