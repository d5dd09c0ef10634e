import { readYaml } from "../../configuration/read-yaml.ts";
import { ProError } from "../../core/errors.ts";
import { type Columns, type CsvMapping, csvMappingSchema, type FileEntry } from "./layout.ts";

/** @throws ProError `MAPPING_CSV` with file, line and key. */
export async function readCsvMapping(path: string): Promise<CsvMapping> {
  return readYaml(path, csvMappingSchema, "MAPPING_CSV");
}

/** Checks a mapping that was read elsewhere. @throws ProError `MAPPING_CSV` with the path of the key. */
export function checkCsvMapping(mapping: unknown): CsvMapping {
  const result = csvMappingSchema.safeParse(mapping);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ProError("MAPPING_CSV", issue?.message ?? "the mapping does not fit its schema", {
    where: { pointer: issue?.path.map(String).join(".") || "(top level)" },
    hint: "see the comments in the file that propool init writes",
    cause: result.error,
  });
}

/** One mention of a source column in a mapping; `pointer` is its place below the file's entry. */
export interface ColumnUse {
  column: string;
  pointer: string;
}

/** Every source column that an entry needs, in the order of the mapping; a column may be needed twice. */
export function columnUses(entry: FileEntry): ColumnUse[] {
  const uses = [...sourceUses("columns", entry.columns)];
  if ("person" in entry) uses.push(...sourceUses("person", entry.person ?? {}));
  const list = (pointer: string, columns: readonly string[]) =>
    uses.push(...columns.map((column, i) => ({ column, pointer: `${pointer}.${i}` })));
  if (entry.kind === "long") list("group_by", entry.group_by);
  if (entry.kind !== "wide") return uses;
  entry.instruments.forEach((block, i) => {
    const at = `instruments.${i}`;
    const { instrument, items, scores, source_id, free_text, ...columns } = block;
    uses.push(...sourceUses(at, columns as Columns));
    uses.push(...sourceUses(`${at}.items`, items), ...sourceUses(`${at}.scores`, scores));
    list(`${at}.source_id`, source_id);
    list(
      `${at}.free_text`,
      free_text.map((comment) => comment.column),
    );
  });
  return uses;
}

/** Columns of a file that its entry neither maps nor ignores, in the order of the file. */
export function unmappedColumns(entry: FileEntry, columns: readonly string[]): string[] {
  const known = new Set(columnUses(entry).map((use) => use.column));
  for (const { column } of entry.ignore) known.add(column);
  return columns.filter((column) => !known.has(column));
}

function sourceUses(pointer: string, columns: Columns): ColumnUse[] {
  return Object.entries(columns).flatMap(([name, source]) => {
    if (source === undefined || (typeof source === "object" && "value" in source)) return [];
    const column = typeof source === "string" ? source : source.column;
    return [{ column, pointer: `${pointer}.${name}` }];
  });
}
