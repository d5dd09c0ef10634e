import { type Kysely, sql } from "kysely";
import { ident, text } from "../sql.ts";

/** What a dialect can and should do; migrations and loaders ask this, never which dialect it is. */
export interface Capabilities {
  /** Declares primary keys. Without them a load is several times faster and queries prove that keys are unique. */
  primaryKeys: boolean;
  /** Makes roles for loading and reading. */
  roles: boolean;
  /** Spreads rows over machines by this column, which then belongs to every key. */
  distribution: "patid" | null;
}

/** One step of the schema's history. Its DDL is frozen: a change is a new migration. */
export type WarehouseMigration = (db: Kysely<unknown>, can: Capabilities) => Promise<void>;

export interface NewTable {
  name: string;
  comment: string;
  /** Columns that identify a row. */
  key: readonly string[];
  /** Column definitions in SQL that DuckDB and PostgreSQL share. */
  columns: string;
  /** Column comments by name. */
  comments?: Readonly<Record<string, string>>;
}

export async function createTable(
  db: Kysely<unknown>,
  can: Capabilities,
  table: NewTable,
): Promise<void> {
  const name = ident(table.name);
  const spread = can.distribution;
  const isSpread = spread && table.columns.includes(`${spread} `) && !table.key.includes(spread);
  const columns = isSpread ? [...table.key, spread] : table.key;
  const key = can.primaryKeys ? `, PRIMARY KEY (${columns.map(ident).join(", ")})` : "";
  await sql.raw(`CREATE TABLE ${name} (${table.columns}${key})`).execute(db);
  await sql.raw(`COMMENT ON TABLE ${name} IS ${text(table.comment)}`).execute(db);
  for (const [column, comment] of Object.entries(table.comments ?? {})) {
    await sql.raw(`COMMENT ON COLUMN ${name}.${ident(column)} IS ${text(comment)}`).execute(db);
  }
}
