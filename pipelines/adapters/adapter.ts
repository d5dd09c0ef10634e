import type { DuckDb } from "../../warehouse/duckdb.ts";
import type { Progress } from "../core/progress.ts";

/** What an adapter is given. It reads `files` and fills the intake tables of `db`; it decides nothing about meaning. */
export interface AdapterInput {
  db: DuckDb;
  /** Folder of the export. */
  exportDirectory: string;
  /** Files to read, relative to it, in a stable order. */
  files: readonly string[];
  /** Only some of the export's files are here (a preview): what the mapping expects beside them may be missing. */
  isPartial?: boolean;
  /** The site's mapping file as read (the part named after the format); null where the site has none. */
  mapping: unknown;
  /** C-CDA: read items from text tables where only the total is coded. Default: yes. */
  narrative?: boolean;
  /** A private folder for working files, removed after the run. */
  scratch: string;
  progress: Progress;
  /** Site id, for progress lines. */
  site: string;
}

/**
 * One source format. Every record of every file ends as one row of `intake_record`; what cannot be read is there with
 * state `quarantined` and a reason, so that nothing is lost silently.
 */
export interface Adapter {
  readonly format: string;
  /** Whether the adapter reads a file of this name; other files of the folder are told to the steward. */
  accepts(file: string): boolean;
  /** @throws ProError `SOURCE_*` when nothing sensible can be read at all (no file, wrong format). */
  read(input: AdapterInput): Promise<void>;
}
