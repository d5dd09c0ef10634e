import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
} from "kysely";
import type { DuckDb } from "../duckdb.ts";

/**
 * Lets kysely speak to our one DuckDB connection, inside the transaction that is open on it (kysely-duckdb opens a connection
 * a query and turns dates into local midnights). Queries run one after another. Destroying kysely leaves the database open.
 */
export function duckDbDialect(db: DuckDb): Dialect {
  return {
    createAdapter: () => new DuckDbAdapter(),
    createDriver: () => duckDbDriver(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: duckDbIntrospector,
  };
}

class DuckDbAdapter extends PostgresAdapter {
  // DuckDB lets one process write, so a migration is alone already.
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

function duckDbDriver(db: DuckDb): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const reader = await db.connection.runAndReadAll(sql, [...parameters] as string[]);
      return {
        rows: reader.getRowObjects() as R[],
        numAffectedRows: BigInt(reader.rowsChanged),
      };
    },
    streamQuery() {
      throw new TypeError("stream with DuckDb.connection");
    },
  };
  const execute = (text: string) => async () => {
    await connection.executeQuery(CompiledQuery.raw(text));
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: execute("BEGIN TRANSACTION"),
    commitTransaction: execute("COMMIT"),
    rollbackTransaction: execute("ROLLBACK"),
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

interface CatalogueColumn {
  schema: string;
  table: string;
  column: string;
  type: string;
  nullable: boolean;
  default_value: string | null;
  view: boolean;
}

function duckDbIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
  return {
    async getSchemas() {
      const { rows } = await sql<{ name: string }>`
        SELECT schema_name AS name FROM duckdb_schemas() WHERE NOT internal
      `.execute(db);
      return rows;
    },
    async getTables(options = { withInternalKyselyTables: false }) {
      const { rows } = await sql<CatalogueColumn>`
        SELECT
          c.schema_name AS schema, c.table_name AS "table", column_name AS "column",
          data_type AS type, is_nullable AS nullable, column_default AS default_value,
          v.view_name IS NOT NULL AS view
        FROM duckdb_columns() c
        LEFT JOIN duckdb_views() v ON v.view_oid = c.table_oid AND NOT v.internal
        WHERE NOT c.internal AND c.database_name = current_database()
        ORDER BY schema, "table", column_index
      `.execute(db);
      const names = new Set(rows.map(({ table }) => table));
      return [...names]
        .map((name) => rows.filter(({ table }) => table === name))
        .map(tableMetadata)
        .filter(({ name }) => options.withInternalKyselyTables || !name.startsWith("propool_"));
    },
    getMetadata() {
      throw new TypeError("use getTables");
    },
  };
}

function tableMetadata(columns: CatalogueColumn[]) {
  const [first] = columns;
  return {
    name: first?.table ?? "",
    schema: first?.schema ?? "",
    isView: first?.view ?? false,
    columns: columns.map((column) => ({
      name: column.column,
      dataType: column.type,
      isNullable: column.nullable,
      hasDefaultValue: column.default_value !== null,
      isAutoIncrementing: false,
    })),
  };
}
