import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { openCda } from "./adapters/ccda/open.ts";
import { type Job, jobsOf } from "./adapters/ccda/sources.ts";
import { treeOfText } from "./adapters/ccda/text-tree.ts";
import { toTree } from "./adapters/ccda/tree.ts";
import { readZip } from "./adapters/ccda/zip.ts";
import { inWorkers } from "./adapters/xml/pool.ts";
import { CcdaTally, type Counts } from "./profile/ccda.ts";
import type { FieldProfile } from "./profile/field.ts";
import type { MaskRules } from "./profile/mask.ts";

/** A thread takes longer to start than so many bytes take to read. */
const ALONE_BYTES = 8e6;
const BATCH_BYTES = 2e6;
// The build turns the name into that of the compiled file.
const SCRIPT = new URL("./profile-ccda-worker.ts", import.meta.url);

/** Counts what the documents of the files hold, in threads where there is much to read. */
export async function profileCcda(
  files: readonly string[],
  bytes: number,
  rules: MaskRules,
): Promise<{
  records: Record<string, number>;
  unread: Record<string, number>;
  fields: FieldProfile[];
}> {
  const tally = new CcdaTally();
  const unread: Record<string, number> = {};
  for await (const { counts, unread: reasons } of counted(batchesOf(files), bytes)) {
    tally.merge(counts);
    for (const [reason, n] of Object.entries(reasons)) unread[reason] = (unread[reason] ?? 0) + n;
  }
  return { records: tally.records(), unread, fields: tally.fields(rules) };
}

function counted(
  batches: readonly Batch[],
  bytes: number,
): Iterable<BatchCounted> | AsyncIterable<BatchCounted> {
  if (bytes < ALONE_BYTES) return batches.map(countBatch);
  return inWorkers<Batch, BatchCounted>(batches, {
    script: SCRIPT,
    start: null,
    size: Math.min(availableParallelism(), batches.length),
    lost: ({ jobs }) => ({
      counts: { records: new Map(), fields: new Map() },
      unread: { SOURCE_UNREADABLE: jobs.length },
    }),
  });
}

/** The documents of the files, a few megabytes together: a thread then hardly waits for the next. */
function batchesOf(files: readonly string[]): Batch[] {
  const batches: Batch[] = [];
  let room = 0;
  for (const file of files) {
    const directory = dirname(resolve(file));
    for (const job of jobsOf(directory, [basename(file)], 1n)) {
      if (room <= 0) {
        batches.push({ jobs: [] });
        room = BATCH_BYTES;
      }
      batches.at(-1)?.jobs.push({ directory, job });
      room -= job.entry?.size ?? statSync(file).size;
    }
  }
  return batches;
}

/** Documents that are counted together, and the folder that their files are in. */
export interface Batch {
  jobs: { directory: string; job: Job }[];
}

/** What a batch holds; documents that could not be read by their reason. */
export interface BatchCounted {
  counts: Counts;
  unread: Record<string, number>;
}

const DOCUMENT_MAX = 256 * 1024 * 1024;

/** Counts the documents of a batch, one at a time. */
export function countBatch({ jobs }: Batch): BatchCounted {
  const tally = new CcdaTally();
  const unread: Record<string, number> = {};
  for (const { directory, job } of jobs) {
    const reason = addDocument(tally, directory, job);
    if (reason) unread[reason] = (unread[reason] ?? 0) + 1;
  }
  return { counts: tally.counts, unread };
}

/** Why a document could not be read; null when it was counted. */
function addDocument(tally: CcdaTally, directory: string, job: Job): string | null {
  if (job.refused) return job.refused;
  const path = join(directory, job.file);
  const size = job.entry?.size ?? statSync(path).size;
  if (size > DOCUMENT_MAX) return "SOURCE_TOO_LARGE";
  const opened = openCda(job.entry ? readZip(path, job.entry, DOCUMENT_MAX) : readFileSync(path));
  if (!("xml" in opened)) return opened.reason;
  try {
    const { content, root } = opened;
    tally.add(
      content ? treeOfText(content.toString("utf8"), { narrative: false }) : toTree(root, null),
    );
    return null;
  } finally {
    opened.xml.dispose();
  }
}
