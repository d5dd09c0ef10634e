import { join } from "node:path";
import { readSite } from "./configuration/site.ts";
import { inParallel } from "./core/in-parallel.ts";
import { type Metrics, writeMetrics } from "./core/metrics.ts";
import { type RunOptions, type RunReport, runSite } from "./run.ts";

/** How the night of one site ended. */
export type NightEnd =
  | { directory: string; report: RunReport; error?: never }
  | { directory: string; error: unknown; report?: never };

/**
 * The nights of several sites, so many at a time. One that fails does not stop the others; each leaves `reports/metrics.prom`, and tells
 * `onEnd` as it ends.
 */
export async function runSites(
  directories: readonly string[],
  options: RunOptions & { jobs: number; onEnd?: (end: NightEnd) => void },
): Promise<NightEnd[]> {
  const { jobs, onEnd, ...run } = options;
  return inParallel(directories, jobs, async (directory) => {
    const end: NightEnd = await runSite(directory, run).then(
      (report) => ({ directory, report }),
      (error) => ({ directory, error }),
    );
    if (!run.dryRun) await tellMetrics(directory, end.report ?? null);
    onEnd?.(end);
    return end;
  });
}

/** What cannot be written here was told by the night itself: a full disk, a folder that is no site. */
async function tellMetrics(directory: string, report: RunReport | null): Promise<void> {
  const site = await readSite(directory).catch(() => null);
  if (!site) return;
  const night = { metrics: report ? nightMetrics(report) : {}, isSuccess: report !== null };
  await writeMetrics(join(site.reportsDirectory, "metrics.prom"), site.site, night).catch(
    () => undefined,
  );
}

function nightMetrics({ ledgers, store, issues, stages, seconds, submission }: RunReport): Metrics {
  const byName = (name: string, counts: Record<string, number>) =>
    Object.entries(counts).map(([key, value]) => ({ labels: { [name]: key }, value }));
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return {
    night_seconds: { help: "how long the night took", samples: [{ value: seconds }] },
    stage_seconds: {
      help: "how long its stages took",
      samples: stages.map(({ stage, seconds: value }) => ({ labels: { stage }, value })),
    },
    records: {
      help: "source records of the night by the state in which they ended",
      samples: byName("state", { ...ledgers.records }),
    },
    answers: { help: "answers likewise", samples: byName("state", { ...ledgers.answers }) },
    store_rows: { help: "rows of the store after the night", samples: byName("table", store) },
    submission_rows: {
      help: "rows that left in a submission",
      samples: [{ value: submission ? sum(submission.rows) : 0 }],
    },
    issues: {
      help: "problems in the data by reason",
      samples: issues.map(({ code, count }) => ({ labels: { code }, value: count })),
    },
  };
}
