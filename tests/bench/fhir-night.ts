import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initSite } from "../../pipelines/init.ts";
import { patient, people, response, writeRecords } from "./fhir-records.ts";

/**
 * What a whole night and a preview of many answers take, in time and memory: forms of ten answers by 50,000 people. Each command is
 * a process of its own, whose largest resident size Linux keeps.
 *
 *     node tests/bench/fhir-night.ts [answers …, default 1000000 5000000 10000000]
 */
const sizes = process.argv.slice(2).map(Number);
const MAIN = join(import.meta.dirname, "../../cli/main.ts");

console.log("answers     command  seconds  answers/s  peak MB");
for (const answers of sizes.length > 0 ? sizes : [1_000_000, 5_000_000, 10_000_000]) {
  const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
  try {
    const site = join(root, "clinic");
    await initSite(site, { site: "BENCH", name: "Bench", network: "NET", format: "fhir" });
    await mkdir(join(site, "export"), { recursive: true });
    await writeRecords(join(site, "export/Patient.ndjson"), people, patient);
    const forms = join(site, "export/QuestionnaireResponse.ndjson");
    await writeRecords(forms, answers / 10, response);
    await measure("preview", answers, ["preview", forms, "--site", site, "--format", "csv"]);
    await measure("run", answers, ["run", site]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function measure(name: string, answers: number, argv: string[]): Promise<void> {
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peakKb = 0;
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 100);
  const code = await new Promise((done) => child.once("close", done));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    [
      String(answers).padEnd(12),
      name.padEnd(9),
      seconds.toFixed(1).padStart(7),
      String(Math.round(answers / seconds)).padStart(11),
      String(Math.round(peakKb / 1024)).padStart(9),
    ].join(""),
  );
}
