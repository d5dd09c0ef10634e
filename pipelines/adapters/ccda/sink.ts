import {
  type DuckDBAppender,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { ident } from "../../../warehouse/sql.ts";
import { type Cell, type Columns, TABLES, type Table } from "./rows.ts";

/** DuckDB takes no larger chunk. */
const CHUNK_ROWS = 2048;

interface Target {
  appender: DuckDBAppender;
  types: DuckDBType[];
  /** Columns of rows that wait for a full chunk. */
  waiting: Cell[][];
}

/** Appends column chunks to the intake tables and to `ccda_document`, in the order in which they come. */
export class IntakeSink {
  readonly #targets = new Map<Table, Target>();

  static async open(db: DuckDb): Promise<IntakeSink> {
    const sink = new IntakeSink();
    const own = Object.entries(TABLES.ccda_document).map(
      ([name, [type]]) => `${ident(name)} ${type}`,
    );
    await db.run(`CREATE OR REPLACE TABLE ccda_document (${own.join(", ")})`);
    for (const table of Object.keys(TABLES) as Table[]) {
      const appender = await db.connection.createAppender(table);
      const types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i));
      sink.#targets.set(table, { appender, types, waiting: types.map(() => []) });
    }
    return sink;
  }

  add(columns: Columns): void {
    for (const [table, added] of Object.entries(columns)) {
      const target = this.#targets.get(table as Table);
      if (target === undefined) continue;
      for (const [i, column] of target.waiting.entries()) {
        for (const cell of added[i] ?? []) column.push(cell);
      }
      while ((target.waiting[0]?.length ?? 0) >= CHUNK_ROWS) appendChunk(target);
    }
  }

  /** Writes what waits; nothing is in the tables for sure before this. */
  finish(): void {
    for (const target of this.#targets.values()) {
      if ((target.waiting[0]?.length ?? 0) > 0) appendChunk(target);
      target.appender.flushSync();
    }
  }

  close(): void {
    for (const { appender } of this.#targets.values()) appender.closeSync();
  }
}

function appendChunk({ appender, types, waiting }: Target): void {
  const columns = waiting.map((column) => column.splice(0, CHUNK_ROWS));
  const chunk = DuckDBDataChunk.create(types, columns[0]?.length ?? 0);
  for (const [i, column] of columns.entries()) {
    chunk.setColumnValues(
      i,
      column.map(types[i]?.toString().startsWith("DECIMAL") ? toDecimal : asIs),
    );
  }
  appender.appendDataChunk(chunk);
}

function asIs(cell: Cell): DuckDBValue {
  return cell;
}

function toDecimal(cell: Cell): DuckDBValue {
  return typeof cell === "bigint" ? new DuckDBDecimalValue(cell, 18, 6) : null;
}
