import { expect, it } from "vitest";
import { DuckDb } from "../../warehouse/duckdb.ts";

/** A list cannot be spilled: 64 MB of numbers. */
const LARGE = "SELECT list(i) AS list FROM range(8000000) r(i)";

async function inLittleMemory(work: (db: DuckDb) => Promise<void>, memoryMost?: string) {
  const memory = { memoryLimit: "48MB", ...(memoryMost && { memoryMost }) };
  const db = await DuckDb.open(":memory:", memory);
  try {
    await work(db);
  } finally {
    db.close();
  }
}

it.each([
  ["the limit is the most", undefined],
  ["the most is too little as well", "96MB"],
])("a statement that does not fit fails where %s", async (_, most) => {
  await inLittleMemory((db) => expect(db.run(LARGE)).rejects.toThrow(/^Out of Memory/), most);
});

it("a statement that does not fit is done again with more, and the limit holds for the next one", async () => {
  await inLittleMemory(async (db) => {
    await db.run(LARGE);
    const [{ limit } = {}] = await db.all("SELECT current_setting('memory_limit') AS limit");
    expect(limit).toBe("45.7 MiB");
  }, "2GB");
});

it("what does not fit into a transaction fails for want of memory, not because the transaction has ended", async () => {
  await inLittleMemory(async (db) => {
    await db.run("BEGIN");
    await expect(db.run(LARGE)).rejects.toThrow(/^Out of Memory/);
  }, "2GB");
});
