import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ProError } from "../core/errors.ts";
import { createLeavingValues, type Leaving } from "./leaving-values.ts";
import { type Searched, searchTexts } from "./search-texts.ts";

export interface LeakAudit {
  /** Different identifiers and free texts that were read this night. */
  identifiers: number;
  /** Different values about to leave in which they were searched. */
  values: number;
  /** Characters of the Parquet files' own descriptions that were searched at every place. */
  bytes: number;
  /**
   * How long the audit took, without noting what it searches for, and how long processors worked meanwhile: on this and on nights
   * beside it.
   */
  seconds: number;
  processorSeconds: number;
  /** What was found: always empty, because a find stops the night. */
  found: Leak[];
}

export interface Leak {
  table: string;
  column: string;
  /** Which kind of identifier, never the identifier. */
  kind: string;
}

/** Shorter texts say too little to be searched inside longer ones; they are compared as wholes. */
const INSIDE_LENGTH = 6;

/**
 * An identifier stands inside a text where a window of the text is its beginning: windows are joined with beginnings, so that the
 * cost grows with the two sizes and not with their product.
 */
const LEAKS = `
    WITH piece AS (
      SELECT DISTINCT table_name, column_name, value,
        unnest(list_transform(range(1, length(value) - ${INSIDE_LENGTH - 2}), lambda place: substr(value, place, ${INSIDE_LENGTH}))) AS beginning
      FROM leaving_value WHERE shape = 'text' AND length(value) >= ${INSIDE_LENGTH}
    )
    SELECT DISTINCT v.table_name AS table, v.column_name AS column, i.kind
    FROM leaving_value v JOIN identifier i ON i.value = v.value
    WHERE v.shape <> 'code' OR length(i.value) >= ${INSIDE_LENGTH}
    UNION
    SELECT DISTINCT p.table_name, p.column_name, i.kind
    FROM piece p JOIN identifier i ON left(i.value, ${INSIDE_LENGTH}) = p.beginning AND contains(p.value, i.value)
    WHERE length(i.value) >= ${INSIDE_LENGTH}
    ORDER BY ALL`;

/**
 * Searches everything that is about to leave for everything identifying that was read this night: values equal to an identifier,
 * and values that contain one. Values of closed lists (the catalogue's labels, our own words) are no finds: they stand there
 * whoever the patients are. Codes and language tags are compared as wholes only, and not with short identifiers: a record
 * number 311 says nothing about a diagnosis 311.
 *
 * In: `identifier` (createIdentifiers), `catalogue_*`, `word`, `value_set`, `observation_code`.
 *
 * @throws ProError `DISCLOSURE_LEAK` naming table, column and kind of identifier.
 */
export async function auditLeaks(db: DuckDb, leaving: Leaving): Promise<LeakAudit> {
  const started = performance.now();
  const before = process.cpuUsage();
  await createLeavingValues(db, leaving);
  const found = await db.all<Leak>(LEAKS);
  const { identifiers, values } = await db.one<{ identifiers: number; values: number }>(`
    SELECT (SELECT CAST(count(DISTINCT value) AS DOUBLE) FROM identifier) AS identifiers,
      (SELECT CAST(count(*) AS DOUBLE) FROM leaving_value) AS values`);
  const texts = await describedBy(leaving.files ?? []);
  for (const { name, kind } of await searchTexts(db, texts))
    found.push({ table: name, column: "", kind });
  const [first] = found;
  const bytes = texts.reduce((sum, { content }) => sum + content.length, 0);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const processorSeconds = (user + system) / 1e6;
  if (!first) return { identifiers, values, bytes, seconds, processorSeconds, found };
  throw new ProError(
    "DISCLOSURE_LEAK",
    `an identifier (${first.kind}) stands in what is about to leave`,
    {
      where: { file: first.table, pointer: first.column || undefined },
      hint: "nothing was released; take the column out of the privacy profile or mend the mapping that fills it",
    },
  );
}

/** What Parquet files say beside their rows: schema, statistics, who wrote them. Source: the Parquet format, file footer. */
async function describedBy(files: readonly string[]): Promise<Searched[]> {
  return Promise.all(
    files.map(async (path) => {
      const file = await open(path);
      try {
        const { size } = await file.stat();
        const tail = Buffer.alloc(8);
        await file.read(tail, 0, 8, size - 8);
        const footer = Buffer.alloc(Math.min(tail.readUInt32LE(0), size - 8));
        await file.read(footer, 0, footer.length, size - 8 - footer.length);
        return { name: basename(path), content: footer.toString("utf8") };
      } finally {
        await file.close();
      }
    }),
  );
}
