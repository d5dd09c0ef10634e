import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WarehouseReader } from "../warehouse/dialects/index.ts";
import { exportSelection } from "../warehouse/export.ts";
import {
  MEASURED_ROWS,
  type ProCmVersion,
  writeProCm,
} from "../warehouse/queries/pro-cm-versions.ts";
import { ident, textList } from "../warehouse/sql.ts";
import { ProError } from "./core/errors.ts";
import { privateDirectory } from "./core/files.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import { openRows } from "./study/open-rows.ts";

export interface CdmOutput {
  version: ProCmVersion;
  /** Rows of PRO_CM that were written, and those that the version has no row for. */
  rows: number;
  without: number;
  files: string[];
}

/** Companion tables, for what a version has no column for. */
const COMPANION = ["pro_cm_detail", "pro_collection"] as const;

/**
 * Writes PRO_CM of a store or warehouse in the shape of a version of the CDM, with the companion tables, as CSV files.
 *
 * @throws ProError `QUALITY_VALUE_SET` before anything is written, when a coded column has a code that the CDM does not have.
 */
export async function writeCdm(
  directory: string,
  {
    version,
    out,
    includeLinked = false,
  }: { version: ProCmVersion; out: string; includeLinked?: boolean },
): Promise<CdmOutput> {
  const { queryable } = await openRows(directory);
  try {
    await checkValueSets(queryable);
    await privateDirectory(out);
    const measures = version === "3.0" ? await commonMeasures() : {};
    const file = join(out, "PRO_CM.csv");
    const source = includeLinked ? "pro_cm" : MEASURED_ROWS;
    const written = await queryable.select(writeProCm(version, measures, source));
    const rows = await exportSelection(written, file);
    const [all] = await queryable.all<{ n: string }>(
      `SELECT CAST(count(*) AS VARCHAR) AS n FROM ${source} AS given`,
    );
    const files = [file];
    for (const table of COMPANION) {
      const path = join(out, `${table.toUpperCase()}.csv`);
      const key = table === "pro_collection" ? "pro_seq" : "pro_cm_id";
      const measured =
        table === "pro_cm_detail" && !includeLinked ? "WHERE origin IS DISTINCT FROM 'linked'" : "";
      const selection = await queryable.select(
        `SELECT * FROM ${ident(table)} ${measured} ORDER BY ${key}`,
      );
      await exportSelection(selection, path);
      files.push(path);
    }
    return { version, rows, without: Number(all?.n ?? 0) - rows, files };
  } finally {
    await queryable.close();
  }
}

/** LOINC code to PN_0001 and so on. */
export async function commonMeasures(): Promise<Record<string, string>> {
  const source = await readFile(join(mappingsDirectory, "cdm", "pro_cm_v3_measures.csv"), "utf8");
  const [, ...lines] = source.trimEnd().split("\n");
  const cells = lines.map((line) => line.split(","));
  return Object.fromEntries(cells.map(([item = "", , loinc = ""]) => [loinc, item]));
}

/** Coded columns of PRO_CM; their codes are the same from v4.1 to v7.0. */
const CODED = ["PRO_TYPE", "PRO_METHOD", "PRO_MODE", "PRO_CAT", "PRO_SOURCE"] as const;

async function checkValueSets(queryable: WarehouseReader): Promise<void> {
  const source = await readFile(join(mappingsDirectory, "cdm", "value_sets.csv"), "utf8");
  const lines = source.trimEnd().split("\n");
  for (const name of CODED) {
    const codes = lines
      .map((line) => line.split(","))
      .filter(([set]) => set === name)
      .map(([, code = ""]) => code);
    const column = ident(name.toLowerCase());
    const [row] = await queryable.all<{ n: string }>(
      `SELECT CAST(count(*) AS VARCHAR) AS n FROM pro_cm WHERE ${column} IS NOT NULL AND ${column} NOT IN ${textList(codes)}`,
    );
    if (Number(row?.n ?? 0) === 0) continue;
    throw new ProError(
      "QUALITY_VALUE_SET",
      `PRO_CM.${name} has ${row?.n} codes that are not in its value set`,
      {
        hint: "add the source's words for this column to words in site.yaml, and run the night again",
      },
    );
  }
}
