import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerMessage } from "../xml/pool.ts";
import { readDocument } from "./document.ts";
import { addRecord, type Columns, IntakeRows } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";
import type { Job } from "./sources.ts";
import { readZip, ZipError } from "./zip.ts";

/** What a worker is started with. */
export interface WorkerStart {
  exportDirectory: string;
  settings: CcdaSettings;
}

/** A document tree takes several times the bytes of its file, and WebAssembly has 4 GB for all of it. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const { exportDirectory, settings } = workerData as WorkerStart;

parentPort?.on("message", (job: Job | null) => {
  if (job === null) parentPort?.close();
  else post({ result: read(job).columns });
});
post({ ready: true });

function post(message: WorkerMessage<Columns>): void {
  parentPort?.postMessage(message);
}

// Anything unforeseen ends this thread: a parser that failed inside is not asked again, and the pool accounts for the file.
function read(job: Job): IntakeRows {
  if (job.refused) return refused(job, job.refused);
  const path = join(exportDirectory, job.file);
  let bytes: Uint8Array;
  try {
    if ((job.entry?.size ?? statSync(path).size) > FILE_BYTES_MAX) {
      return refused(job, "SOURCE_TOO_LARGE");
    }
    bytes = job.entry ? readZip(path, job.entry, FILE_BYTES_MAX) : readFileSync(path);
  } catch (error) {
    return refused(job, error instanceof ZipError ? "SOURCE_BAD_PACKAGE" : "SOURCE_UNREADABLE");
  }
  return readDocument({ ...job, bytes }, settings);
}

function refused(job: Job, reason: string): IntakeRows {
  const rows = new IntakeRows(job.recordKey);
  const isEmpty = reason === "SOURCE_NOTHING_TO_LOAD";
  addRecord(rows, job, { state: isEmpty ? "out_of_scope" : "quarantined", reason });
  return rows;
}
