import { inWorkers } from "../xml/pool.ts";
import { addRecord, type Columns, IntakeRows } from "./rows.ts";
import type { Job } from "./sources.ts";
import type { WorkerStart } from "./worker.ts";

// The build turns the name into that of the compiled file.
const SCRIPT = new URL("./worker.ts", import.meta.url);

/** Reads documents in `size` worker threads and yields their rows in the order of the jobs. A file that ends its worker is quarantined. */
export function readInWorkers(
  jobs: Iterable<Job>,
  start: WorkerStart,
  size: number,
): AsyncGenerator<Columns> {
  return inWorkers<Job, Columns>(jobs, { script: SCRIPT, start, size, lost: unreadable });
}

function unreadable(job: Job): Columns {
  const rows = new IntakeRows(job.recordKey);
  addRecord(rows, job, { state: "quarantined", reason: "SOURCE_UNREADABLE" });
  return rows.columns;
}
