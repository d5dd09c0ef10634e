/** Anything that answers SQL in one of our dialects: a site's store, a hub's warehouse. */
export interface Queryable {
  readonly dialect: "duckdb" | "postgres";
  /**
   * All rows as objects. BIGINT, HUGEINT and numeric results are not alike in the dialects: cast what must be exact to text in
   * the query and read it with BigInt.
   */
  all<T extends object>(sql: string): Promise<T[]>;
}
