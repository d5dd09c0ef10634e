// Studies at the size of a network: compute a site, all rounds of a logistic regression, combining. `node tests/bench/study.ts [sites] [administrations]`
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { combineSummaries, runStudy, summarizeSite } from "../../pipelines/study.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { describe, logistic, makeStore } from "./study-stores.ts";

const SITES = Number(process.argv[2] ?? 10);
const ADMINISTRATIONS = Number(process.argv[3] ?? 100_000);

const directory = await mkdtemp(join(tmpdir(), "propool-bench-study-"));
try {
  const { privatePem } = createSigningKey();
  const summaries = [];
  const times: { describe: number[]; logistic: number[] } = { describe: [], logistic: [] };
  // On a shared machine the processor's time says more than the clock.
  const processor: typeof times = { describe: [], logistic: [] };
  const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  for (let s = 0; s < SITES; s++) {
    const site = `S${s}`;
    await makeStore(join(directory, `${site}.duckdb`), site, ADMINISTRATIONS);
    const store = await openWarehouse(`duckdb:${site}.duckdb`, { baseDirectory: directory }).read();
    const [started, began] = [performance.now(), cpu()];
    const file = join(directory, `${site}.json`);
    summaries.push(
      await summarizeSite({ study: describe, store, site, signingKey: privatePem, file }),
    );
    const [described, half] = [performance.now(), cpu()];
    const results = await runStudy({ study: logistic, queryable: store });
    times.describe.push(described - started);
    times.logistic.push(performance.now() - described);
    processor.describe.push(half - began);
    processor.logistic.push(cpu() - half);
    if (s === 0) {
      const [model] = results.outcomes[0]?.models ?? [];
      process.stdout.write(
        `model ${model?.state}${model?.note ? `: ${model.note}` : ""}, ${model?.rounds} rounds, ${model?.fit?.coefficients.length} columns\n`,
      );
    }
    await store.close();
  }
  const started = performance.now();
  const combined = await combineSummaries({ study: describe, summaries });
  const combine = performance.now() - started;
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  process.stdout.write(
    [
      `${SITES} sites of ${ADMINISTRATIONS} administrations, ${combined.outcomes[0]?.rows[0]?.value} people`,
      `descriptive study, a site: median ${ms(median(times.describe))}, slowest ${ms(Math.max(...times.describe))}; processor ${ms(median(processor.describe))}`,
      `logistic regression, all rounds, a site: median ${ms(median(times.logistic))}, slowest ${ms(Math.max(...times.logistic))}; processor ${ms(median(processor.logistic))}`,
      `combine ${SITES} summaries: ${ms(combine)}`,
      `peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
      "",
    ].join("\n"),
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
