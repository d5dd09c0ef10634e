import pg from "pg";
import { bitmapBytes } from "../queryable.ts";
import { plainInteger, type Selection, type Value, type WarehouseReader } from "./dialect.ts";
import { notSelect, refusedSql } from "./errors.ts";

const BATCH_ROWS = 5000;

/** Takes over the client: one read-only transaction, so that every query of a session sees the same publication. */
export async function openPostgresReader(client: pg.Client): Promise<WarehouseReader> {
  await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    dialect: "postgres",
    async all<T extends object>(sql: string) {
      const { fields, rows } = await client.query<Value[]>({ text: sql, types, rowMode: "array" });
      const read = rowReader(fields);
      return rows.map((row) => {
        const values = read(row);
        return Object.fromEntries(fields.map(({ name }, index) => [name, values[index]])) as T;
      });
    },
    async members(sql, size) {
      const { rows } = await client.query<[string, string, string, string]>({
        text: `SELECT stratum, part, CAST(value AS TEXT), string_agg(CAST(head AS TEXT), ',') FROM (\n${sql}\n) AS member GROUP BY 1, 2, 3`,
        rowMode: "array",
      });
      return rows.map(([stratum, part, value, heads]) => ({
        stratum,
        part,
        value: BigInt(value),
        people: bitmapOf(heads, size),
      }));
    },
    select: (sql) => select(client, sql),
    close: () => client.end(),
  };
}

function bitmapOf(heads: string, size: number): Uint8Array {
  const people = new Uint8Array(bitmapBytes(size));
  for (const text of heads.split(",")) {
    const head = Number(text);
    people[head >> 3] = (people[head >> 3] ?? 0) | (128 >> (head & 7));
  }
  return people;
}

/** A cursor accepts one SELECT and nothing else, and the extended protocol no second statement behind it. */
async function select(client: pg.Client, sql: string): Promise<Selection> {
  await client.query("SAVEPOINT before_select");
  try {
    await client.query({
      text: `DECLARE selection NO SCROLL CURSOR FOR ${sql}`,
      queryMode: "extended",
    } as pg.QueryConfig);
    const first = await fetchBatch(client);
    return {
      columns: first.fields.map((field) => ({ name: field.name, type: duckDbType(field) })),
      batches: batches(client, first),
    };
  } catch (cause) {
    await client.query("ROLLBACK TO SAVEPOINT before_select");
    const { code } = cause as { code?: string };
    // 42601: syntax error, which is also what a cursor says of any statement that is no query.
    if (code === "42601" && !/^\s*(SELECT|WITH|VALUES|FROM|\()/i.test(sql)) throw notSelect();
    if (code === "0A000" || /multiple commands/.test(String(cause))) throw notSelect();
    throw refusedSql(cause);
  }
}

type Batch = pg.QueryArrayResult<Value[]>;

async function* batches(client: pg.Client, first: Batch): AsyncIterable<Value[][]> {
  const read = rowReader(first.fields);
  for (let batch = first; batch.rows.length > 0; ) {
    yield batch.rows.map(read);
    // Some errors of a query show only in its rows.
    batch = await fetchBatch(client).catch((cause) => {
      throw refusedSql(cause);
    });
  }
  await client.query("CLOSE selection");
}

function fetchBatch(client: pg.Client): Promise<Batch> {
  return client.query<Value[]>({
    text: `FETCH ${BATCH_ROWS} FROM selection`,
    rowMode: "array",
    types,
  });
}

const { builtins } = pg.types;

/** Values as the readers of all dialects give them. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number) {
    if (oid === builtins.INT8) return (value: string) => plainInteger(BigInt(value));
    if (oid in PLAIN_NUMBERS) return Number;
    if (oid === builtins.BOOL) return (value: string) => value === "t";
    return (value: string) => value;
  },
};

const PLAIN_NUMBERS: Record<number, string> = {
  [builtins.INT2]: "SMALLINT",
  [builtins.INT4]: "INTEGER",
  [builtins.FLOAT4]: "FLOAT",
  [builtins.FLOAT8]: "DOUBLE",
};

const NAMES: Record<number, string> = {
  ...PLAIN_NUMBERS,
  [builtins.INT8]: "BIGINT",
  [builtins.BOOL]: "BOOLEAN",
  [builtins.DATE]: "DATE",
  [builtins.TIMESTAMP]: "TIMESTAMP",
  [builtins.TIMESTAMPTZ]: "TIMESTAMP WITH TIME ZONE",
};

/** Sums and means have no declared digits; then the type's modifier is -1. */
function isComputed({ dataTypeID, dataTypeModifier }: pg.FieldDef): boolean {
  return dataTypeID === builtins.NUMERIC && dataTypeModifier < 0;
}

/** Reads sums and means as numbers, as DuckDB gives them. */
function rowReader(fields: pg.FieldDef[]): (row: Value[]) => Value[] {
  const computed = fields.map(isComputed);
  return (row) =>
    row.map((value, index) => {
      if (!computed[index] || value === null) return value;
      const digits = String(value);
      return /^-?\d+$/.test(digits) ? plainInteger(BigInt(digits)) : Number(digits);
    });
}

function duckDbType(field: pg.FieldDef): string {
  if (isComputed(field)) return "DOUBLE";
  if (field.dataTypeID !== builtins.NUMERIC) return NAMES[field.dataTypeID] ?? "VARCHAR";
  // Precision and scale are packed behind a header of 4.
  const digits = field.dataTypeModifier - 4;
  return `DECIMAL(${digits >> 16},${digits & 0x7ff})`;
}
