import { readYaml } from "../../configuration/read-yaml.ts";
import { ProError } from "../../core/errors.ts";
import { type CsvMapping, csvMappingSchema, type FileEntry, isDate } from "./layout.ts";
import { withLayout } from "./layouts.ts";
import {
  answerMentions,
  type ColumnMention,
  type Columns,
  keyMention,
  mentionsOf,
  partsOf,
} from "./source.ts";

/** A site's mapping, with the files of its layout. @throws ProError `MAPPING_CSV` with file, line and key. */
export async function readCsvMapping(path: string): Promise<CsvMapping> {
  return withLayout(await readYaml(path, csvMappingSchema, "MAPPING_CSV"));
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
export interface ColumnUse extends ColumnMention {
  pointer: string;
  /** What is wanted is the date that it holds, not its text. */
  asDate?: boolean;
}

/** Every source column that an entry needs, in the order of the mapping; a column may be needed twice. */
export function columnUses(entry: FileEntry): ColumnUse[] {
  const uses = [...sourceUses("columns", entry.columns)];
  if ("person" in entry) uses.push(...sourceUses("person", entry.person ?? {}));
  const list = (pointer: string, columns: readonly ColumnMention[]) =>
    uses.push(...columns.map((mention, i) => ({ ...mention, pointer: `${pointer}.${i}` })));
  if (entry.kind === "long") {
    entry.also.forEach((columns, i) => {
      uses.push(...sourceUses(`also.${i}`, columns));
    });
    list("group_by", entry.group_by.map(keyMention));
  }
  if (entry.kind !== "wide") return uses;
  entry.instruments.forEach((block, i) => {
    const at = `instruments.${i}`;
    const { instrument, form, items, scores, source_id, free_text, ...columns } = block;
    uses.push(...sourceUses(at, columns as Columns));
    for (const [part, answers] of Object.entries({ items, scores })) {
      for (const [id, source] of Object.entries(answers)) {
        const pointer = `${at}.${part}.${id}`;
        uses.push(...answerMentions(source).map((mention) => ({ ...mention, pointer })));
      }
    }
    list(`${at}.source_id`, source_id.map(keyMention));
    list(
      `${at}.free_text`,
      free_text.map(({ column }) => keyMention(column)),
    );
  });
  return uses;
}

/** Columns of a file that its entry neither maps nor ignores, in the order of the file. */
export function unmappedColumns(entry: FileEntry, columns: readonly string[]): string[] {
  const known = new Set(columnUses(entry).map(({ column }) => column.toLowerCase()));
  for (const { column } of entry.ignore) known.add(column.toLowerCase());
  return columns.filter((column) => !known.has(column.toLowerCase()));
}

function sourceUses(pointer: string, columns: Columns): ColumnUse[] {
  return Object.entries(columns).flatMap(([name, source]) =>
    source === undefined
      ? []
      : partsOf(source)
          .flatMap(mentionsOf)
          .map((mention) => ({ ...mention, pointer: `${pointer}.${name}`, asDate: isDate(name) })),
  );
}
