import type { DuckDb } from "../../warehouse/duckdb.ts";

/** A text or the readable part of a file that is searched as a whole. */
export interface Searched {
  name: string;
  content: string;
}

/** Shorter identifiers stand in machine-made bytes by chance. */
const IN_BYTES = 8;

/**
 * Searches texts for every identifier of 8 characters or more that was read, at any place. A window of 8 characters slides over the
 * texts and is joined with the identifiers' beginnings, so that the cost grows with the two sizes and not with their product.
 * Tokens, keys' fingerprints and hashes are skipped: long runs of their letters say nothing.
 *
 * In: `identifier`. Returns where which kind of identifier was found.
 */
export async function searchTexts(
  db: DuckDb,
  texts: readonly Searched[],
): Promise<{ name: string; kind: string }[]> {
  const found = await candidates(db, texts, IN_BYTES);
  const leaks = found.filter(({ text, value }) => standsIn(text.content.toLowerCase(), value));
  return leaks.map(({ text, kind }) => ({ name: text.name, kind }));
}

/** Which of some short texts (names of files, places) hold an identifier of at least 4 characters. */
export async function identifyingTexts(
  db: DuckDb,
  texts: readonly string[],
): Promise<ReadonlySet<string>> {
  const different = [...new Set(texts)].map((content) => ({ name: content, content }));
  const found = await candidates(db, different, 4);
  const isPart = ({ text, value }: Candidate) =>
    text.content.toLowerCase().includes(value) &&
    (value.length >= 6 || words(text.content).includes(value));
  return new Set(found.filter(isPart).map(({ text }) => text.content));
}

const words = (content: string) => content.toLowerCase().split(/[^\p{L}\p{N}]+/u);

interface Candidate {
  text: Searched;
  kind: string;
  value: string;
}

async function candidates(
  db: DuckDb,
  texts: readonly Searched[],
  width: number,
): Promise<Candidate[]> {
  await db.run("CREATE OR REPLACE TEMP TABLE searched_window (text INTEGER, part VARCHAR)");
  const appender = await db.connection.createAppender("searched_window", undefined, "temp");
  for (const [i, { content }] of texts.entries()) {
    for (const part of windows(content.toLowerCase(), width)) {
      appender.appendInteger(i);
      appender.appendVarchar(part);
      appender.endRow();
    }
  }
  appender.closeSync();
  const rows = await db.all<{ text: number; kind: string; value: string }>(
    `SELECT DISTINCT w.text, i.kind, i.value FROM searched_window w
    JOIN (SELECT kind, value, left(value, ${width}) AS part FROM identifier WHERE length(value) >= ${width}) i USING (part)`,
  );
  await db.run("DROP TABLE searched_window");
  return rows.flatMap(({ text, kind, value }) => {
    const one = texts[text];
    return one ? [{ text: one, kind, value }] : [];
  });
}

/** The different windows of printable characters; no identifier holds another one. */
function windows(content: string, width: number): Set<string> {
  const all = new Set<string>();
  for (const run of content.split(/[\p{Cc}\uFFFD]+/u)) {
    for (let at = 0; at + width <= run.length; at++) all.add(run.slice(at, at + width));
  }
  return all;
}

/** Whether a value stands in a text other than inside a token or a hash. */
function standsIn(content: string, value: string): boolean {
  for (let at = content.indexOf(value); at >= 0; at = content.indexOf(value, at + 1)) {
    const around = content.slice(Math.max(0, at - 64), at + value.length + 64);
    const runs = around.match(/[0-9a-f]{32,}|[0-9a-z_-]{43,}/g) ?? [];
    if (!runs.some((run) => run.includes(value))) return true;
  }
  return false;
}
