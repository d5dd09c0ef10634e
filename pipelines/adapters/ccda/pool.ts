import { Worker } from "node:worker_threads";
import { addRecord, type Columns, IntakeRows } from "./rows.ts";
import type { Job } from "./sources.ts";
import type { WorkerMessage, WorkerStart } from "./worker.ts";

// The build turns the name into that of the compiled file.
const WORKER_URL = new URL("./worker.ts", import.meta.url);

/** Files a worker has at hand, so that it never waits for the main thread. */
const AHEAD = 2;
/** Finished documents that may wait for a slow one before them, a worker. */
const WAITING = 4;

/**
 * Reads files in `size` worker threads and yields their rows in the order of the jobs, whoever was done first.
 * Memory is bounded by a few documents a worker. A file that ends its worker is quarantined and the rest goes on.
 */
export async function* readInWorkers(
  jobs: Iterable<Job>,
  start: WorkerStart,
  size: number,
): AsyncGenerator<Columns> {
  const pool = new WorkerPool(start, Math.max(1, size));
  const waiting = jobs[Symbol.iterator]();
  try {
    const pending: Promise<Columns>[] = [];
    for (;;) {
      while (pending.length < pool.size * WAITING) {
        const { value: job, done } = waiting.next();
        if (done) break;
        const result = pool.read(job);
        // Awaited below in turn; a failure before its turn must not count as unhandled.
        result.catch(() => {});
        pending.push(result);
      }
      const first = pending.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    await pool.close();
  }
}

interface Task {
  job: Job;
  resolve: (columns: Columns) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  ready: boolean;
  /** Sent and not answered, oldest first: a worker answers in order. */
  tasks: Task[];
}

class WorkerPool {
  readonly size: number;
  readonly #start: WorkerStart;
  readonly #queue: Task[] = [];
  readonly #threads = new Set<Thread>();
  #failure: unknown;
  #closing = false;

  constructor(start: WorkerStart, size: number) {
    this.#start = start;
    this.size = size;
  }

  read(job: Job): Promise<Columns> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#feed();
    });
  }

  /** A thread that has nothing to do ends by itself: to stop it while it still loads its modules can end the whole process. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(
      [...this.#threads].map(({ worker, tasks, ready }) => {
        if (ready && tasks.length > 0) return worker.terminate();
        const ended = new Promise((resolve) => worker.once("exit", resolve));
        worker.postMessage(null);
        return ended;
      }),
    );
  }

  #addThread(): Thread {
    const worker = new Worker(WORKER_URL, { workerData: this.#start, execArgv: [] });
    const thread: Thread = { worker, ready: false, tasks: [] };
    this.#threads.add(thread);
    worker.on("message", (message: WorkerMessage) => this.#receive(thread, message));
    worker.on("error", (error) => this.#lose(thread, error));
    worker.on("exit", () => this.#lose(thread, new Error("a C-CDA worker ended by itself")));
    return thread;
  }

  #receive(thread: Thread, message: WorkerMessage): void {
    if ("ready" in message) thread.ready = true;
    else thread.tasks.shift()?.resolve(message.columns);
    this.#feed();
  }

  /** Hands out the queue, the emptiest worker first. */
  #feed(): void {
    if (this.#failure !== undefined) this.#failAll();
    while (this.#queue.length > 0) {
      const free = [...this.#threads].filter(({ tasks }) => tasks.length < AHEAD);
      const [emptiest] = free.toSorted((a, b) => a.tasks.length - b.tasks.length);
      const isMore = this.#threads.size < this.size && emptiest?.tasks.length !== 0;
      const thread = isMore ? this.#addThread() : emptiest;
      if (thread === undefined) return;
      const task = this.#queue.shift() as Task;
      thread.tasks.push(task);
      thread.worker.postMessage(task.job);
    }
  }

  /** A worker that never got ready is a fault of the program; one that ended over a file costs that file. */
  #lose(thread: Thread, error: unknown): void {
    if (!this.#threads.delete(thread) || this.#closing) return;
    const [culprit, ...rest] = thread.tasks;
    if (!thread.ready) {
      this.#failure = error;
      this.#queue.unshift(...thread.tasks);
    } else {
      culprit?.resolve(unreadable(culprit.job));
      this.#queue.unshift(...rest);
    }
    this.#feed();
  }

  #failAll(): void {
    const tasks = [...this.#queue.splice(0), ...[...this.#threads].flatMap((one) => one.tasks)];
    for (const task of tasks) task.reject(this.#failure);
  }
}

function unreadable(job: Job): Columns {
  const rows = new IntakeRows(job.recordKey);
  addRecord(rows, job, { state: "quarantined", reason: "SOURCE_UNREADABLE" });
  return rows.columns;
}
