import type { DuckDb } from "../../warehouse/duckdb.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";

/** What would change in one table of the store. */
export interface TableChange {
  table: string;
  added: number;
  changed: number;
  removed: number;
}

/** How the scores of one measure would move: administrations that have it before and after. */
export interface ScoreShift {
  instrument: string;
  score: string;
  before: number;
  after: number;
  /** Administrations whose value would be another. */
  moved: number;
  /** Mean of after minus before over all that have both; null: none has. */
  meanShift: number | null;
  /** The largest difference, whichever its sign; 0: none. */
  largestShift: number;
}

export interface StoreChange {
  tables: TableChange[];
  patients: number;
  scores: ScoreShift[];
}

/**
 * Compares two stores row by row: `before` (null: there is none yet) and `after`. HARVEST, which tells when the store was made, does
 * not count.
 */
export async function compareStores(
  db: DuckDb,
  { before, after }: { before: string | null; after: string },
): Promise<StoreChange> {
  await db.run(`ATTACH ${text(after)} AS plan_after (READ_ONLY)`);
  await db.run(
    `ATTACH ${before === null ? "':memory:'" : text(before)} AS plan_before${before === null ? "" : " (READ_ONLY)"}`,
  );
  try {
    const known = await columnsOf(db, "plan_before");
    const tables: TableChange[] = [];
    await db.run("CREATE OR REPLACE TEMP TABLE plan_person (patid VARCHAR)");
    for (const table of TABLE_NAMES) {
      if (table === "harvest") continue;
      const columns = known.get(table);
      const change = columns ? await compareTable(db, table, columns) : await allNew(db, table);
      if (change.added + change.changed + change.removed > 0) tables.push(change);
    }
    const { patients } = await db.one<{ patients: number }>(
      "SELECT count(DISTINCT patid)::DOUBLE AS patients FROM plan_person",
    );
    return { tables, patients, scores: await scoreShifts(db, known.has("pro_cm")) };
  } finally {
    await db.run("DETACH plan_before");
    await db.run("DETACH plan_after");
  }
}

async function columnsOf(db: DuckDb, store: string): Promise<Map<string, Set<string>>> {
  const rows = await db.all<{ table: string; column: string }>(
    "SELECT table_name AS table, column_name AS column FROM duckdb_columns() WHERE database_name = $1",
    [store],
  );
  const tables = new Map<string, Set<string>>();
  for (const { table, column } of rows)
    tables.set(table, (tables.get(table) ?? new Set()).add(column));
  return tables;
}

async function compareTable(
  db: DuckDb,
  table: (typeof TABLE_NAMES)[number],
  known: ReadonlySet<string>,
): Promise<TableChange> {
  const { key, columns } = tableShape(table);
  // A store of an older version lacks columns; what it cannot hold did not change.
  const shared = Object.keys(columns).filter((column) => known.has(column));
  const cells = (alias: string) =>
    `row(${shared.map((column) => `${alias}.${ident(column)}`).join(", ")})`;
  const on = key.map((column) => `b.${ident(column)} = a.${ident(column)}`).join(" AND ");
  const [first = ""] = key;
  await db.run(`CREATE OR REPLACE TEMP TABLE plan_row AS
    SELECT ${"patid" in columns ? "coalesce(a.patid, b.patid)" : "NULL::VARCHAR"} AS patid,
      CASE WHEN b.${ident(first)} IS NULL THEN 'added' WHEN a.${ident(first)} IS NULL THEN 'removed' ELSE 'changed' END AS change
    FROM plan_before.${ident(table)} b FULL JOIN plan_after.${ident(table)} a ON ${on}
    WHERE b.${ident(first)} IS NULL OR a.${ident(first)} IS NULL OR ${cells("a")} IS DISTINCT FROM ${cells("b")}`);
  await db.run("INSERT INTO plan_person SELECT patid FROM plan_row WHERE patid IS NOT NULL");
  return {
    table,
    ...(await db.one<Omit<TableChange, "table">>(
      `SELECT ${["added", "changed", "removed"]
        .map((change) => `count(*) FILTER (change = '${change}')::DOUBLE AS ${change}`)
        .join(", ")} FROM plan_row`,
    )),
  };
}

async function allNew(db: DuckDb, table: (typeof TABLE_NAMES)[number]): Promise<TableChange> {
  const target = `plan_after.${ident(table)}`;
  if ("patid" in tableShape(table).columns) {
    await db.run(`INSERT INTO plan_person SELECT patid FROM ${target} WHERE patid IS NOT NULL`);
  }
  const { added } = await db.one<{ added: number }>(
    `SELECT count(*)::DOUBLE AS added FROM ${target}`,
  );
  return { table, added, changed: 0, removed: 0 };
}

/** Scores as studies use them: the preferred one of each administration. */
async function scoreShifts(db: DuckDb, hasBefore: boolean): Promise<ScoreShift[]> {
  const scores = (
    store: string,
  ) => `SELECT d.pro_seq, d.instrument, d.name AS score, c.pro_response_num AS value
      FROM ${store}.pro_cm c JOIN ${store}.pro_cm_detail d USING (datamartid, pro_cm_id) WHERE d.kind = 'score' AND d.preferred`;
  const before = hasBefore ? scores("plan_before") : `${scores("plan_after")} LIMIT 0`;
  return db.all<ScoreShift>(`
    WITH before AS (${before}), after AS (${scores("plan_after")})
    SELECT instrument, score, count(b.value)::DOUBLE AS before, count(a.value)::DOUBLE AS after,
      count(*) FILTER (a.value <> b.value)::DOUBLE AS moved,
      avg(CAST(a.value - b.value AS DOUBLE)) AS "meanShift",
      CAST(coalesce(arg_max(a.value - b.value, abs(a.value - b.value)), 0) AS DOUBLE) AS "largestShift"
    FROM before b FULL JOIN after a USING (pro_seq, instrument, score)
    GROUP BY ALL HAVING count(b.value) <> count(a.value) OR count(*) FILTER (a.value IS DISTINCT FROM b.value) > 0
    ORDER BY instrument, score`);
}
