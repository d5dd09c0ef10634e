import { expect, it, vi } from "vitest";
import { duckdbEngine, postgresEngine } from "../support/kill-engines.ts";
import { type KillEngine, killHarness } from "../support/kill-harness.ts";

vi.setConfig({ testTimeout: 300_000 });

// A few here; 200 a database in npm run torture.
const KILLS = { duckdb: 1, postgres: 1 } as Record<string, number>;

async function kill(engine: KillEngine): Promise<void> {
  const harness = await killHarness(engine);
  for (let part = 0; part < (KILLS[engine.name] ?? 0); part++) {
    const { killed, wrong } = await harness.trial(
      (part + Math.random()) / (KILLS[engine.name] ?? 1),
    );
    expect(wrong, killed).toEqual([]);
  }
  await harness.remove();
}

it("a killed run or pool is made good by the next one: DuckDB", () => kill(duckdbEngine));

it("a killed run or pool is made good by the next one: PostgreSQL", async () => {
  const engine = await postgresEngine();
  await kill(engine);
  await engine.stop();
});
