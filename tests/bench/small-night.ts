import { Writable } from "node:stream";
import { createProgress } from "../../pipelines/core/progress.ts";
import { runSite } from "../../pipelines/run.ts";
import { FORMATS, siteIn, temporary } from "../support/site.ts";

/**
 * What a night costs before it has anything to do: sites of four questionnaires, processor and wall time of the first night and the
 * least of those after it.
 *
 *     node tests/bench/small-night.ts [nights, default 8]
 */
const nights = Number(process.argv[2] ?? 8);
const { directory, remove } = await temporary();
console.log("format  first cpu ms  later cpu ms  later wall ms");
try {
  for (const format of FORMATS) {
    const site = await siteIn(directory, format);
    const spent: { processor: number; wall: number }[] = [];
    for (let i = 0; i < nights; i++) {
      const progress = createProgress({ err: new Writable(), tty: false, quiet: true });
      const before = process.cpuUsage();
      const started = performance.now();
      await runSite(site.directory, { progress, today: "2024-06-01" });
      const { user, system } = process.cpuUsage(before);
      spent.push({ processor: (user + system) / 1000, wall: performance.now() - started });
    }
    const [first, ...later] = spent;
    const least = (of: "processor" | "wall") => Math.min(...later.map((one) => one[of]));
    const cells = [first?.processor ?? 0, least("processor"), least("wall")].map(Math.round);
    console.log(format.padEnd(8), ...cells.map((cell) => String(cell).padStart(12)));
  }
} finally {
  await remove();
}
