import { rm } from "node:fs/promises";
import { basename, join, matchesGlob } from "node:path";
import { ident, textList } from "../../../warehouse/sql.ts";
import { ProError } from "../../core/errors.ts";
import type { AdapterInput } from "../adapter.ts";
import { cell, lookupTable } from "./expressions.ts";
import type { CsvMapping, FileEntry, Lookup } from "./layout.ts";
import { plainText } from "./plain-text.ts";
import { type Marks, scanRecord } from "./record.ts";
import { readCsv } from "./scratch.ts";
import { type Columns, partsOf } from "./source.ts";

/**
 * Fills the scratch table of each lookup that an entry uses with the keys that the file in `table` has: vocabularies have millions
 * of rows. Without its file a lookup finds nothing.
 *
 * @throws ProError `MAPPING_LOOKUP` for a name or column that is not there, `MAPPING_LOOKUP_REPEATED` for a key with two values.
 */
export async function loadLookups(
  input: AdapterInput,
  { lookups }: CsvMapping,
  entry: FileEntry,
  table: string,
): Promise<void> {
  const columns = new Map<string, Set<string>>();
  for (const source of Object.values(entry.columns as Columns)) {
    for (const part of source === undefined ? [] : partsOf(source)) {
      if (!("lookup" in part) || !part.lookup) continue;
      const known = columns.get(part.lookup) ?? new Set();
      columns.set(part.lookup, known.add(part.column));
    }
  }
  for (const [name, used] of columns) {
    const lookup = lookups[name];
    if (!lookup) throw unknown(name);
    await load(input, name, lookup, [...used], table);
  }
}

async function load(
  { db, exportDirectory, files, scratch }: AdapterInput,
  name: string,
  lookup: Lookup,
  columns: readonly string[],
  table: string,
): Promise<void> {
  const found = lookupTable(name);
  await db.run(`CREATE OR REPLACE TEMP TABLE ${found} (key VARCHAR, value VARCHAR)`);
  const file = files.find(
    (one) => matchesGlob(one, lookup.match) || matchesGlob(basename(one), lookup.match),
  );
  if (file === undefined) return;
  const path = join(exportDirectory, file);
  const plain = await plainText({
    path,
    file,
    encoding: undefined,
    scratch,
    name: `${table}_lookup`,
  });
  try {
    const { columns: all, marks } = headerOf(plain.head, lookup, file);
    const dialect = { ...marks, header: true, lineFeed: false };
    const except = lookup.except.length
      ? ` AND trim(${ident(lookup.key)}) NOT IN ${textList(lookup.except)}`
      : "";
    const keys = columns.map((column) => `SELECT ${cell(column)} FROM ${table}`).join(" UNION ");
    await db.run(`INSERT INTO ${found}
      SELECT DISTINCT trim(${ident(lookup.key)}), nullif(trim(${ident(lookup.value)}), '')
      FROM ${readCsv(plain.path, all, dialect)}
      WHERE trim(${ident(lookup.key)}) IN (${keys})${except}`);
  } finally {
    for (const copy of plain.copies) await rm(copy, { force: true });
  }
  const { repeated } = await db.one<{ repeated: boolean }>(
    `SELECT count(*) > count(DISTINCT key) AS repeated FROM ${found}`,
  );
  if (repeated) throw twice(file, lookup.key);
}

function headerOf(head: string, lookup: Lookup, file: string) {
  const quote = lookup.quote === "none" ? "" : lookup.quote;
  const tried = [lookup.delimiter ?? ["\t", ",", ";", "|"]].flat().map((delimiter) => {
    const marks: Marks = { delimiter, quote, escape: quote };
    const columns = (scanRecord(head, 0, marks, true)?.fields ?? []).map((name) => name.trim());
    return { marks, columns };
  });
  const has = (columns: readonly string[], name: string) =>
    columns.some((column) => column.toLowerCase() === name.toLowerCase());
  const header = tried.find(
    ({ columns }) => has(columns, lookup.key) && has(columns, lookup.value),
  );
  if (header) return header;
  throw new ProError(
    "MAPPING_LOOKUP",
    `the file has no columns ${lookup.key} and ${lookup.value}`,
    {
      where: { file },
      hint: "correct key, value and delimiter under lookups in the mapping",
    },
  );
}

function unknown(name: string): ProError {
  return new ProError(
    "MAPPING_LOOKUP",
    `the mapping uses a lookup ${name} that it does not define`,
    {
      where: { pointer: "lookups" },
      hint: "define it under lookups: with match, key and value",
    },
  );
}

function twice(file: string, key: string): ProError {
  return new ProError("MAPPING_LOOKUP_REPEATED", `a key of ${key} stands for two values`, {
    where: { file },
    hint: "a lookup needs one value a key; name another column as key",
  });
}
