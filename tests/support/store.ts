import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDb } from "../../warehouse/duckdb.ts";
import {
  type CdmDatabase,
  type ColumnShape,
  TABLE_NAMES,
  type TableName,
  tableShape,
} from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { bringToNewest } from "../../warehouse/store-file.ts";

/** Rows by table; required columns that a case does not care about may be left out. */
export type StoreRows = { [T in TableName]?: Partial<CdmDatabase[T]>[] };

/**
 * A store with the schema of schema.ts and these rows. Required columns are filled: `datamartid` with `site`, keys and references
 * with a number of the row, codes with one of their value set, dates with 2024-01-01.
 */
export async function storeWith(
  rows: StoreRows,
  options: { site?: string; path?: string } = {},
): Promise<DuckDb> {
  const db = await (options.path ? storeAt(options.path) : storeInMemory());
  for (const table of TABLE_NAMES) {
    await insertRows(db, table, (rows[table] ?? []) as Values[], options.site ?? "SITEA");
  }
  return db;
}

async function storeAt(path: string): Promise<DuckDb> {
  await bringToNewest(path);
  return DuckDb.open(path, { small: true });
}

/** Copied from a file, which is made of a few hundred statements once a process. */
async function storeInMemory(): Promise<DuckDb> {
  const directory = await mkdtemp(join(tmpdir(), "propool-store-"));
  const path = join(directory, "store.duckdb");
  try {
    await bringToNewest(path);
    const db = await DuckDb.open(":memory:", { small: true });
    await db.run(`ATTACH ${text(path)} AS made (READ_ONLY)`);
    await db.run("COPY FROM DATABASE made TO memory");
    await db.run("DETACH made");
    return db;
  } finally {
    await rm(directory, { recursive: true });
  }
}

type Values = Record<string, string | number | boolean | null | undefined>;

async function insertRows(db: DuckDb, table: TableName, rows: Values[], site: string) {
  const { columns } = tableShape(table);
  const names = Object.keys(columns);
  const target = `${ident(table)} (${names.map(ident).join(", ")})`;
  const slots = names.map((_, index) => `$${index + 1}`).join(", ");
  for (const [index, row] of rows.entries()) {
    const unknown = Object.keys(row).filter((name) => !(name in columns));
    if (unknown.length > 0) throw new TypeError(`${table} has no column ${unknown.join(", ")}`);
    const filled = { ...requiredValues(table, index), datamartid: site, ...row } as Values;
    await db.run(
      `INSERT INTO ${target} VALUES (${slots})`,
      names.map((name) => filled[name] ?? null),
    );
  }
}

const CODES: Record<string, string> = {
  enc_type: "AV",
  condition: "F32.1",
  condition_type: "10",
  condition_source: "HC",
  px: "96127",
  px_type: "CH",
  death_source: "L",
  networkid: "NET",
  kind: "score",
  name: "total",
  instrument: "phq-9",
  origin: "computed",
};

function requiredValues(table: TableName, index: number): Values {
  const { columns } = tableShape(table);
  const required = Object.entries(columns).filter(([, { required }]) => required);
  return Object.fromEntries(required.map(([name, shape]) => [name, valueFor(name, shape, index)]));
}

function valueFor(name: string, { type }: ColumnShape, index: number): Values[string] {
  if (type === "date") return "2024-01-01";
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return 0;
  if (name.endsWith("_origin")) return "stated";
  return CODES[name] ?? `${name}-${index + 1}`;
}
