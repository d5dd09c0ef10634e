import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeWhole } from "./files.ts";

/** One measured number: its labels, and the value. */
export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** Name (without `propool_`) -> what it means, and its samples. */
export type Metrics = Record<string, { help: string; samples: Sample[] }>;

const LAST_SUCCESS = "last_success_timestamp_seconds";

/**
 * Writes what a night measured as a text file for node_exporter's textfile collector. A night that failed keeps the time of the last one that
 * did not. Source: Prometheus text exposition format 0.0.4.
 */
export async function writeMetrics(
  file: string,
  node: string,
  night: { metrics: Metrics; isSuccess: boolean },
): Promise<void> {
  const now = Date.now() / 1000;
  const before = await readFile(file, "utf8").catch(() => "");
  const last = new RegExp(`^propool_${LAST_SUCCESS}\\{.*\\} (\\d+(\\.\\d+)?)$`, "m").exec(
    before,
  )?.[1];
  const all: Metrics = {
    last_run_timestamp_seconds: { help: "when the last night ended", samples: [{ value: now }] },
    last_run_success: {
      help: "1: the last night ended well, 0: it failed",
      samples: [{ value: night.isSuccess ? 1 : 0 }],
    },
    [LAST_SUCCESS]: {
      help: "when a night last ended well",
      samples: night.isSuccess ? [{ value: now }] : last ? [{ value: Number(last) }] : [],
    },
    ...night.metrics,
  };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The collector runs under a user of its own; there is nothing of a person in it.
  await writeWhole(file, metricsText(all, node), 0o644);
}

function metricsText(metrics: Metrics, node: string): string {
  return Object.entries(metrics)
    .filter(([, { samples }]) => samples.length > 0)
    .map(([name, { help, samples }]) => {
      const lines = samples.map(({ labels, value }) => {
        const pairs = Object.entries({ node, ...labels }).map(
          ([key, word]) => `${key}="${labelText(word)}"`,
        );
        return `propool_${name}{${pairs.join(",")}} ${value}`;
      });
      return `# HELP propool_${name} ${help}\n# TYPE propool_${name} gauge\n${lines.join("\n")}\n`;
    })
    .join("");
}

function labelText(word: string): string {
  return word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
