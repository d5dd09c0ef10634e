import type { DuckDb } from "../../warehouse/duckdb.ts";

/** Tables whose rows may stay in the export's own file until the mapping reads them (`leaveRows`). */
export type WaitingTable = "intake_administration" | "intake_given";

/**
 * The number of a record's administration, whose place is 0, or one more than its block. They lie beyond those that are no record's, and
 * below 2^52; those of one place follow each other, so that DuckDB joins and groups them by few bytes.
 */
const numberIn = (record: string, place: string) =>
  `2251799813685248 + (${place}) * 17179869184 + ${record}`;

const BLOCK = "TRY_CAST(split_part(administration_key, '.', 2) AS USMALLINT)";

/** `every_administration` or `every_given`: the rows that are kept in tables and those that wait, in how many parts of files. */
const everyView = (table: WaitingTable, parts: number) => {
  const [every, kept] =
    table === "intake_given"
      ? ["every_given", table]
      : ["every_administration", "stated_administration"];
  const waiting = Array.from(
    { length: parts },
    (_, i) => ` UNION ALL BY NAME FROM ${table}_${i + 1}`,
  );
  return `CREATE OR REPLACE TEMP VIEW ${every} AS FROM ${kept}${waiting.join("")}`;
};

/**
 * Administrations with their `number`, unique in the run: `stated_administration` those of the table, `every_administration` also those that wait.
 *
 * Answers under keys of their own, which are in the order of the source within a record: `stated_response` those of `intake_response`,
 * `given_response` those of `every_given` with their phrase and the number of their administration, which is always there;
 * `every_response` all of them with the columns of `intake_response`. Given ones come before stated ones.
 */
export const INTAKE_VIEWS = [
  `CREATE TEMP VIEW stated_administration AS
  SELECT *, CASE
      WHEN administration_key = CAST(record_key AS VARCHAR) THEN ${numberIn("record_key", "0")}
      WHEN administration_key = record_key || '.' || nullif(${BLOCK}, 65535) THEN ${numberIn("record_key", `${BLOCK} + 1`)}
      ELSE rowid
    END AS number
  FROM intake_administration`,
  everyView("intake_administration", 0),
  everyView("intake_given", 0),
  `CREATE TEMP VIEW stated_response AS
  SELECT rowid AS response_key, * FROM intake_response`,
  `CREATE TEMP VIEW given_response AS
  SELECT g.record_key * 1073741824 + p.place - 4611686018427387904 AS response_key, g.record_key,
    concat_ws('.', g.record_key, p.block) AS administration_key, ${numberIn("g.record_key", "coalesce(p.block + 1, 0)")} AS number,
    p.* EXCLUDE (place)
  FROM every_given g JOIN intake_phrase p USING (phrase)`,
  `CREATE TEMP VIEW every_response AS
  SELECT * FROM stated_response
  UNION ALL BY NAME
  SELECT * EXCLUDE (phrase, block, number) FROM given_response`,
];

/**
 * Leaves rows where they are: `rows` selects them, with those columns of the table that the source has; of administrations `block`
 * says which of their records' they are. What that reads must stay until the mapping is done.
 */
export async function leaveRows(
  db: DuckDb,
  { table, block, rows }: { table: WaitingTable; block: number; rows: string },
): Promise<void> {
  const { parts } = await db.one<{ parts: number }>(
    "SELECT count(*)::INTEGER + 1 AS parts FROM duckdb_views() WHERE starts_with(view_name, $1 || '_')",
    [table],
  );
  const number =
    table === "intake_administration"
      ? `, ${numberIn("record_key", `${block + 1}`)} AS number`
      : "";
  await db.run(`CREATE TEMP VIEW ${table}_${parts} AS SELECT *${number} FROM (
${rows}
)`);
  await db.run(everyView(table, parts));
}
