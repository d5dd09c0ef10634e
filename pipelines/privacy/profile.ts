import { join } from "node:path";
import { z } from "zod";
import { isPackable, KEY, PACKED_TABLES, SHARED } from "../../warehouse/packed.ts";
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
  refuseApart(tables, file);
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

/** A store keeps once what the rows of an administration share. */
function refuseApart(tables: Record<string, Record<string, Action>>, file: string): void {
  const kept = PACKED_TABLES.filter((table) => table in tables);
  for (const column of SHARED) {
    const holding = kept.filter((table) => column in tableShape(table).columns);
    if (new Set(holding.map((table) => tables[table]?.[column])).size < 2) continue;
    throw new ProError(
      "CONFIG_PRIVACY",
      `${column} cannot leave ${holding.join(", ")} in different ways`,
      {
        where: { file, pointer: `tables.${holding.at(-1)}.${column}` },
        hint: "give the column the same action in these tables",
      },
    );
  }
}

/** The actions of what the rows of an administration share. A row's key begins with the token of PRO_SEQ, which is kept once. */
export function sharedActions(profile: PrivacyProfile): Record<string, Action> {
  const all = PACKED_TABLES.flatMap((table) => Object.entries(profile.tables[table] ?? {}));
  const { [KEY]: key, ...actions } = Object.fromEntries(
    all.filter(([column]) => SHARED.includes(column)),
  );
  return key === undefined || key === actions.pro_seq ? actions : { ...actions, [KEY]: key };
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

/** Tonight's administrations are told by this token, whether it leaves or not. */
const TOLD_BY: Action = "token:pro_seq";

/** Whether a purpose's tokens are keys of rows to which no other table refers: each is made once, as its row is written. */
function isOwnKey(profile: PrivacyProfile, purpose: string): boolean {
  if (purpose === purposeOf(TOLD_BY)) return false;
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
 * The statements that make each token once, however many rows carry it: a table `token_of_<purpose>` (raw, token) for every
 * purpose of the profile that a staged column has.
 */
export function tokenTablesSql(profile: PrivacyProfile, staged: Staged): string[] {
  const columns = [...staged]
    .filter(([table]) => !isPackable(table))
    .flatMap(([table, held]) =>
      Object.entries(profile.tables[table] ?? {})
        .filter(([column]) => held.has(column))
        .map(([column, one]) => ({ from: `cdm_${table}`, column, one })),
    );
  const shared: Record<string, Action> = { ...sharedActions(profile), pro_seq: TOLD_BY };
  for (const [column, one] of Object.entries(shared))
    columns.push({ from: "staged_administration", column, one });
  return [...new Set([...tokenPurposes(profile), "pro_seq"])].flatMap((purpose) => {
    const uses = columns.filter(({ one }) => purposeOf(one) === purpose);
    if (isOwnKey(profile, purpose) || uses.length === 0) return [];
    const raws = uses.map(({ from, column }) => `SELECT ${ident(column)} AS raw FROM ${from}`);
    return `CREATE OR REPLACE TEMP TABLE token_of_${purpose} AS
SELECT p.raw, ${tokenSql(purpose, "p.raw")} AS token
FROM (SELECT DISTINCT raw FROM (${raws.join(" UNION ALL ")}) WHERE raw IS NOT NULL) p`;
  });
}

/**
 * The query that de-identifies one staged table: only columns with an action, each through it. Rows come from `cdm_<table>`,
 * tokens from `token_of_<purpose>`, the person's days from `date_shift`.
 *
 * `staged` are the columns that the staged table has. Where another table has a part of them, it is `from`, and `numbers` are columns of it
 * that say nothing of anybody.
 */
export function deidentifySql(
  profile: PrivacyProfile,
  table: TableName,
  staged: ReadonlySet<string>,
  { from = `cdm_${table}`, numbers = [] }: { from?: string; numbers?: readonly string[] } = {},
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
    return `  ${value} AS ${ident(column)}`;
  });
  const joins = actions.flatMap(([column, one]) => {
    const purpose = purposeOf(one);
    if (purpose === null || isOwnKey(profile, purpose)) return [];
    const alias = ident(`token ${column}`);
    return `\nLEFT JOIN token_of_${purpose} ${alias} ON ${alias}.raw = t.${ident(column)}`;
  });
  // A site's own row (harvest) has no person and no date to shift.
  const isShifted = actions.some(([, one]) => isMoved(profile, one));
  const shift = isShifted ? "\nJOIN date_shift s ON s.patid = t.patid" : "";
  const selected = [...numbers.map((column) => `  t.${ident(column)}`), ...columns].join(",\n");
  return `SELECT\n${selected}\nFROM ${from} t${shift}${joins.join("")}`;
}

/** Whether an action needs the person's days. */
export function isMoved(profile: PrivacyProfile, one: string): boolean {
  return one === "shift-date" || (one === "partial-date" && profile.shift_days !== null);
}
