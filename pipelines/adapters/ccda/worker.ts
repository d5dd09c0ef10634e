import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { readDocument } from "./document.ts";
import { addRecord, type Columns, IntakeRows } from "./rows.ts";
import type { CcdaSettings } from "./settings.ts";

/** What a worker is started with. */
export interface WorkerStart {
  exportDirectory: string;
  settings: CcdaSettings;
}

export interface Job {
  recordKey: bigint;
  file: string;
}

export type WorkerMessage = { ready: true } | { columns: Columns };

/** A document tree takes several times the bytes of its file, and WebAssembly has 4 GB for all of it. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const { exportDirectory, settings } = workerData as WorkerStart;

parentPort?.on("message", (job: Job) => post({ columns: read(job).columns }));
post({ ready: true });

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

// Anything unforeseen ends this thread: a parser that failed inside is not asked again, and the pool accounts for the file.
function read({ recordKey, file }: Job): IntakeRows {
  const path = join(exportDirectory, file);
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return refused(recordKey, file, "SOURCE_TOO_LARGE");
    bytes = readFileSync(path);
  } catch {
    return refused(recordKey, file, "SOURCE_UNREADABLE");
  }
  return readDocument({ recordKey, file, bytes }, settings);
}

function refused(recordKey: bigint, file: string, reason: string): IntakeRows {
  const rows = new IntakeRows(recordKey);
  addRecord(rows, file, { state: "quarantined", reason });
  return rows;
}
