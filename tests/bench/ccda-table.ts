/**
 * What became of every document of the corpus, as a markdown table: `node tests/bench/ccda-table.ts`. "answers" are those of
 * patient-reported instruments that load, and those that would if the document were about somebody.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ccda } from "../../pipelines/adapters/ccda/ccda.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { mapRecords, openIdentified, prepare, readExport } from "../../pipelines/intake.ts";
import { settleRecords } from "../../pipelines/quality/ledger.ts";

const corpus = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const exportDirectory = join(corpus, process.argv[2] ?? "ccda");
const files = ((await readdir(exportDirectory, { recursive: true })) as string[])
  .filter(ccda.accepts)
  .sort();
const scratch = await mkdtemp(join(tmpdir(), "propool-table-"));
const settings = siteSchema.parse({ site: "TABLE", name: "table", network: "T", format: "ccda" });
const site = { ...settings, exportDirectory, identifiedDirectory: scratch } as Site;
const db = await openIdentified(scratch);
try {
  await prepare(db, site, "2028-01-01");
  const progress = createProgress({ err: process.stderr, tty: false, quiet: true });
  await readExport(db, site, { adapter: ccda, files, ignored: [] }, progress);
  await mapRecords(db, site);
  await settleRecords(db);
  const rows = await db.all<Record<string, string | number | null>>(`
    SELECT where_file AS file, l.kind, l.state, l.reason,
      CAST(count(*) FILTER (r.state = 'loaded') AS DOUBLE) AS loaded,
      CAST(count(*) FILTER (r.state = 'quarantined') AS DOUBLE) AS quarantined,
      CAST(count(*) FILTER (r.state = 'duplicate') AS DOUBLE) AS copies,
      CAST(count(*) FILTER (r.state = 'out_of_scope') AS DOUBLE) AS other,
      string_agg(DISTINCT r.instrument, ', ' ORDER BY r.instrument) AS instruments
    FROM ledger_record l LEFT JOIN mapped_response r USING (record_key)
    GROUP BY ALL ORDER BY file`);
  console.log(
    "| file | kind | outcome | reason | loaded | quarantined | copies | out of scope | instruments |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const row of rows)
    console.log(
      `| ${Object.values(row)
        .map((cell) => cell ?? "")
        .join(" | ")} |`,
    );
} finally {
  db.close();
  await rm(scratch, { recursive: true, force: true });
}
