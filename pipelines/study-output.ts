import { rm } from "node:fs/promises";
import { extname } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { text } from "../warehouse/sql.ts";
import { ProError } from "./core/errors.ts";
import { publish, unfinished, writeWhole } from "./core/files.ts";
import { propoolVersion } from "./core/version.ts";
import { flattenResults } from "./study/flat-results.ts";
import { methodsText } from "./study/methods.ts";
import type { Study } from "./study/read-study.ts";
import type { StudyResults } from "./study/results.ts";
import { CDM_VERSION, SUMMARY_FORMAT } from "./study/summary.ts";
import { planStudy } from "./study-plan.ts";

/**
 * Writes results to a file by its ending (.json, .csv, .parquet, .html), and beside it a certificate for machines.
 *
 * @throws ProError `USAGE_STUDY_FILE` for another ending
 */
export async function writeResults(
  results: StudyResults,
  study: Study,
  file: string,
): Promise<string[]> {
  switch (extname(file).toLowerCase()) {
    case ".json":
      await writeWhole(file, `${JSON.stringify(results, null, 2)}\n`);
      break;
    case ".csv":
      await copyTable(results, file, "FORMAT csv, HEADER true");
      break;
    case ".parquet":
      await copyTable(results, file, "FORMAT parquet");
      break;
    case ".html": {
      // Charts take a fifth of a second to load: only here.
      const { resultPage } = await import("./study/result-page.ts");
      await writeWhole(file, resultPage(results, study));
      break;
    }
    default:
      throw new ProError("USAGE_STUDY_FILE", "results cannot be written in this format", {
        where: { file },
        hint: "let the name end in .json, .csv, .parquet or .html",
      });
  }
  const certificate = `${file}.certificate.json`;
  await writeWhole(
    certificate,
    `${JSON.stringify(await certificateOf(results, study), null, 2)}\n`,
  );
  return [file, certificate];
}

async function copyTable(results: StudyResults, file: string, format: string): Promise<void> {
  const target = unfinished(file);
  const source = unfinished(`${file}.json`);
  const db = await DuckDb.open(":memory:");
  try {
    const rows = flattenResults(results);
    await writeWhole(source, JSON.stringify(rows));
    const types = COLUMNS.map(([name, type]) => `${text(name)}: ${text(type)}`).join(", ");
    await db.run(
      `COPY (SELECT * FROM read_json(${text(source)}, format = 'array', columns = {${types}})) TO ${text(target)} (${format})`,
    );
    await publish(target, file);
  } finally {
    db.close();
    await rm(source, { force: true });
    await rm(target, { force: true });
  }
}

const COLUMNS = [
  ...[
    "instrument",
    "score",
    "scale",
    "direction",
    "flags",
    "stratum",
    "statistic",
    "estimate",
    "state",
  ].map((name) => [name, "VARCHAR"] as const),
  ...["value", "low", "high", "se", "p"].map((name) => [name, "DOUBLE"] as const),
  ["people", "BIGINT"] as const,
  ...["sites", "suppressed_at", "unavailable_at", "exactness", "note"].map(
    (name) => [name, "VARCHAR"] as const,
  ),
];

/** What a reader needs to trust or repeat the numbers: hashes, versions, who is in, tolerances, the check on the rows. */
export async function certificateOf(results: StudyResults, study: Study) {
  const { parts } = await planStudy(study);
  return {
    format: "propool-certificate/1",
    study: results.study,
    mode: results.mode,
    sites: results.sites,
    missing: results.missing,
    snapshots: results.snapshots,
    propool: propoolVersion(),
    summary_format: SUMMARY_FORMAT,
    cdm_version: CDM_VERSION,
    instruments: parts.map(({ outcome, instrument, scale }) => ({
      instrument: instrument.id,
      version: instrument.version,
      score: outcome.score,
      scale,
    })),
    disclosure: results.disclosure,
    statistics: Object.fromEntries(
      parts.flatMap(({ statistics, channels }) =>
        [...statistics, ...channels].map(({ name, exact }) => [
          name,
          exact ? "to the last bit" : "1e-10",
        ]),
      ),
    ),
    models: results.outcomes.flatMap(({ instrument, score, models }) =>
      models.map(({ id, exactness, rounds, state }) => ({
        instrument,
        score,
        id,
        state,
        exactness,
        rounds,
      })),
    ),
    check: results.check,
    methods: methodsText(results, study),
  };
}

export type { Study } from "./study/read-study.ts";
export type { StudyResults } from "./study/results.ts";
