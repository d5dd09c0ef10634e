// All data checks and the page over a million rows of PRO_CM: node tests/bench/quality.ts [people], 132 rows each.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { withChecked } from "../../pipelines/check.ts";
import { writeReport } from "../../pipelines/report.ts";
import { addCleanSite, dropCatalogue, qualityStore } from "../support/quality-data.ts";
import { temporary } from "../support/site.ts";

const TODAY = "2026-01-15";
const people = Number(process.argv[2] ?? 7600);
const { directory, remove } = await temporary();
try {
  await mkdir(join(directory, "store"));
  await writeFile(
    join(directory, "site.yaml"),
    "site: BENCH\nname: Bench\nnetwork: NET\nformat: fhir\n",
  );
  const store = await qualityStore(join(directory, "store", "store.duckdb"));
  await addCleanSite(store, { site: "BENCH", people });
  await dropCatalogue(store);
  store.close();
  const checks = await timed(() => withChecked(directory, { today: TODAY }, async () => undefined));
  const report = await timed(() => writeReport(directory, { today: TODAY }));
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(
    `rows ${people * 132}\nchecks ${checks} s (goal 60)\nchecks and page ${report} s\npeak ${peak} MB, making the data included (goal 1024)\n`,
  );
} finally {
  await remove();
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const started = performance.now();
  await work();
  return ((performance.now() - started) / 1000).toFixed(1);
}
