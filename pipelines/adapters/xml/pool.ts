import { Worker } from "node:worker_threads";

/** What a pool works with: the script of its threads, what they are started with, and what a job yields whose thread was lost. */
export interface PoolOptions<Job, Result> {
  script: URL;
  start: unknown;
  /** How many threads at most. */
  size: number;
  /** A file that ends its worker is accounted for by this; the rest goes on. */
  lost(job: Job): Result;
}

/** What a thread tells: once that it is ready, then a result a job, in their order. */
export type WorkerMessage<Result> = { ready: true } | { result: Result };

/** Files a worker has at hand, so that it never waits for the main thread. */
const AHEAD = 2;
/** Finished documents that may wait for a slow one before them, a worker. */
const WAITING = 4;

/**
 * Reads files in worker threads and yields what they made of them in the order of the jobs, whoever was done first.
 * Memory is bounded by a few documents a worker.
 */
export async function* inWorkers<Job, Result>(
  jobs: Iterable<Job>,
  options: PoolOptions<Job, Result>,
): AsyncGenerator<Result> {
  const pool = new WorkerPool(options);
  const waiting = jobs[Symbol.iterator]();
  try {
    const pending: Promise<Result>[] = [];
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

interface Task<Job, Result> {
  job: Job;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

interface Thread<Job, Result> {
  worker: Worker;
  ready: boolean;
  /** Sent and not answered, oldest first: a worker answers in order. */
  tasks: Task<Job, Result>[];
}

class WorkerPool<Job, Result> {
  readonly size: number;
  readonly #options: PoolOptions<Job, Result>;
  readonly #queue: Task<Job, Result>[] = [];
  readonly #threads = new Set<Thread<Job, Result>>();
  #failure: unknown;
  #closing = false;

  constructor(options: PoolOptions<Job, Result>) {
    this.#options = options;
    this.size = Math.max(1, options.size);
  }

  read(job: Job): Promise<Result> {
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

  #addThread(): Thread<Job, Result> {
    const { script, start } = this.#options;
    const worker = new Worker(script, { workerData: start, execArgv: [] });
    const thread: Thread<Job, Result> = { worker, ready: false, tasks: [] };
    this.#threads.add(thread);
    worker.on("message", (message: WorkerMessage<Result>) => this.#receive(thread, message));
    worker.on("error", (error) => this.#lose(thread, error));
    worker.on("exit", () => this.#lose(thread, new Error("a worker ended by itself")));
    return thread;
  }

  #receive(thread: Thread<Job, Result>, message: WorkerMessage<Result>): void {
    if ("ready" in message) thread.ready = true;
    else thread.tasks.shift()?.resolve(message.result);
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
      const task = this.#queue.shift() as Task<Job, Result>;
      thread.tasks.push(task);
      thread.worker.postMessage(task.job);
    }
  }

  /** A worker that never got ready is a fault of the program; one that ended over a file costs that file. */
  #lose(thread: Thread<Job, Result>, error: unknown): void {
    if (!this.#threads.delete(thread) || this.#closing) return;
    const [culprit, ...rest] = thread.tasks;
    if (!thread.ready) {
      this.#failure = error;
      this.#queue.unshift(...thread.tasks);
    } else {
      culprit?.resolve(this.#options.lost(culprit.job));
      this.#queue.unshift(...rest);
    }
    this.#feed();
  }

  #failAll(): void {
    const tasks = [...this.#queue.splice(0), ...[...this.#threads].flatMap((one) => one.tasks)];
    for (const task of tasks) task.reject(this.#failure);
  }
}
