import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ccda } from "../../../pipelines/adapters/ccda/ccda.ts";
import { type Site, siteSchema } from "../../../pipelines/configuration/site.ts";
import { createProgress } from "../../../pipelines/core/progress.ts";
import { mapRecords, prepare, readExport } from "../../../pipelines/intake.ts";
import { drawLedgers, settleRecords } from "../../../pipelines/quality/ledger.ts";
import { DuckDb } from "../../../warehouse/duckdb.ts";

/** What became of a folder of documents: a line of text each; the ledgers are proven on the way. */
export interface Settled {
  /** `file state reason` */
  records: string[];
  /** `file day instrument name=value origin state reason`, in the order of the source. */
  answers: string[];
  /** The answer state of each answer. */
  states: string[];
  /** `instrument score=value status` of what loads. */
  scores: string[];
  /** Columns of the administrations that load. */
  facts: Record<string, unknown>[];
}

/** Reads, maps and settles documents as a night does; `settings` as in site.yaml. */
export async function settleDocuments(
  documents: Record<string, string | Uint8Array>,
  settings: object = {},
): Promise<Settled> {
  const directory = await mkdtemp(join(tmpdir(), "propool-settle-"));
  const db = await DuckDb.open(":memory:");
  try {
    for (const [file, content] of Object.entries(documents)) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), content);
    }
    const identity = { site: "SITEA", name: "Site A", network: "NET", format: "ccda" };
    const site = siteSchema.parse({ ...identity, ...settings });
    const folders = { exportDirectory: directory, identifiedDirectory: directory };
    const night = { ...site, ...folders } as Site;
    await prepare(db, night, "2030-01-01");
    const files = Object.keys(documents).sort();
    const progress = createProgress({ err: process.stderr, tty: false, quiet: true });
    await readExport(db, night, { adapter: ccda, files, ignored: [] }, progress);
    await mapRecords(db, night);
    await settleRecords(db);
    await drawLedgers(db);
    return await tell(db);
  } finally {
    db.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function tell(db: DuckDb): Promise<Settled> {
  const lines = async (sql: string) =>
    (await db.all<{ line: string }>(sql)).map(({ line }) => line);
  return {
    records: await lines(
      `SELECT concat_ws(' ', where_file, nullif(where_record, 'ClinicalDocument'), state, reason) AS line
       FROM ledger_record ORDER BY record_key`,
    ),
    answers: await lines(
      `SELECT concat_ws(' ', l.where_file, a.answered[:10], r.instrument, coalesce(r.name, '?') || '=' || coalesce(CAST(r.value::DOUBLE::INTEGER AS VARCHAR), r.answer_label, '-'), r.origin, r.state, r.reason) AS line
       FROM mapped_response r JOIN ledger_record l USING (record_key) JOIN mapped_administration a USING (administration_key) ORDER BY r.response_key`,
    ),
    states: await lines(
      "SELECT coalesce(answer_state, '-') AS line FROM mapped_response ORDER BY response_key",
    ),
    scores: await lines(
      `SELECT concat_ws(' ', s.instrument, s.score || '=' || s.value::DOUBLE::INTEGER, s.status) AS line
       FROM mapped_score s ORDER BY record_key, administration_key, score`,
    ),
    facts: await db.all(
      "SELECT * FROM mapped_administration WHERE state = 'loaded' ORDER BY record_key",
    ),
  };
}
