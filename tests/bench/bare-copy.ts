import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";

/**
 * What the rows of a store cost PostgreSQL itself: text files that lie ready, sent by COPY FROM STDIN, as psql's `\copy` does, in one transaction
 * into an empty warehouse with its keys and indexes. Returns seconds.
 */
export async function bareCopy(store: string, url: string): Promise<number> {
  await openWarehouse(url, { baseDirectory: "." }).load(async () => {});
  const directory = await mkdtemp(join(tmpdir(), "propool-bare-"));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await writeTexts(store, directory);
    const started = performance.now();
    await client.query("BEGIN");
    for (const table of TABLE_NAMES)
      await pipeline(
        createReadStream(join(directory, table), { highWaterMark: 1 << 20 }),
        client.query(copyFrom(`COPY ${ident(table)} (${columnsOf(table)}) FROM STDIN`)),
      );
    await client.query("COMMIT");
    return (performance.now() - started) / 1000;
  } finally {
    await client.end();
    await rm(directory, { recursive: true });
  }
}

const columnsOf = (table: (typeof TABLE_NAMES)[number]) =>
  Object.keys(tableShape(table).columns).map(ident).join(", ");

/** The invented rows hold no tab, no line end and no backslash: what COPY's text format would escape. */
async function writeTexts(store: string, directory: string): Promise<void> {
  const db = await DuckDb.open(store, { readOnly: true });
  try {
    for (const table of TABLE_NAMES)
      await db.run(
        `COPY (SELECT ${columnsOf(table)} FROM ${ident(table)}) TO ${text(join(directory, table))} (FORMAT csv, DELIMITER '\t', NULLSTR '\\N', HEADER false, QUOTE '', ESCAPE '')`,
      );
  } finally {
    db.close();
  }
}
