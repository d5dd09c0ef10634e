import type { Queryable } from "../queryable.ts";
import type { TableName } from "../schema.ts";

/** One kind of database. A new one is one file of this shape and one line in index.ts. */
export interface Dialect {
  readonly name: Queryable["dialect"];
  /** Whether a URL of the hub's configuration means this dialect. */
  accepts(url: string): boolean;
  /** Nothing is opened yet; paths in the URL are relative to `baseDirectory`. */
  open(url: string, options: { baseDirectory: string }): Warehouse;
}

/** A hub's pooled rows. Readers see one publication or the next, never something between. */
export interface Warehouse {
  isPublished(): Promise<boolean>;
  /** @throws ProError `WAREHOUSE_MISSING` when nothing was published yet. */
  read(): Promise<WarehouseReader>;
  /**
   * Gives `work` a loader. What it loaded is published in one step when it returns; when it throws, or the process dies,
   * the last publication stays. `fresh` begins without rows instead of with those of the last publication.
   */
  load<T>(work: (loader: Loader) => Promise<T>, options?: { fresh?: boolean }): Promise<T>;
}

/** The rows of one site's submission: one `<table>.parquet` for every table in `directory`. */
export interface SiteRows {
  site: string;
  sequence: number;
  manifestSha256: string;
  directory: string;
}

export type RowCounts = Record<TableName, number>;

export interface Loader {
  /** Puts these rows in the place of all rows of the site; returns how many a table got. */
  replaceSite(rows: SiteRows): Promise<RowCounts>;
  removeSite(site: string): Promise<void>;
}

/** Read-only. DATE is YYYY-MM-DD, DECIMAL text with its digits, a BIGINT a number while it is exact as one and text beyond. */
export interface WarehouseReader extends Queryable {
  /** Runs one SELECT that a person wrote; anything else is refused. The batches must be read before the next query. */
  select(sql: string): Promise<Selection>;
  close(): Promise<void>;
}

export interface Selection {
  /** `type` is a DuckDB type name. */
  columns: { name: string; type: string }[];
  batches: AsyncIterable<Value[][]>;
}

export type Value = string | number | boolean | null;

/** A whole number of any size: as a number while that is exact, as text beyond. */
export function plainInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
