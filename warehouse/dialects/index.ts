import type { Dialect } from "./dialect.ts";
import { duckdb } from "./duckdb.ts";
import { postgres } from "./postgres.ts";

export const DIALECTS: readonly Dialect[] = [duckdb, postgres];

export type {
  Dialect,
  Held,
  HeldSubmission,
  Loader,
  Publications,
  RowCounts,
  Scannable,
  Selection,
  SiteRows,
  Value,
  Warehouse,
  WarehouseOptions,
  WarehouseReader,
} from "./dialect.ts";
