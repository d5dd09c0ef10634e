import { expect, it } from "vitest";
import { duckdbEngine, postgresEngine } from "../support/kill-engines.ts";
import { type KillEngine, type KillTrial, killHarness } from "../support/kill-harness.ts";

/** Kills a database. */
const KILLS = Number(process.env.PROPOOL_KILLS ?? 200);

async function torture(engine: KillEngine): Promise<void> {
  const harness = await killHarness(engine);
  const trials: KillTrial[] = [];
  for (let index = 0; index < KILLS; index++) trials.push(await harness.trial(Math.random()));
  await harness.remove();
  const wrong = trials.filter((one) => one.wrong.length > 0);
  const slowest = Math.max(...trials.map(({ rerunSeconds }) => rerunSeconds));
  const runs = trials.filter(({ killed }) => killed.startsWith("run")).length;
  console.log(
    `${engine.name}: ${trials.length} kills (${runs} of run, ${trials.length - runs} of pool), ${wrong.length} with a difference; slowest run and pool after a kill ${slowest.toFixed(1)} s`,
  );
  expect(wrong).toEqual([]);
  expect(slowest).toBeLessThan(10 * Number(process.env.PROPOOL_SLOWNESS ?? 1));
}

it("kills run and pool on DuckDB", () => torture(duckdbEngine), 3_600_000);

it("kills run and pool on PostgreSQL", async () => {
  const engine = await postgresEngine();
  await torture(engine);
  await engine.stop();
}, 3_600_000);
