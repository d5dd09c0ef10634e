// Studies at the size of a network: compute a site, all rounds of a logistic regression, combining, memory.
// `node tests/bench/study.ts [sites=10] [administrations a site=100000]`; about two minutes, 60 MB of disk a site.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { combineSummaries, runStudy, summarizeSite } from "../../pipelines/study.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { describe, logistic } from "./study-stores.ts";

const SITES = Number(process.argv[2] ?? 10);
const ADMINISTRATIONS = Number(process.argv[3] ?? 100_000);
const run = promisify(execFile);

/** Wall clock and processor time, in ms; on a shared machine the processor's time says more than the clock. */
class Stopwatch {
  readonly #wall: number[] = [];
  readonly #processor: number[] = [];

  async time<T>(work: () => Promise<T>): Promise<T> {
    const [wall, before] = [performance.now(), process.cpuUsage()];
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    this.#wall.push(performance.now() - wall);
    this.#processor.push((user + system) / 1000);
    return result;
  }

  toString(): string {
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
    const [first = 0] = this.#wall;
    return `median ${ms(median(this.#wall))}, slowest ${ms(Math.max(...this.#wall))}, first ${ms(first)}; processor median ${ms(median(this.#processor))}`;
  }
}

const peak = () => `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`;
const ms = (value: number) => `${value.toFixed(0)} ms`;
const say = (line: string) => process.stdout.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), "propool-bench-study-"));
try {
  const { privatePem: signingKey } = createSigningKey();
  const [describing, again, fitting, combining] = Array.from({ length: 4 }, () => new Stopwatch());
  const summaries = [];
  for (let s = 0; s < SITES; s++) {
    const site = `S${s}`;
    const maker = join(import.meta.dirname, "study-stores.ts");
    await run(process.execPath, [
      maker,
      join(directory, `${site}.duckdb`),
      site,
      `${ADMINISTRATIONS}`,
    ]);
    const store = await openWarehouse(`duckdb:${site}.duckdb`, { baseDirectory: directory }).read();
    const releases = join(directory, site);
    const of = { study: describe, store, site, signingKey, releases };
    const file = join(directory, `${site}.json`);
    summaries.push(await describing?.time(() => summarizeSite({ ...of, file })));
    // Beside its own release: all sets of people are read and compared.
    await again?.time(() => summarizeSite({ ...of, file }));
    const results = await fitting?.time(() => runStudy({ study: logistic, queryable: store }));
    const [model] = results?.outcomes[0]?.models ?? [];
    if (s === 0)
      say(
        `model ${model?.state}, ${model?.rounds} rounds, ${model?.fit?.coefficients.length} columns`,
      );
    await store.close();
    if (s === 0) say(`peak memory of one site (512 MiB wanted): ${peak()}`);
  }
  const answers = summaries.filter((one) => one !== undefined);
  const combined = await combining?.time(() =>
    combineSummaries({ study: describe, summaries: answers }),
  );
  await combining?.time(() => combineSummaries({ study: describe, summaries: answers }));
  say(
    `${SITES} sites of ${ADMINISTRATIONS} administrations, ${combined?.outcomes[0]?.rows[0]?.value} people`,
  );
  say(`descriptive study, a site (1 s wanted): ${describing}`);
  say(`the same beside its first release: ${again}`);
  say(`logistic regression, all rounds, a site (3 s wanted): ${fitting}`);
  say(`combine ${SITES} summaries (100 ms wanted): ${combining}`);
  say(`peak memory of all sites after each other in this one process: ${peak()}`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
