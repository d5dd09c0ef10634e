import {
  DuckDBDecimalValue,
  type DuckDBResult,
  type DuckDBValue,
  StatementType,
} from "@duckdb/node-api";
import { DuckDb } from "../duckdb.ts";
import { duckDbMembers, duckDbScratch } from "../queryable.ts";
import { isSmall } from "../small.ts";
import { plainInteger, type Selection, type Value, type WarehouseReader } from "./dialect.ts";
import { notSelect, refusedSql } from "./errors.ts";

/** Opens a published file for reading only; SQL cannot reach other files, the network or extensions. */
export async function openDuckDbReader(file: string): Promise<WarehouseReader> {
  const db = await DuckDb.open(file, { readOnly: true, small: await isSmall([file]) });
  await db.run("SET enable_external_access = false");
  await db.run("SET lock_configuration = true");
  return {
    dialect: "duckdb",
    async all<T extends object>(sql: string) {
      const reader = await db.connection.runAndReadAll(sql);
      return reader
        .getRowObjects()
        .map((row) =>
          Object.fromEntries(Object.entries(row).map(([k, v]) => [k, plain(v)])),
        ) as T[];
    },
    scratch: (sql) => duckDbScratch((statement) => db.run(statement), sql),
    members: (sql, size) => duckDbMembers(db.connection, sql, size),
    select: (sql) => select(db, sql),
    close: async () => db.close(),
  };
}

async function select(db: DuckDb, sql: string): Promise<Selection> {
  const refuse = (cause: unknown): never => {
    throw /multiple statements/.test(String(cause)) ? notSelect() : refusedSql(cause);
  };
  const statement = await db.connection.prepare(sql).catch(refuse);
  if (statement.statementType !== StatementType.SELECT) throw notSelect();
  const result = await statement.stream().catch(refuse);
  const types = result.columnTypes();
  return {
    columns: result.columnNames().map((name, index) => ({ name, type: String(types[index]) })),
    batches: batches(result),
  };
}

async function* batches(result: DuckDBResult): AsyncIterable<Value[][]> {
  for (;;) {
    // Some errors of a query show only in its rows.
    const chunk = await result.fetchChunk().catch((cause) => {
      throw refusedSql(cause);
    });
    if (!chunk || chunk.rowCount === 0) return;
    yield chunk.getRows().map((row) => row.map(plain));
  }
}

function plain(value: DuckDBValue): Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return plainInteger(value);
  if (value instanceof DuckDBDecimalValue && value.scale === 0) return plainInteger(value.value);
  return String(value);
}
