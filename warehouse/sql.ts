/** Quotes an identifier for DuckDB and PostgreSQL. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text literal for DuckDB and PostgreSQL (standard_conforming_strings). Only for names of files and catalogue constants, never for a patient's value. */
export function text(value: string): string {
  if (value.includes("\0")) throw new TypeError("a text literal cannot hold a NUL byte");
  return `'${value.replaceAll("'", "''")}'`;
}

/** DuckDB takes *, ? and [ in the name of a file for a pattern, and reads the files beside it. */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

/** The literal of a file's name that comes from somebody's folder. */
export function fileText(path: string): string {
  return text(literalPath(path));
}

export function textList(values: Iterable<string>): string {
  return `(${[...values].map(text).join(", ") || "NULL"})`;
}

/** The rows of a CSV file of ours, all columns as text; DuckDB is told how it is written, because finding out costs more than reading. */
export function csvFileSql(file: string, columns: readonly string[]): string {
  const types = columns.map((name) => `${text(name)}: 'VARCHAR'`).join(", ");
  return `read_csv(${text(file)}, columns = {${types}}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"')`;
}
