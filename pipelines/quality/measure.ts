import type { DuckDb } from "../../warehouse/duckdb.ts";
import type { Check } from "./check.ts";
import type { Relation } from "./relation.ts";
import { RELATIONS, type RelationName } from "./relations.ts";

/** What one check counted at one site. */
export interface Measure {
  check: string;
  /** DATAMARTID. */
  site: string;
  /** Failing records. */
  n: number;
  /** Records that could be judged. */
  total: number;
  /** The first few failing keys in their order; tokens, places in the export, or names of items and months. */
  keys: string[];
}

/** Failing keys that a measure names. */
const KEYS_MAX = 5;

/** A check's SQL with its limits put in; they are numbers, never text of a person. */
export function checkSql(check: Check, expression: string): string {
  return expression.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = check.parameters[name];
    if (value === undefined || !Number.isFinite(value)) {
      throw new TypeError(`${check.id} has no parameter ${name}`);
    }
    return String(value);
  });
}

/** One query that counts all checks over one relation in a single scan. */
export function relationSql(name: RelationName, checks: readonly Check[]): string {
  const relation = RELATIONS[name];
  const columns = checks.map((check, i) => {
    const { judged, failing, key } = partsOf(check, relation);
    const of = check.of ? checkSql(check, check.of) : undefined;
    const n = check.n ? checkSql(check, check.n) : of;
    return `  ${sum(of, judged)} AS of_${i}, ${sum(n, failing)} AS n_${i},
  min(${key}, ${KEYS_MAX}) FILTER (${failing}) AS keys_${i}`;
  });
  return `SELECT datamartid AS site,\n${columns.join(",\n")}\nFROM (${relation.sql})\nGROUP BY datamartid`;
}

function sum(weight: string | undefined, condition: string): string {
  const counted = weight === undefined ? "count(*)" : `coalesce(sum(${weight})`;
  const end = weight === undefined ? "" : ", 0)";
  return `CAST(${counted} FILTER (${condition})${end} AS DOUBLE)`;
}

function partsOf(check: Check, relation: Relation) {
  const judged = `(${checkSql(check, check.when)})`;
  const failing = `${judged} AND coalesce((${checkSql(check, check.fails)}), false)`;
  return { judged, failing, key: `CAST(${checkSql(check, check.key ?? relation.key)} AS VARCHAR)` };
}

/** Every failing key of one check, for those who mend: `site, key`. */
export function failingKeysSql(check: Check): string {
  const relation: Relation = RELATIONS[check.over];
  const { failing, key } = partsOf(check, relation);
  return `SELECT datamartid AS site, ${key} AS key FROM (${relation.sql}) WHERE ${failing} ORDER BY ALL`;
}

export interface Measuring {
  levels: readonly Relation["level"][];
  /** Tables that hold rows; left out: all may. */
  holding?: ReadonlySet<string>;
}

/** Counts the checks of some levels; one query a relation. A site without a row in a relation has no measure of its checks. */
export async function measure(
  db: DuckDb,
  checks: readonly Check[],
  { levels, holding }: Measuring,
): Promise<Measure[]> {
  const measures: Measure[] = [];
  const names = [...new Set(checks.map(({ over }) => over))].filter((name) => {
    const { level, needs }: Relation = RELATIONS[name];
    return levels.includes(level) && (!needs || !holding || holding.has(needs));
  });
  for (const name of names) {
    const own = checks.filter(({ over }) => over === name);
    for (const row of await db.all<Record<string, unknown>>(relationSql(name, own))) {
      measures.push(...own.map((check, i) => measureOf(row, check, i)));
    }
  }
  return measures;
}

function measureOf(row: Record<string, unknown>, check: Check, i: number): Measure {
  const keys = row[`keys_${i}`] as { items: readonly unknown[] } | null;
  return {
    check: check.id,
    site: String(row.site),
    n: Number(row[`n_${i}`]),
    total: Number(row[`of_${i}`]),
    keys: (keys?.items ?? []).map(String),
  };
}
