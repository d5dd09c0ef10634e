import { DESCRIPTIONS, TABLE_NAMES } from "./schema.ts";
import { ident, text } from "./sql.ts";

/** The statements that give every column of the tables its comment; DuckDB and PostgreSQL share them. */
export function commentStatements(): string {
  return TABLE_NAMES.flatMap((table) =>
    Object.entries(DESCRIPTIONS[table]).map(
      ([column, description]) =>
        `COMMENT ON COLUMN ${ident(table)}.${ident(column)} IS ${text(description)}`,
    ),
  ).join(";\n");
}
