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
  return linesOf(await settleNight(documents, settings), "");
}

async function settleNight(
  documents: Record<string, string | Uint8Array>,
  settings: object,
): Promise<Told> {
  const directory = await mkdtemp(join(tmpdir(), "propool-settle-"));
  const db = await DuckDb.open(":memory:", { small: true });
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

interface Waiting {
  document: string;
  settings: object;
  resolve: (settled: Settled) => void;
  reject: (error: unknown) => void;
}

let waiting: Waiting[] = [];

/**
 * Settles one document, `a.xml`, of a person of its own. Cases that ask at the same moment (`describe.concurrent`) share one
 * night: a night costs half a second, a document nothing.
 */
export function settleDocument(document: string, settings: object = {}): Promise<Settled> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setImmediate(settleWaiting);
    waiting.push({ document, settings, resolve, reject });
  });
}

async function settleWaiting(): Promise<void> {
  const all = waiting;
  waiting = [];
  const nights = new Set(all.map(({ settings }) => JSON.stringify(settings)));
  for (const night of nights) {
    const cases = all.filter(({ settings }) => JSON.stringify(settings) === night);
    const own = cases.map(({ document }, i) => [
      `${i}/a.xml`,
      document.replaceAll('extension="P1"', `extension="P1-${i}"`),
    ]);
    try {
      const told = await settleNight(Object.fromEntries(own), JSON.parse(night));
      cases.forEach((one, i) => {
        one.resolve(linesOf(told, `${i}/`));
      });
    } catch (error) {
      for (const one of cases) one.reject(error);
    }
  }
}

type Told = Record<keyof Settled, { where_file: string; told: unknown }[]>;

/** What is told of the files of one folder, the folder's name left out. */
function linesOf(night: Told, folder: string): Settled {
  const of = (rows: Told[keyof Told]) =>
    rows.flatMap(({ where_file, told }) => {
      if (!where_file.startsWith(folder)) return [];
      return [
        typeof told === "string" ? told.replace(where_file, where_file.slice(folder.length)) : told,
      ];
    });
  return {
    records: of(night.records) as string[],
    answers: of(night.answers) as string[],
    states: of(night.states) as string[],
    scores: of(night.scores) as string[],
    facts: of(night.facts) as Record<string, unknown>[],
  };
}

async function tell(db: DuckDb): Promise<Told> {
  const rows = (sql: string) => db.all<Told[keyof Told][number]>(sql);
  const facts = await db.all<Record<string, unknown> & { where_file: string }>(
    `SELECT l.where_file, a.* FROM mapped_administration a JOIN ledger_record l USING (record_key)
     WHERE a.state = 'loaded' ORDER BY a.record_key`,
  );
  return {
    records: await rows(
      `SELECT where_file, concat_ws(' ', where_file, nullif(where_record, 'ClinicalDocument'), state, reason) AS told
       FROM ledger_record ORDER BY record_key`,
    ),
    answers: await rows(
      `SELECT l.where_file, concat_ws(' ', l.where_file, a.answered[:10], r.instrument, coalesce(r.name, '?') || '=' || coalesce(CAST(r.value::DOUBLE::INTEGER AS VARCHAR), r.answer_label, '-'), r.origin, r.state, r.reason) AS told
       FROM mapped_response r JOIN ledger_record l USING (record_key) JOIN mapped_administration a USING (administration_key) ORDER BY r.response_key`,
    ),
    states: await rows(
      `SELECT l.where_file, coalesce(r.answer_state, '-') AS told
       FROM mapped_response r JOIN ledger_record l USING (record_key) ORDER BY r.response_key`,
    ),
    scores: await rows(
      `SELECT l.where_file, concat_ws(' ', s.instrument, s.score || '=' || s.value::DOUBLE::INTEGER, s.status) AS told
       FROM mapped_score s JOIN ledger_record l USING (record_key) ORDER BY record_key, administration_key, score`,
    ),
    facts: facts.map(({ where_file, ...told }) => ({ where_file, told })),
  };
}
