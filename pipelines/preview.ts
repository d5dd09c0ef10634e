import { mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { isFhirXml, isXml } from "./adapters/fhir/xml.ts";
import { ADAPTERS } from "./adapters/index.ts";
import { readSite, type Site, siteSchema } from "./configuration/site.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { ProError } from "./core/errors.ts";
import { expandPaths } from "./core/expand-paths.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import type { Progress } from "./core/progress.ts";
import { mapRecords, openIdentified, prepare, readExport } from "./intake.ts";
import { type LeftOutCodes, readLeftOutCodes } from "./left-out-codes.ts";
import { newKey, readSiteKeys } from "./privacy/keys.ts";
import { readPrivacyProfile } from "./privacy/profile.ts";
import { dateShiftSql, loadTokenKeys, tokenSql } from "./privacy/tokens.ts";
import { settleRecords } from "./quality/ledger.ts";
import { readReasons } from "./quality/reasons.ts";

/** The columns of a preview: one row an item answer, a score, or a record that could not be read. */
export const PREVIEW_COLUMNS = [
  "file",
  "record",
  "pointer",
  "patient",
  "pro_date",
  "pro_time",
  "pro_code",
  "pro_name",
  "pro_response_num",
  "pro_response_text",
  "pro_method",
  "pro_mode",
  "pro_cat",
  "pro_source",
  "pro_seq",
  "kind",
  "origin",
  "status",
  "state",
  "reason",
] as const;
/** What the source says, beside it: in tables and JSON, for people; a text that no answer list has is shown as its shape. */
export const SOURCE_COLUMNS = ["source_item", "source_answer"] as const;
const ALL_COLUMNS = [...PREVIEW_COLUMNS, ...SOURCE_COLUMNS] as const;
export type PreviewRow = Record<(typeof ALL_COLUMNS)[number], string | null>;

export interface PreviewOptions {
  files: readonly string[];
  /** A site's folder: its mapping, words, codes and key are used. Without one, tokens are of a throw-away key. */
  siteDirectory?: string | undefined;
  /** Mapping file for csv, where no site names one. */
  mappingFile?: string | undefined;
  /** Shift dates as the privacy profile does; otherwise they are the source's own. */
  shifted?: boolean;
  today: string;
  progress: Progress;
  /** Told, after the last row, of codes that nobody knows. */
  leftOut?: (codes: LeftOutCodes) => void;
}

/**
 * Source to CDM, row by row, without touching any store. It runs inside the site: tokens stand for persons, files and pointers
 * for places.
 *
 * @throws ProError `SOURCE_*`, `MAPPING_*`, `CONFIG_*`.
 */
export async function* preview(given: PreviewOptions): AsyncGenerator<PreviewRow[]> {
  const options = { ...given, files: await filesToRead(given.files, given.siteDirectory) };
  const scratch = await mkdtemp(join(tmpdir(), "propool-preview-"));
  await using _scratch = ephemeral(scratch);
  const site = await previewSite(options, scratch);
  const db = await openIdentified(scratch, [...options.files, mappingsDirectory], {
    small: await isSmall(options.files),
  });
  try {
    await prepare(db, site, options.today);
    const generations = options.siteDirectory
      ? (await readSiteKeys(site.keysDirectory, { site: site.site, env: process.env })).tokenKeys
      : [newKey()];
    await loadTokenKeys(db, { generations, linkage: null }, ["patid", "pro_seq"]);
    const adapter = ADAPTERS[site.format];
    const files = options.files.map((file) => relative(site.exportDirectory, resolve(file)));
    await readExport(db, site, { adapter, files, ignored: [], isPartial: true }, options.progress);
    // A preview may look at the answers alone: whether their patients are known is for the night to judge.
    await db.run(
      "INSERT INTO known_patient SELECT DISTINCT patient_key FROM every_administration WHERE patient_key IS NOT NULL",
    );
    await mapRecords(db, site, { isStaged: false });
    await settleRecords(db);
    await createShift(db, site, options.shifted === true);
    for await (const chunk of rowsOf(db)) yield chunk.map(toRow);
    options.leftOut?.(await readLeftOutCodes(db));
  } finally {
    db.close();
  }
}

/** A site to look with: the one that is named, or one of the files' format that knows nothing of its own. */
export async function previewSite(
  {
    files,
    siteDirectory,
    mappingFile,
  }: Pick<PreviewOptions, "files" | "siteDirectory" | "mappingFile">,
  scratch: string,
): Promise<Site> {
  for (const file of files) {
    await stat(file).catch((cause) => {
      throw new ProError("SOURCE_MISSING", "the file cannot be read", {
        where: { file },
        hint: "check the name and the permissions",
        cause,
      });
    });
  }
  const exportDirectory = commonDirectory(files);
  if (siteDirectory) {
    const site = await readSite(siteDirectory);
    const strange = files.find((file) => !ADAPTERS[site.format].accepts(file));
    if (strange !== undefined) {
      throw new ProError("SOURCE_WRONG_FORMAT", `the site's export is ${site.format}`, {
        where: { file: strange },
        hint: "name the export folder, of which the files of that format are read, or leave out --site",
      });
    }
    return { ...site, exportDirectory, identifiedDirectory: scratch };
  }
  const format = await guessFormat(files);
  if (format === "csv" && !mappingFile) {
    throw new ProError("CONFIG_MAPPING", "a csv file says nothing without a mapping", {
      where: { file: files[0] },
      hint: "name the site's folder with --site, or a mapping file with --mapping; propool suggest drafts one",
    });
  }
  const settings = siteSchema.parse({
    site: "PREVIEW",
    name: "preview",
    network: "PREVIEW",
    format,
  });
  return {
    ...settings,
    directory: scratch,
    exportDirectory,
    mappingFile: mappingFile ? resolve(mappingFile) : null,
    consentFile: null,
    identifiedDirectory: scratch,
    storeFile: join(scratch, "store.duckdb"),
    outboxDirectory: scratch,
    brokerFile: join(scratch, "broker.age"),
    reportsDirectory: scratch,
    keysDirectory: scratch,
  };
}

/** The files that were named, and of named folders those that the site's adapter reads, or without a site, some adapter. */
export async function filesToRead(
  given: readonly string[],
  siteDirectory?: string,
): Promise<string[]> {
  const adapters = siteDirectory
    ? [ADAPTERS[(await readSite(siteDirectory)).format]]
    : Object.values(ADAPTERS);
  const isRead = (file: string) => adapters.some((one) => one.accepts(file));
  const files = await expandPaths(given);
  const read = files.filter((file) => given.includes(file) || isRead(file));
  return read.length > 0 ? read : [...given];
}

async function guessFormat(files: readonly string[]): Promise<keyof typeof ADAPTERS> {
  let formats = Object.values(ADAPTERS).filter((adapter) =>
    files.every((file) => adapter.accepts(file)),
  );
  // The name of an XML file does not tell FHIR from C-CDA.
  if (formats.length > 1 && files.every(isXml)) {
    const areFhir = await Promise.all(files.map(isFhirXml));
    if (!areFhir.includes(false)) formats = [ADAPTERS.fhir];
    else if (!areFhir.includes(true)) formats = [ADAPTERS.ccda];
  }
  const [only] = formats;
  if (only && formats.length === 1) return only.format as keyof typeof ADAPTERS;
  throw new ProError("SOURCE_WRONG_FORMAT", "the files are of no known format, or of several", {
    where: { file: files[0] },
    hint: "preview files of one format at a time: .ndjson, .json and FHIR .xml, C-CDA .xml, or .csv",
  });
}

function commonDirectory(files: readonly string[]): string {
  let common = dirname(resolve(files[0] ?? "."));
  for (const file of files) {
    while (relative(common, resolve(file)).startsWith("..")) common = dirname(common);
  }
  return common;
}

/** So many records are shown at a time: putting all rows in order at once took memory that grew with the export. Twice as many did not fit beside the tables of a million forms. */
const SLICE = 10_000n;

async function* rowsOf(db: DuckDb): AsyncGenerator<(string | null)[][]> {
  const { first, last } = await db.one<{ first: bigint | null; last: bigint | null }>(
    "SELECT min(record_key) AS first, max(record_key) AS last FROM ledger_record",
  );
  if (first === null || last === null) return;
  for (let from = first; from <= last; from += SLICE) {
    for await (const chunk of db.chunks(ROWS, [from, from + SLICE])) {
      yield chunk.map(([cells]) => JSON.parse(cells as string));
    }
  }
}

async function createShift(db: DuckDb, site: Site, shifted: boolean): Promise<void> {
  const { shift_days: shiftDays } = await readPrivacyProfile(site.privacy);
  const people = `SELECT patid, ${tokenSql("patid", "patid")} AS person
    FROM (SELECT DISTINCT patient_key AS patid FROM mapped_administration WHERE patient_key IS NOT NULL)`;
  const isShifted = shifted && shiftDays !== null;
  await db.run(`CREATE TEMP TABLE date_shift AS
    ${isShifted ? dateShiftSql(people, shiftDays) : `SELECT patid, 0 AS days FROM (${people})`}`);
}

/** The number of an item or score that the catalogue knows but that is not loaded: the steward must see what was refused. */
const REFUSED_NUMBER = `CASE WHEN r.name IS NOT NULL AND r.state <> 'loaded' THEN i.answer_num END`;

/** A decimal number, whose text always has a point, without the zeros that its type gives it. */
const plainNumber = (sql: string): string => `rtrim(rtrim(CAST(${sql} AS VARCHAR), '0'), '.')`;

/** How a text is written, and nothing of what it says. */
const shape = (sql: string): string =>
  `left(regexp_replace(regexp_replace(regexp_replace(${sql}, '[0-9]', '9', 'g'), '\\p{Lu}', 'A', 'g'), '[\\p{Ll}\\p{Lo}]', 'a', 'g'), 24)`;

/** A text that has a value, since a list has it, and a small number tell nothing about a person. */
const shown = (sql: string): string =>
  `CASE WHEN r.state = 'loaded' OR r.value IS NOT NULL OR regexp_full_match(${sql}, '-?[0-9]{1,3}([.,][0-9]{1,2})?') THEN ${sql} ELSE ${shape(sql)} END`;

/** What stands in the source: a cell of CSV before the mapping gave it a meaning, else what the format says. */
const SOURCE_ANSWER = `coalesce(${shown("coalesce(p.raw, o.raw)")}, ${plainNumber("i.answer_num")}, i.answer_code, ${shown("i.answer_text")})`;

const isHere = (table: string) => `${table}.record_key >= $1 AND ${table}.record_key < $2`;

/** Of some records: answers and reported scores, then computed scores, then what no adapter could read; in the order of the source. */
const ROWS = `
WITH here AS MATERIALIZED (
  SELECT * FROM mapped_response r WHERE ${isHere("r")}
), score AS MATERIALIZED (
  SELECT * FROM mapped_score m WHERE m.origin IN ('reported', 'computed')
    AND (${isHere("m")} OR m.administration_key IN (SELECT administration_key FROM here))
), sitting AS MATERIALIZED (
  -- A token for each administration and not for each of its answers.
  SELECT a.administration_key, ${tokenSql("patid", "a.patient_key")} AS patient, ${tokenSql("pro_seq", "a.pro_seq_key")} AS pro_seq, a.pro_seq_key,
    CAST(a.pro_date + coalesce(s.days, 0) AS VARCHAR) AS pro_date, a.pro_time, a.pro_method, a.pro_mode, a.pro_cat, a.pro_source
  FROM mapped_administration a LEFT JOIN date_shift s ON s.patid = a.patient_key
  WHERE a.administration_key IN (SELECT administration_key FROM here UNION SELECT administration_key FROM score)
), answer AS (
  SELECT r.record_key, r.response_key, r.where_pointer AS pointer, a.patient, a.pro_date, a.pro_time,
    coalesce(c.code, i.item_code) AS pro_code, r.name AS pro_name, coalesce(r.value, ${REFUSED_NUMBER}) AS value, r.answer_label, a.pro_method, coalesce(r.mode, a.pro_mode) AS pro_mode, a.pro_cat, a.pro_source,
    a.pro_seq, a.pro_seq_key, coalesce(r.kind, 'item') AS kind, r.origin, m.status, r.state, r.reason,
    CASE WHEN i.item_system = 'propool' THEN r.where_pointer ELSE i.item_code END AS source_item, ${SOURCE_ANSWER} AS source_answer
  FROM here r
  JOIN said i USING (said)
  LEFT JOIN intake_phrase p ON p.phrase = r.phrase
  LEFT JOIN (SELECT response_key, raw FROM stated_response i WHERE raw IS NOT NULL AND ${isHere("i")}) o ON o.response_key = r.response_key
  JOIN sitting a ON a.administration_key = r.administration_key
  LEFT JOIN (SELECT instrument, item AS name, code FROM catalogue_item UNION ALL SELECT instrument, score, code FROM catalogue_score) c
    ON c.instrument = r.instrument AND c.name = r.name
  -- A condition on the left side alone, beside the equalities, would have every answer compared with every score.
  LEFT JOIN score m ON m.administration_key = CASE WHEN r.kind = 'score' AND r.state = 'loaded' THEN r.administration_key END
    AND m.score = r.name AND m.origin = 'reported'
), computed AS (
  SELECT m.record_key, NULL::BIGINT, NULL, a.patient, a.pro_date, a.pro_time,
    c.code, m.score, m.value, NULL, a.pro_method, a.pro_mode, a.pro_cat, 'DR', a.pro_seq, a.pro_seq_key, 'score', m.origin, m.status, 'loaded', NULL, NULL, NULL
  FROM score m
  JOIN sitting a ON a.administration_key = m.administration_key
  JOIN catalogue_score c ON c.instrument = m.instrument AND c.score = m.score
  WHERE m.origin = 'computed' AND ${isHere("m")}
), unread AS (
  SELECT record_key, NULL::BIGINT, where_pointer, NULL, NULL, NULL, NULL, NULL, NULL::DECIMAL(18,6), NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    'record', NULL, NULL, state, reason, NULL, NULL
  FROM ledger_record l
  -- A file that nobody mapped is told too: a look at it alone would else be an empty table.
  WHERE ${isHere("l")} AND (state = 'quarantined' OR reason = 'SOURCE_UNMAPPED_FILE') AND record_key NOT IN (SELECT record_key FROM here)
), every_row AS (
  SELECT * FROM answer UNION ALL SELECT * FROM computed UNION ALL SELECT * FROM unread
)
-- One text a row: handing on its cells one by one takes longer than all the rest.
SELECT json_array(l.where_file, l.where_record, e.pointer, e.patient, e.pro_date, e.pro_time, e.pro_code, e.pro_name,
  ${plainNumber("e.value")}, e.answer_label,
  e.pro_method, e.pro_mode, e.pro_cat, e.pro_source, e.pro_seq,
  e.kind, e.origin, e.status, e.state, e.reason, e.source_item, e.source_answer)
FROM every_row e JOIN ledger_record l ON l.record_key = e.record_key AND ${isHere("l")}
ORDER BY e.record_key, e.pro_seq_key, e.response_key NULLS LAST, e.pro_name`;

function toRow(cells: (string | null)[]): PreviewRow {
  return Object.fromEntries(ALL_COLUMNS.map((column, i) => [column, cells[i]])) as PreviewRow;
}

/** What the reasons of a preview mean and what can be done, by code. */
export async function explainReasons(
  codes: Iterable<string>,
): Promise<{ code: string; message: string; hint: string }[]> {
  const reasons = await readReasons();
  return [...new Set(codes)].sort().map((code) => ({
    code,
    message: reasons[code]?.message ?? code,
    hint: reasons[code]?.hint ?? "",
  }));
}
