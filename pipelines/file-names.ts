import { relative } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import type { Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import type { Issue } from "./core/issues.ts";
import { listExport, type Source } from "./intake.ts";
import type { LeftOutCodes } from "./left-out-codes.ts";
import { identifyingTexts } from "./privacy/search-texts.ts";
import type { NightChecked } from "./quality.ts";

/** What the source gave a name to may name somebody: a file Smith_John.xml, an item of a form. */

const numbered = (at: number) => `file ${at + 1} of the export by name`;

const inOrder = ({ files, ignored }: Pick<Source, "files" | "ignored">) =>
  [...files, ...ignored].sort();

interface Told {
  files: { read: number; ignored: string[] };
  issues: Issue[];
  leftOut: LeftOutCodes;
}

/** A report without the names of files and records that name somebody: those by their number in the folder. */
export async function withoutNames<Report extends Told>(
  db: DuckDb,
  report: Report,
  source: Source,
): Promise<Report> {
  const places = report.issues.flatMap(({ examples }) =>
    examples.flatMap(({ file, record, pointer }) => [file, record, pointer]),
  );
  const codes = report.leftOut.codes.flatMap(({ file, code }) => [file, code]);
  const texts = [...places, ...source.ignored, ...codes].filter((one) => one !== undefined);
  const identifying = await identifyingTexts(db, texts);
  if (identifying.size === 0) return report;
  const all = inOrder(source);
  const told = (one: string | undefined) => {
    if (!one || !identifying.has(one)) return one;
    const at = all.indexOf(one);
    return at < 0 ? "(names somebody)" : `${numbered(at)} (it names somebody)`;
  };
  return {
    ...report,
    files: { ...report.files, ignored: report.files.ignored.map((one) => told(one) ?? "") },
    leftOut: {
      ...report.leftOut,
      codes: report.leftOut.codes.map(({ file, code, count }) => {
        return { file: told(file) ?? "", code: told(code) ?? "", count };
      }),
    },
    issues: report.issues.map((issue) => ({
      ...issue,
      examples: issue.examples.map(({ file, record, pointer }) => ({
        file: told(file),
        record: told(record),
        pointer: told(pointer),
      })),
    })),
  };
}

/** What is remembered of a night without those codes of items, which nobody has mapped yet, that name somebody. */
export async function withoutNamedCodes(db: DuckDb, checked: NightChecked): Promise<NightChecked> {
  const { unmapped } = checked.refresh;
  const identifying = await identifyingTexts(
    db,
    unmapped.flatMap(({ code, system, file }) => [code, system ?? "", file ?? ""]),
  );
  const told = (one: string) => (identifying.has(one) ? "(names somebody)" : one);
  const refresh = {
    ...checked.refresh,
    unmapped: unmapped.map((one) => ({
      ...one,
      code: told(one.code),
      system: one.system === null ? null : told(one.system),
      ...(one.file !== undefined && { file: told(one.file) }),
    })),
  };
  return { ...checked, refresh };
}

/**
 * An error about a file of the export, with the file's number in its place: a night that ends early has read nobody yet with whom the
 * name could be compared.
 */
export async function numberFile(error: unknown, site: Site): Promise<unknown> {
  if (!(error instanceof ProError) || !error.where.file) return error;
  const all = await listExport(site).then(inOrder, () => []);
  const { file, record, ...place } = error.where;
  const at = all.findIndex((one) => one === file || one === relative(site.exportDirectory, file));
  if (at < 0) return error;
  const where = { ...place, file: numbered(at), ...(record && record !== file && { record }) };
  const { hint, cause } = error;
  return new ProError(error.code, error.message, { where, cause, ...(hint && { hint }) });
}
