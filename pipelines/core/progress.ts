import type { Writable } from "node:stream";

/** One finished stage of a run: what went in, what came out. */
export interface StageEvent {
  /** Site or hub id. */
  node: string;
  stage: string;
  seconds: number;
  rowsIn?: number | undefined;
  rowsOut?: number | undefined;
}

/** Where a long run tells how far it is. A bar-like single line on a terminal, plain lines otherwise. */
export interface Progress {
  /** Runs one stage, tells its start and end, and keeps the event; a result with rowsIn or rowsOut is counted. */
  stage<T>(node: string, stage: string, work: () => Promise<T>): Promise<T>;
  readonly events: readonly StageEvent[];
}

/** The same, for one of several runs over the same site: its stages say which. */
export function labelled(progress: Progress, label: string): Progress {
  return {
    events: progress.events,
    stage: (node, stage, work) => progress.stage(`${node}, ${label}`, stage, work),
  };
}

export function createProgress(options: {
  err: Writable;
  tty: boolean;
  quiet?: boolean;
  /** One line of JSON a finished stage, for a log that programs read, instead of text. */
  json?: boolean;
}): Progress {
  const events: StageEvent[] = [];
  const show = (text: string, end: boolean) => {
    if (options.quiet || options.json) return;
    if (options.tty) options.err.write(`\r\x1b[2K${end ? "" : text}`);
    else if (end) options.err.write(`${text}\n`);
  };
  return {
    events,
    async stage(node, stage, work) {
      const started = performance.now();
      show(`${node}: ${stage} …`, false);
      try {
        const result = await work();
        const seconds = (performance.now() - started) / 1000;
        const rows = (result ?? {}) as { rowsIn?: number; rowsOut?: number };
        events.push({ node, stage, seconds, rowsIn: rows.rowsIn, rowsOut: rows.rowsOut });
        if (options.json && !options.quiet) {
          const counts = { rows_in: rows.rowsIn, rows_out: rows.rowsOut };
          const event = { site: node, stage, seconds: Number(seconds.toFixed(3)), ...counts };
          options.err.write(`${JSON.stringify(event)}\n`);
        }
        show(`${node}: ${stage} ${seconds.toFixed(1)} s`, true);
        return result;
      } catch (error) {
        // Only a terminal has a line to clear.
        if (options.tty) show("", true);
        throw error;
      }
    },
  };
}
