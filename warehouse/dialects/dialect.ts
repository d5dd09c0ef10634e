import type { Queryable } from "../queryable.ts";
import type { TableName } from "../schema.ts";

/** One kind of database. A new one is one file of this shape and one line in index.ts. */
export interface Dialect {
  readonly name: Queryable["dialect"];
  /** Whether a URL of the hub's configuration means this dialect. */
  accepts(url: string): boolean;
  /** Nothing is opened yet; paths in the URL are relative to `baseDirectory`. */
  open(url: string, options: WarehouseOptions): Warehouse;
}

export interface WarehouseOptions {
  baseDirectory: string;
  /** How many publications a file is kept for; default 7. */
  publications?: number;
}

/** A hub's pooled rows. Readers see one publication or the next, never something between. */
export interface Warehouse {
  isPublished(): Promise<boolean>;
  /** @throws ProError `WAREHOUSE_MISSING` when nothing was published yet. */
  read(): Promise<WarehouseReader>;
  /**
   * Where DuckDB can scan the published tables: their own file, or `<table>.parquet` of those with rows, written into `scratch`.
   *
   * @throws ProError `WAREHOUSE_MISSING` when nothing was published yet.
   */
  scannable(scratch: string): Promise<Scannable>;
  /** Which submission of each site the newest rows hold; they may be newer than the publication that readers were sent back to. */
  held(): Promise<Held>;
  /**
   * Gives `work` a loader. What it loaded is published in one step when it returns; when it throws, or the process dies,
   * the last publication stays. `fresh` begins without rows instead of with the newest ones.
   */
  load<T>(
    work: (loader: Loader) => Promise<T>,
    options?: { fresh?: boolean; linkage?: "on" | "off" },
  ): Promise<T>;
  /** Kept publications; null where the dialect keeps one only. */
  readonly publications: Publications | null;
  /** Leaves nothing of rows that were removed, where people withdrew: older publications, dead rows in the database's files. */
  forgetRemoved(): Promise<void>;
}

export type Scannable = { file: string } | { parquetDirectory: string };

export interface Held {
  submissions: HeldSubmission[];
  /** Whether people are linked in it; null: not decided yet. */
  linkage: "on" | "off" | null;
}

export interface HeldSubmission {
  datamartid: string;
  sequence: number;
  manifest_sha256: string;
}

export interface Publications {
  list(): Promise<{ number: number; isCurrent: boolean }[]>;
  /** Lets readers see an older publication, until the newest is published again. @throws ProError `WAREHOUSE_PUBLICATION`. */
  publish(number: number): Promise<void>;
}

/** A submission's rows: `<table>.parquet` for every table that it has rows of, with the column `change`. */
export interface SiteRows {
  site: string;
  sequence: number;
  manifestSha256: string;
  directory: string;
  /** full: all rows of the site; changes: what became of the rows that the warehouse holds. */
  kind: "full" | "changes";
  /** Day on which the site sealed it, YYYY-MM-DD. */
  created?: string;
  /** Rows of each table of the site when this is loaded, where they are known: what was merged must add up to them. */
  rows?: RowCounts;
}

export type RowCounts = Record<TableName, number>;

export interface Loader {
  /**
   * Loads one submission as a unit: when it does not fit, nothing of it stays and loading goes on. Returns the site's rows by table.
   *
   * @throws ProError `SUBMISSION_*` when the rows do not fit those of the warehouse, `WAREHOUSE_LOAD`.
   */
  apply(rows: SiteRows): Promise<RowCounts>;
  removeSite(site: string): Promise<void>;
  /** Runs a statement on the rows as loaded so far, such as what links people; both dialects understand it. */
  run(sql: string): Promise<void>;
  all<T extends object>(sql: string): Promise<T[]>;
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

/** A row of DuckDB's driver with whole numbers as `plainInteger` gives them. */
export function plainRow(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "bigint" ? plainInteger(value) : value,
    ]),
  );
}
