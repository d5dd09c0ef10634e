import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { profileFiles } from "../../pipelines/profile.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";

/**
 * How fast `propool profile` reads, beside DuckDB's bare count of the same file in the same run: node tests/bench/profile.ts
 * [rows]. Rows are wide questionnaires of 15 columns (about 94 bytes), and FHIR responses of ten answers.
 */
const rows = Number(process.argv[2] ?? 1_000_000);
const folder = await mkdtemp(join(tmpdir(), "propool-bench-profile-"));
try {
  const csv = join(folder, "wide.csv");
  const fhir = join(folder, "QuestionnaireResponse.ndjson");
  const db = await DuckDb.open(":memory:");
  const items = Array.from(
    { length: 9 },
    (_, n) => `(hash(i, ${n}) % 4)::INTEGER AS phq9_${n + 1}`,
  );
  await db.run(`COPY (SELECT 100000 + i AS record_id, strftime(DATE '2020-01-01' + (i % 1500)::INTEGER, '%Y-%m-%d %H:%M') AS phq9_timestamp,
      ${items.join(", ")}, 12 AS phq9_total, ['tablet', 'paper', 'phone'][1 + i % 3] AS mode, 'Name' || (i % 9999) AS last_name, md5(i::VARCHAR) AS comment
    FROM range(${rows}) t(i)) TO ${text(csv)} (HEADER)`);
  const answer = `{'linkId': '/44250-' || n, 'answer': [{'valueCoding': {'system': 'http://loinc.org', 'code': 'LA6568-5', 'display': 'Not at all'}}]}`;
  await db.run(`COPY (SELECT to_json({'resourceType': 'QuestionnaireResponse', 'id': 'r' || i, 'status': 'completed',
      'subject': {'reference': 'Patient/' || (i % 1000)}, 'authored': '2024-01-05T10:00:00Z', 'item': [${answer} FOR n IN range(10)]}) AS line
    FROM range(${Math.round(rows / 10)}) t(i)) TO ${text(fhir)} (FORMAT csv, HEADER false, QUOTE '', DELIMITER E'\\t')`);
  for (const file of [csv, fhir]) {
    const started = performance.now();
    await db.all(
      `SELECT count(*) FROM read_csv(${text(file)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\x1f\x1e\x1f\x1e', quote = '', escape = '', strict_mode = false)`,
    );
    const bare = (performance.now() - started) / 1000;
    const before = process.cpuUsage();
    for await (const { bytes, seconds } of profileFiles([file])) {
      const { user, system } = process.cpuUsage(before);
      const cpu = (user + system) / 1e6;
      const speed = (bytes / 1e6 / seconds).toFixed(0);
      const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
      console.info(
        `${file.split("/").at(-1)}: ${(bytes / 1e6).toFixed(0)} MB, bare count ${bare.toFixed(2)} s, profile ${seconds.toFixed(2)} s = ${speed} MB/s (${cpu.toFixed(1)} s of processor: ${(bytes / 1e6 / (cpu / 2)).toFixed(0)} MB/s on two free cores), ${(seconds / bare).toFixed(1)} times the bare count; peak ${peak} MB`,
      );
    }
  }
  db.close();
} finally {
  await rm(folder, { recursive: true });
}
