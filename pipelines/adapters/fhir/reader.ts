import { fileText } from "../../../warehouse/sql.ts";
import { duckColumns, type Shape } from "./shape.ts";

/** DuckDB's own limit for one record, less a margin. */
const ROOM = 16_000_000;

/** DuckDB's strict reader over NDJSON records of one shape, the longest of so many bytes: it refuses a whole file for one that does not fit. */
export function strictReader(
  path: string,
  shape: { readonly [column: string]: Shape },
  longest: number,
): string {
  // DuckDB refuses longer records than it made room for, and room costs memory in every thread.
  const room = longest > ROOM ? `, maximum_object_size = ${longest + 1024}` : "";
  return `read_ndjson(${fileText(path)}, columns = ${duckColumns(shape)}${room})`;
}
