import { spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../cli/main.ts");
/** Before it ends, the process tells on stderr what it used. */
const TELL = `process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  require("node:fs").writeSync(2, JSON.stringify({ used: { cpu: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 } }) + "\\n");
});`;

/** What a command took, as a process of its own. */
export interface Measured {
  /** By the clock and by the processors, in seconds. */
  wall: number;
  cpu: number;
  peakMb: number;
  /** Seconds of each stage, added up over the sites, and the rows that came out. */
  stages: Record<string, { seconds: number; rows: number }>;
  out: string;
}

/** Runs `propool <argv>` in a process of its own. @throws Error where it does not end with 0. */
export async function measureCommand(argv: readonly string[]): Promise<Measured> {
  const preload = `data:text/javascript,${encodeURIComponent(`import { createRequire } from "node:module"; const require = createRequire("file:///"); ${TELL}`)}`;
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", preload, MAIN, ...argv, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      let text = "";
      for await (const piece of stream.setEncoding("utf8")) text += piece;
      return text;
    }),
  );
  const code = child.exitCode ?? (await new Promise((done) => child.once("close", done)));
  const wall = (performance.now() - started) / 1000;
  const [out = "", err = ""] = texts;
  if (code !== 0) throw new Error(`propool ${argv.join(" ")} ended with ${code}: ${err}`);
  const lines = err.split("\n").filter((line) => line.startsWith("{"));
  const measured: Measured = { wall, cpu: 0, peakMb: 0, stages: {}, out };
  for (const line of lines) {
    const { stage, seconds, rows_out, used } = JSON.parse(line);
    if (used) Object.assign(measured, used);
    if (!stage) continue;
    const one = measured.stages[stage] ?? { seconds: 0, rows: 0 };
    measured.stages[stage] = { seconds: one.seconds + seconds, rows: one.rows + (rows_out ?? 0) };
  }
  return measured;
}

/** One line of a table: what was measured, total, memory, and the seconds of each stage. */
export function lineOf(name: string, { wall, cpu, peakMb, stages }: Measured): string {
  const times = Object.entries(stages).map(
    ([stage, { seconds }]) => `${stage} ${seconds.toFixed(1)}`,
  );
  return `${name.padEnd(44)} wall ${wall.toFixed(1)} s, cpu ${cpu.toFixed(1)} s, peak ${peakMb.toFixed(0)} MB (${times.join(", ")})`;
}
