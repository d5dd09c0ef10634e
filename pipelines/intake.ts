import { readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { ident, text } from "../warehouse/sql.ts";
import type { Adapter } from "./adapters/adapter.ts";
import { readCsvMapping } from "./adapters/csv/mapping.ts";
import { ADAPTERS } from "./adapters/index.ts";
import { createIntake } from "./adapters/intake.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { type Catalogue, readCatalogueOf, scoresOf } from "./catalogue/read.ts";
import type { Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory } from "./core/files.ts";
import { refuseForeignLinks } from "./core/links.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import type { Progress } from "./core/progress.ts";
import { loadCrosswalks } from "./crosswalk/load.ts";
import { ownCrosswalks, readCrosswalks } from "./crosswalk/read.ts";
import { mapAdministrations } from "./mapping/administrations.ts";
import { stageCdm } from "./mapping/cdm.ts";
import { INSTANT_OF } from "./mapping/instant.ts";
import { MAP_OBSERVATIONS } from "./mapping/observations.ts";
import { mapPeople } from "./mapping/people.ts";
import { MAP_REQUESTS } from "./mapping/requests.ts";
import { MAP_RESPONSES } from "./mapping/responses.ts";
import { loadWords } from "./mapping/words.ts";
import { tokenSql } from "./privacy/tokens.ts";
import { checkArms } from "./quality/row-checks.ts";
import { refuseUnknownCodes, refuseUnknownParts, withMappingPlace } from "./references.ts";
import { LINK } from "./scoring/link.ts";
import { SCORE } from "./scoring/score.ts";

/** The first half of a night, which a preview shares: from the export's files to staged CDM rows, all inside `identified/`. */

export interface Source {
  adapter: Adapter;
  files: string[];
  ignored: string[];
  /** The files are some of the export's, chosen by hand. */
  isPartial?: boolean;
}

/** @throws ProError `SOURCE_MISSING`, `SOURCE_NOTHING`. */
export async function listExport(site: Pick<Site, "format" | "exportDirectory">): Promise<Source> {
  const adapter = ADAPTERS[site.format];
  const entries = await readdir(site.exportDirectory, {
    recursive: true,
    withFileTypes: true,
  }).catch((cause) => {
    throw new ProError("SOURCE_MISSING", "the export folder cannot be read", {
      where: { file: site.exportDirectory },
      hint: "create it and put the export's files into it, or correct export: in site.yaml",
      cause,
    });
  });
  const all = entries
    // A link counts as the file it leads to: leaving it out would lose its records silently.
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .filter((entry) => !entry.name.startsWith("."))
    .map((entry) => relative(site.exportDirectory, join(entry.parentPath, entry.name)))
    .sort();
  const files = all.filter((file) => adapter.accepts(file));
  const links = entries.filter((entry) => entry.isSymbolicLink());
  await refuseForeignLinks(
    site.exportDirectory,
    links.map((entry) => join(entry.parentPath, entry.name)),
  );
  if (files.length === 0) {
    throw new ProError("SOURCE_NOTHING", `no file in the export folder looks like ${site.format}`, {
      where: { file: site.exportDirectory },
      hint:
        all.length > 0
          ? "check format: in site.yaml"
          : "the folder is empty; put the export's files into it",
    });
  }
  return { adapter, files, ignored: all.filter((file) => !adapter.accepts(file)) };
}

/**
 * The temporary database of identified rows; it spills only beside itself. With `folders` nothing else can be read, attached or
 * written, whatever a file's name or a cell makes of a statement.
 */
export async function openIdentified(
  directory: string,
  folders?: readonly string[],
  options: { small?: boolean } = {},
): Promise<DuckDb> {
  await privateDirectory(directory);
  await privateDirectory(join(directory, "scratch"));
  return DuckDb.open(":memory:", {
    ...options,
    temporaryDirectory: join(directory, "spill"),
    // With Node's own part and what DuckDB holds outside its limit the peak of a night was 880 MB at one million answers, up to 1,020 at ten.
    memoryLimit: "448MB",
    memoryMost: "1GB",
    ...(folders && { folders: [directory, ...folders] }),
  });
}

/** What a night's database may touch: never the keys. Files that the export folder links to are the site's own choice. */
export async function foldersOf(site: Site): Promise<string[]> {
  const { files } = await listExport(site);
  const sources = files.map((file) => join(site.exportDirectory, file));
  const own = [dirname(site.storeFile), site.outboxDirectory, site.reportsDirectory];
  const list = site.consentFile ? [site.consentFile] : [];
  return [site.exportDirectory, ...sources, ...own, ...list, mappingsDirectory];
}

/** The identified database of a site's night. */
export async function openNight(site: Site): Promise<DuckDb> {
  const folders = await foldersOf(site);
  return openIdentified(site.identifiedDirectory, folders, {
    small: await isSmall([...folders, site.storeFile]),
  });
}

/** Empty intake tables, catalogue, words and the day of the run. */
export async function prepare(
  db: DuckDb,
  site: Pick<Site, "words" | "codes"> &
    Partial<
      Pick<
        Site,
        | "instruments"
        | "observations"
        | "crosswalks"
        | "directory"
        | "time_zone"
        | "format"
        | "mappingFile"
      >
    >,
  today: string,
): Promise<void> {
  await createIntake(db);
  const catalogue = await readCatalogueOf(site.directory ?? null);
  refuseUnknownInstruments(site.instruments ?? [], catalogue);
  const { instruments } = catalogue;
  if (site.directory) await refuseUnknownCodes(site.codes, site.directory, instruments);
  if (site.format === "csv" && site.mappingFile) {
    await refuseUnknownParts(await readCsvMapping(site.mappingFile), site.mappingFile, instruments);
  }
  await loadCatalogue(db, catalogue);
  const links = await readCrosswalks(
    scoresOf(catalogue),
    site.directory === undefined ? null : ownCrosswalks(site.directory),
  );
  await loadCrosswalks(db, links, site.crosswalks ?? []);
  await loadWords(db, site.words, site.codes, site.observations);
  await db.run("SET VARIABLE site_zone = CAST(? AS VARCHAR)", [site.time_zone ?? null]);
  await db.run(INSTANT_OF);
  await db.run("SET VARIABLE today = CAST(? AS DATE)", [today]);
  await db.run("CREATE TABLE known_patient (patient_key VARCHAR)");
}

/** @throws ProError `CONFIG_SITE`. */
function refuseUnknownInstruments(listed: readonly string[], { instruments }: Catalogue): void {
  const known = instruments.map(({ id }) => id);
  const unknown = listed.filter((id) => !known.includes(id));
  if (unknown.length === 0) return;
  throw new ProError("CONFIG_SITE", `instruments names ${unknown.join(", ")}, which is not known`, {
    where: { file: "site.yaml", pointer: "instruments" },
    hint: `known: ${known.join(", ")}`,
  });
}

export async function readExport(
  db: DuckDb,
  site: Pick<
    Site,
    "site" | "format" | "exportDirectory" | "mappingFile" | "identifiedDirectory" | "ccda"
  >,
  source: Source,
  progress: Progress,
): Promise<{ rowsOut: number }> {
  const mappingFile = site.format === "csv" ? site.mappingFile : null;
  const reading = source.adapter.read({
    db,
    exportDirectory: site.exportDirectory,
    files: source.files,
    isPartial: source.isPartial === true,
    mapping: mappingFile ? await readCsvMapping(mappingFile) : null,
    narrative: site.ccda.narrative,
    scratch: join(site.identifiedDirectory, "scratch"),
    progress,
    site: site.site,
  });
  await reading.catch(async (error: unknown) => {
    throw mappingFile ? await withMappingPlace(error, mappingFile) : error;
  });
  const { records } = await db.one<{ records: number }>(
    "SELECT CAST(count(*) AS DOUBLE) AS records FROM intake_record",
  );
  return { rowsOut: records };
}

/**
 * A few broken records are set aside; an export of nothing else is of another format.
 *
 * @throws ProError `SOURCE_WRONG_FORMAT`.
 */
export async function refuseUnreadable(db: DuckDb, format: string): Promise<void> {
  const { read, broken, file, record } = await db.one<{
    read: number;
    broken: number;
    file: string;
    record: string;
  }>(`SELECT CAST(count(*) AS DOUBLE) AS read,
      CAST(count(*) FILTER (reason IN ('SOURCE_MALFORMED', 'SOURCE_NOT_A_RESOURCE', 'SOURCE_NOT_CCDA', 'SOURCE_BAD_PACKAGE')) AS DOUBLE) AS broken,
      arg_min(where_file, record_key) AS file, arg_min(where_record, record_key) AS record
    FROM intake_record`);
  if (read === 0 || broken < read) return;
  throw new ProError(
    "SOURCE_WRONG_FORMAT",
    `none of the ${read} records can be read as ${format}`,
    {
      where: { file, record },
      hint: "check format: in site.yaml, and what the exporting system wrote",
    },
  );
}

/** The name under which last night's store is attached while tonight's rows are held against it. */
export const OLD_STORE = "old_store";

/** Attaches a store that may not be there yet; its name, or null. Detach it before it is copied. */
export async function attachOldStore(db: DuckDb, file: string | null): Promise<string | null> {
  if (!file || !(await exists(file))) return null;
  await db.run(`ATTACH ${text(file)} AS ${OLD_STORE} (READ_ONLY)`);
  return OLD_STORE;
}

/** Persons of this night's records whom an earlier night brought; their token is in the old store. */
export async function findKnownPatients(db: DuckDb, store: string | null): Promise<void> {
  if (store === null) return;
  const keys = [
    ...["intake_encounter", "intake_condition", "intake_procedure"],
    ...["intake_observation", "intake_request", "every_administration"],
  ].map((table) => `SELECT patient_key FROM ${table}`);
  await db.run(`INSERT INTO known_patient
    WITH asked AS MATERIALIZED (
      SELECT p.patient_key, ${tokenSql("patid", "p.patient_key")} AS patid
      FROM (${keys.join(" UNION ")}) p
      WHERE p.patient_key NOT IN (SELECT patient_key FROM intake_patient WHERE patient_key IS NOT NULL)
    )
    SELECT patient_key FROM asked WHERE patid IN (SELECT patid FROM ${ident(store)}.demographic)`);
}

/** The statements from intake tables to staged CDM rows, in their order, with the module that writes each. */
export function mappingStatements(site: Site): { module: string; sql: string }[] {
  const of = (module: string, statements: readonly string[]) =>
    statements.map((sql) => ({ module, sql }));
  return [
    ...of("mapping/responses", MAP_RESPONSES),
    ...of("mapping/people", mapPeople(checkArms("patient"))),
    ...of("mapping/observations", MAP_OBSERVATIONS),
    ...of(
      "mapping/administrations",
      mapAdministrations({ ...site, checks: checkArms("administration") }),
    ),
    ...of("mapping/requests", MAP_REQUESTS),
    ...of("scoring/score", SCORE),
    ...of("scoring/link", LINK),
    ...of(STAGING, stageCdm(site)),
  ];
}

const STAGING = "mapping/cdm";

/** Intake tables to staged CDM rows: meaning, identity, scores. A preview shows what it finds before, and is not `isStaged`. */
export async function mapRecords(db: DuckDb, site: Site, { isStaged = true } = {}): Promise<void> {
  // From here rows are known by their keys. To keep them in order DuckDB would hold back finished ones, more than memory has room for.
  await db.run("SET preserve_insertion_order = false");
  for (const { module, sql } of mappingStatements(site)) {
    if (isStaged || module !== STAGING) await db.run(sql);
  }
}
