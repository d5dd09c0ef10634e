// Writes warehouse/schema.ts from mappings/cdm: npm run schema
import { join } from "node:path";
import { writeWhole } from "../pipelines/core/files.ts";
import { mappingsDirectory } from "../pipelines/core/mappings.ts";
import { DuckDb } from "./duckdb.ts";
import { text } from "./sql.ts";

interface Field {
  table: string;
  field: string;
  type: "text" | "date" | "number" | "integer" | "boolean";
  length: string | null;
  precision: string | null;
  scale: string | null;
  required: "Y" | "N";
  key: string | null;
  references: string | null;
  value_set: string | null;
  description: string | null;
}

const DATAMARTID: Field = {
  table: "",
  field: "datamartid",
  type: "text",
  length: "10",
  precision: null,
  scale: null,
  required: "Y",
  key: "PK",
  references: null,
  value_set: null,
  description: "the site (HARVEST.DATAMARTID)",
};

/** The text of warehouse/schema.ts as mappings/cdm asks for it. */
export async function schemaSource(): Promise<string> {
  const fields = await readFields();
  const tables = [...new Set(fields.map(({ table }) => table))].map((table) => ({
    table,
    // The site comes first in every table: it partitions the warehouse and leads every key.
    fields: [
      DATAMARTID,
      ...fields.filter((field) => field.table === table && field.field !== "datamartid"),
    ],
  }));
  return [
    HEADER,
    ...tables.map(({ table, fields }) => interfaceSource(table, fields)),
    "/** Every table of a store and of a warehouse, for kysely. */",
    "export interface CdmDatabase {",
    ...tables.map(({ table }) => `  ${table}: ${typeName(table)};`),
    "}\n",
    "/** Tables in loading order: a table stands after those that it refers to. */",
    "export const TABLES = {",
    ...tables.map(({ table, fields }) => constantSource(table, fields)),
    "} as const satisfies Record<string, TableShape>;\n",
    "export type TableName = keyof typeof TABLES;",
    "export const TABLE_NAMES = Object.keys(TABLES) as TableName[];\n",
    "/** What each column holds, for the comments in the database. */",
    "export const DESCRIPTIONS: Record<TableName, Record<string, string>> = {",
    ...tables.map(({ table, fields }) => descriptionSource(table, fields)),
    "};\n",
    "/** The shape of one table, with the columns by name. */",
    "export function tableShape(table: TableName): TableShape {\n  return TABLES[table];\n}\n",
  ].join("\n");
}

const HEADER = `// Generated from mappings/cdm by warehouse/generate-schema.ts (npm run schema). Do not edit.

export interface ColumnShape {
  type: "text" | "date" | "number" | "integer" | "boolean";
  /** Longest text in characters; null: no limit. */
  length: number | null;
  /** Digits in all and after the point, of a number. */
  precision: number | null;
  scale: number | null;
  required: boolean;
  /** \`table.column\` that a value must exist in, where the CDM says so. */
  references: string | null;
  /** Name in mappings/cdm/value_sets.csv. */
  valueSet: string | null;
}

export interface TableShape {
  /** Columns that identify a row, the site first. */
  key: readonly string[];
  /** In the order of the table. */
  columns: Readonly<Record<string, ColumnShape>>;
}
`;

async function readFields(): Promise<Field[]> {
  const db = await DuckDb.open(":memory:");
  try {
    const files = ["fields.csv", "companion.csv"].map((name) =>
      join(mappingsDirectory, "cdm", name),
    );
    const rows = await Promise.all(
      files.map((file) => db.all<Field>(`FROM read_csv(${text(file)}, all_varchar = true)`)),
    );
    return rows.flat();
  } finally {
    db.close();
  }
}

function interfaceSource(table: string, fields: Field[]): string {
  const columns = fields.map(
    (field) => `  ${field.field}: ${TYPES[field.type]}${field.required === "Y" ? "" : " | null"};`,
  );
  return `export interface ${typeName(table)} {\n${columns.join("\n")}\n}\n`;
}

// A date is YYYY-MM-DD; a number keeps its digits as text.
const TYPES = {
  text: "string",
  date: "string",
  number: "string",
  integer: "number",
  boolean: "boolean",
};

function constantSource(table: string, fields: Field[]): string {
  const key = fields.filter((field) => field.key?.startsWith("PK")).map(({ field }) => field);
  const columns = fields.map((field) => {
    const shape = {
      type: field.type,
      length: number(field.length),
      precision: number(field.precision),
      scale: number(field.scale),
      required: field.required === "Y",
      references: field.references,
      valueSet: field.value_set,
    };
    return `      ${field.field}: ${JSON.stringify(shape)},`;
  });
  return `  ${table}: {\n    key: ${JSON.stringify(key)},\n    columns: {\n${columns.join("\n")}\n    },\n  },`;
}

function descriptionSource(table: string, fields: Field[]): string {
  const lines = fields.map(
    ({ field, description }) => `    ${field}: ${JSON.stringify(description ?? "")},`,
  );
  return `  ${table}: {\n${lines.join("\n")}\n  },`;
}

function number(value: string | null): number | null {
  return value === null ? null : Number(value);
}

/** pro_cm -> ProCmTable */
function typeName(table: string): string {
  const words = table.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `${words.join("")}Table`;
}

if (import.meta.main) {
  await writeWhole(join(import.meta.dirname, "schema.ts"), await schemaSource());
}
