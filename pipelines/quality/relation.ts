import type { TableName } from "../../warehouse/schema.ts";

/**
 * A relation that checks are made over: what one row is, which column names it, and its query. `datamartid` is among the columns.
 *
 * Levels say where it can be had: `store` from the CDM tables of a site or a hub; `night` only while a site's night still holds
 * the source's own dates, words and refused answers; `history` from what earlier refreshes left; `network` only at a hub.
 */
export interface Relation {
  level: "store" | "night" | "history" | "network";
  /** One row is ... */
  row: string;
  /** Table without whose rows the relation has none; it is not asked for then. */
  needs?: TableName;
  /** SQL expression that names a row. */
  key: string;
  sql: string;
  /**
   * The same rows with those that are alike taken together: the columns that checks ask for, and `alike`, how many they are. Rows
   * are counted here then, and `sql` is asked only for the keys of what fails.
   */
  counted?: string;
}
