/**
 * Scores and reconciles PHQ-9 administrations, one in a hundred with a wrong total, beside the bare sum of the same answers.
 * `node tests/bench/scoring.ts [administrations]`; default a million.
 */
import { loadCatalogue } from "../../pipelines/catalogue/load.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { SCORE } from "../../pipelines/scoring/score.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";

const administrations = Number(process.argv[2] ?? 1_000_000);
const db = await DuckDb.open(":memory:");
await db.run("SET threads = 2");
await loadCatalogue(db, await readCatalogue());
// What mapping leaves behind: nine answers and a total each. Every hundredth total is one too high.
await db.run(`CREATE TABLE mapped_administration AS
  SELECT i AS record_key, CAST(i AS VARCHAR) AS administration_key, 'phq-9' AS instrument, 'loaded' AS state, 'N' AS pro_cat,
    NULL::VARCHAR AS instrument_code, NULL::VARCHAR AS stated_version, 'complete' AS completion, 'QuestionnaireResponse' AS where_pointer,
    9 AS items_answered, 9 AS items_given
  FROM range(${administrations}) t(i)`);
await db.run(`CREATE TABLE mapped_response AS
  SELECT row_number() OVER () - 1 AS response_key, i AS record_key, CAST(i AS VARCHAR) AS administration_key, 'phq-9' AS instrument,
    'item' AS kind, 'PHQ9_' || n AS name, CAST(hash(i, n) % 4 AS DECIMAL(18,6)) AS value, value AS scored, 'answered' AS answer_state, 'loaded' AS state,
    NULL::VARCHAR AS reason, 'reported' AS origin, NULL::VARCHAR AS answer_label, 1 AS said
  FROM range(${administrations}) t(i), range(1, 10) u(n)`);
await db.run(`INSERT INTO mapped_response
  SELECT ${9 * administrations} + record_key, record_key, administration_key, 'phq-9', 'score', 'total',
    sum(value) + CASE WHEN record_key % 100 = 7 THEN CASE WHEN sum(value) = 27 THEN -1 ELSE 1 END ELSE 0 END,
    NULL, NULL, 'loaded', NULL, 'reported', NULL, 2
  FROM mapped_response GROUP BY record_key, administration_key`);
await db.run("CREATE TABLE said AS SELECT unnest([1, 2]) AS said, NULL::VARCHAR AS item_code");

const cpuSeconds = (since?: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const bareStarted = performance.now();
const bareCpu = process.cpuUsage();
await db.run(
  "CREATE TABLE bare AS SELECT administration_key, sum(value) FROM mapped_response WHERE kind = 'item' GROUP BY ALL",
);
const bareSeconds = (performance.now() - bareStarted) / 1000;
const bareWork = cpuSeconds(bareCpu);

const started = performance.now();
const startedCpu = process.cpuUsage();
for (const statement of SCORE) {
  const from = performance.now();
  await db.run(statement);
  const seconds = (performance.now() - from) / 1000;
  if (seconds > 0.2)
    console.error(`${seconds.toFixed(2).padStart(7)} s  ${statement.trim().split("\n")[0]}`);
}
const seconds = (performance.now() - started) / 1000;
const work = cpuSeconds(startedCpu);

const found = await db.one<{ planted: number; found: number; false_alarms: number }>(`
  SELECT CAST(count(DISTINCT record_key) FILTER (record_key % 100 = 7) AS DOUBLE) AS planted,
    CAST(count(DISTINCT record_key) FILTER (record_key % 100 = 7 AND status = 'mismatch') AS DOUBLE) AS found,
    CAST(count(DISTINCT record_key) FILTER (record_key % 100 <> 7 AND status <> 'match') AS DOUBLE) AS false_alarms
  FROM mapped_score WHERE instrument = 'phq-9'`);
console.log(
  `${administrations} administrations, ${9 * administrations} answers: ${seconds.toFixed(2)} s on 2 threads, ` +
    `${work.toFixed(2)} s of processor (half of it is the time on two idle cores); bare sum ${bareSeconds.toFixed(2)} s, ` +
    `${bareWork.toFixed(2)} s of processor, ${(work / bareWork).toFixed(1)} times; ` +
    `wrong totals planted ${found.planted}, found ${found.found}, false alarms ${found.false_alarms}`,
);
db.close();
