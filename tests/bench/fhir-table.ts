/**
 * What became of every file of the corpus, as a markdown table: `node tests/bench/fhir-table.ts`. Each folder of the second level is
 * an export of its own, read whole, mapped and settled; its ledgers must add up or the table stops.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fhir } from "../../pipelines/adapters/fhir/fhir.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { mapRecords, openIdentified, prepare, readExport } from "../../pipelines/intake.ts";
import { drawLedgers, settleRecords } from "../../pipelines/quality/ledger.ts";

const corpus = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
  "fhir",
);
const all = ((await readdir(corpus, { recursive: true })) as string[]).filter(fhir.accepts).sort();
const exports = new Map<string, string[]>();
for (const file of all) {
  const folder = file.split("/").slice(0, -1).slice(0, 2).join("/");
  exports.set(folder, [...(exports.get(folder) ?? []), file]);
}
const settings = siteSchema.parse({ site: "TABLE", name: "table", network: "T", format: "fhir" });

const STATES = `count(*) FILTER (state = 'loaded') AS loaded, count(*) FILTER (state = 'duplicate') AS duplicate,
  count(*) FILTER (state = 'superseded') AS superseded, count(*) FILTER (state = 'withdrawn') AS withdrawn,
  count(*) FILTER (state = 'out_of_scope') AS out_of_scope, count(*) FILTER (state = 'quarantined') AS quarantined`;
const TABLE = `
  WITH record AS (SELECT where_file AS file, count(*) AS read, ${STATES} FROM ledger_record GROUP BY where_file),
  answer AS (
    SELECT l.where_file AS file, count(*) AS answers, count(*) FILTER (r.state = 'loaded') AS answers_loaded
    FROM mapped_response r JOIN ledger_record l USING (record_key) GROUP BY ALL
  ), told AS (
    SELECT where_file AS file, state, reason, count(*) AS n FROM ledger_record WHERE state <> 'loaded' GROUP BY ALL
  ), why AS (SELECT file, string_agg(n || ' ' || reason, ', ' ORDER BY state, n DESC, reason) AS reasons FROM told GROUP BY file)
  SELECT r.file, r.* EXCLUDE (file), coalesce(a.answers, 0) AS answers, coalesce(a.answers_loaded, 0) AS answers_loaded, w.reasons
  FROM record r LEFT JOIN answer a USING (file) LEFT JOIN why w USING (file) ORDER BY file`;

const sums: number[] = [];
console.log(
  "| file | read | loaded | duplicate | superseded | withdrawn | out of scope | quarantined | answers | loaded | not loaded, because |",
);
console.log("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
for (const [folder, files] of exports) {
  for (const row of await outcomes(folder, files)) {
    const [file, ...cells] = row;
    const numbers = cells.slice(0, -1).map(Number);
    for (const [i, n] of numbers.entries()) sums[i] = (sums[i] ?? 0) + n;
    const [read = 0, ...states] = numbers.slice(0, 7);
    if (states.reduce((sum, n) => sum + n, 0) !== read) throw new Error(`${file} does not add up`);
    console.log(`| ${[file, ...numbers, cells.at(-1) ?? ""].join(" | ")} |`);
  }
}
console.log(`| ${all.length} files | ${sums.join(" | ")} | |`);

async function outcomes(folder: string, files: string[]): Promise<unknown[][]> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-table-"));
  const site = { ...settings, exportDirectory: corpus, identifiedDirectory: scratch } as Site;
  const db = await openIdentified(scratch);
  try {
    await prepare(db, site, "2028-01-01");
    const progress = createProgress({ err: process.stderr, tty: false, quiet: true });
    await readExport(db, site, { adapter: fhir, files, ignored: [] }, progress);
    await mapRecords(db, site);
    await settleRecords(db);
    await drawLedgers(db);
    const rows = (await db.connection.runAndReadAll(TABLE)).getRows();
    if (rows.length !== files.length) throw new Error(`${folder}: a file has no row`);
    return rows;
  } finally {
    db.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
