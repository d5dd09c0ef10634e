import type { DuckDb } from "../../warehouse/duckdb.ts";
import type { Check } from "./check.ts";
import type { Relation } from "./relation.ts";
import { RELATIONS } from "./relations.ts";

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

/** One query that counts all checks over one relation in a single scan, and names the first keys where it sees rows one by one. */
function countSql(relation: Relation, checks: readonly Check[]): string {
  const columns = checks.map((check, i) => {
    const { judged, failing } = partsOf(check, relation);
    const of = check.of ? checkSql(check, check.of) : relation.counted && "alike";
    const n = check.n ? checkSql(check, check.n) : of;
    const counts = `  ${sum(of, judged)} AS of_${i}, ${sum(n, failing)} AS n_${i}`;
    return relation.counted ? counts : `${counts},\n  ${keysSql(check, relation)} AS keys_${i}`;
  });
  return bySite(columns, relation.counted ?? relation.sql);
}

function keysSql(check: Check, relation: Relation): string {
  const { failing, key } = partsOf(check, relation);
  return `min(${key}, ${KEYS_MAX}) FILTER (${failing})`;
}

const bySite = (columns: readonly string[], rows: string) =>
  `SELECT datamartid AS site,\n${columns.join(",\n")}\nFROM (${rows})\nGROUP BY datamartid`;

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
  const names = [...new Set(checks.map(({ over }) => over))].filter((name) => {
    const { level, needs }: Relation = RELATIONS[name];
    return levels.includes(level) && (!needs || !holding || holding.has(needs));
  });
  const measures: Measure[] = [];
  for (const name of names) {
    const own = checks.filter(({ over }) => over === name);
    measures.push(...(await measureOver(db, RELATIONS[name], own)));
  }
  return measures;
}

async function measureOver(
  db: DuckDb,
  relation: Relation,
  checks: readonly Check[],
): Promise<Measure[]> {
  const counted = await db.all<Counted>(countSql(relation, checks));
  const measures = counted.flatMap((row) => checks.map((check, i) => measureOf(row, check, i)));
  if (relation.counted) await nameKeys(db, relation, { checks, measures });
  return measures;
}

/** Looks up the keys of the checks that fail somewhere, where rows that are alike were counted together. */
async function nameKeys(
  db: DuckDb,
  relation: Relation,
  { checks, measures }: { checks: readonly Check[]; measures: readonly Measure[] },
): Promise<void> {
  const found = measures.filter(({ n }) => n > 0);
  const failing = checks.filter(({ id }) => found.some(({ check }) => check === id));
  if (failing.length === 0) return;
  const columns = failing.map((check, i) => `  ${keysSql(check, relation)} AS keys_${i}`);
  for (const row of await db.all<Counted>(bySite(columns, relation.sql))) {
    for (const [i, { id }] of failing.entries()) {
      const one = found.find(({ check, site }) => check === id && site === row.site);
      if (one) one.keys = keysOf(row, i);
    }
  }
}

type Counted = Record<string, unknown>;

function measureOf(row: Counted, check: Check, i: number): Measure {
  return {
    check: check.id,
    site: String(row.site),
    n: Number(row[`n_${i}`]),
    total: Number(row[`of_${i}`]),
    keys: keysOf(row, i),
  };
}

function keysOf(row: Counted, i: number): string[] {
  const keys = row[`keys_${i}`] as { items: readonly unknown[] } | null | undefined;
  return (keys?.items ?? []).map(String);
}
