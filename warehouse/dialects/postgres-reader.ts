import pg from "pg";
import { plainInteger, type Selection, type Value, type WarehouseReader } from "./dialect.ts";
import { notSelect, refusedSql } from "./errors.ts";

const BATCH_ROWS = 5000;

/** Takes over the client: one read-only transaction, so that every query of a session sees the same publication. */
export async function openPostgresReader(client: pg.Client): Promise<WarehouseReader> {
  await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  return {
    dialect: "postgres",
    async all<T extends object>(sql: string) {
      const { rows } = await client.query({ text: sql, types });
      return rows as T[];
    },
    select: (sql) => select(client, sql),
    close: () => client.end(),
  };
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
      batches: batches(client, first.rows),
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

async function* batches(client: pg.Client, first: Value[][]): AsyncIterable<Value[][]> {
  let rows = first;
  while (rows.length > 0) {
    yield rows;
    ({ rows } = await fetchBatch(client));
  }
  await client.query("CLOSE selection");
}

function fetchBatch(client: pg.Client): Promise<pg.QueryArrayResult<Value[]>> {
  return client.query<Value[]>({
    text: `FETCH ${BATCH_ROWS} FROM selection`,
    rowMode: "array",
    types,
  });
}

const { builtins } = pg.types;

/** Values as the readers of all dialects give them. */
const types: pg.CustomTypesConfig = {
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

function duckDbType(field: pg.FieldDef): string {
  if (field.dataTypeID !== builtins.NUMERIC) return NAMES[field.dataTypeID] ?? "VARCHAR";
  // A computed numeric has no declared digits (-1); otherwise precision and scale are packed behind a 4-byte header.
  if (field.dataTypeModifier < 0) return "DOUBLE";
  const digits = field.dataTypeModifier - 4;
  return `DECIMAL(${digits >> 16},${digits & 0x7ff})`;
}
