import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { text } from "../../../warehouse/sql.ts";
import { strictReader } from "./reader.ts";
import { RESPONSE_ITEM } from "./resources.ts";
import { duckType } from "./shape.ts";

/**
 * The items of responses: millions of them are a few hundred different texts, and each of those is taken apart once. A text is that of
 * an item alone: what stands below it has texts of its own.
 *
 * `fhir_item_text` has the different texts, `fhir_item_read` what they say; `fhir_item_given` which of them stand in a row of
 * `fhir_questionnaireresponse`, and in which place; `fhir_item_place` the pointer of a place, and the items above it whose extensions
 * hold for what is below them.
 */
export const ITEM_TABLES = {
  fhir_item_text: "text_key BIGINT, text JSON",
  fhir_item_read: `text_key BIGINT, one ${duckType(RESPONSE_ITEM)}`,
  fhir_item_given: "response BIGINT, place BIGINT, text_key BIGINT",
  fhir_item_place: "place BIGINT, pointer VARCHAR, above BIGINT[]",
};

/**
 * Items without the ids that some systems give each of them, which would make all of them different. Nothing but a member's name
 * stands between quotes and before a colon: in a text they would have a backslash. (Every text is full of quotes, and looking for what
 * does not begin with one takes a third of the time.)
 */
export const ITEM_WITHOUT_IDS = `list_transform(item, lambda x: CASE WHEN contains(CAST(x AS VARCHAR), 'id":"')
  THEN regexp_replace(x, '"id":"[^"\\\\]*",|,"id":"[^"\\\\]*"', '', 'g') ELSE x END)`;

const MAY_HOLD_ITEMS = `contains(CAST(text AS VARCHAR), 'item":')`;

/** What of an item holds for those below it, too. */
const REACHES_BELOW =
  "(contains(CAST(text AS VARCHAR), 'questionnaireresponse-author') OR contains(CAST(text AS VARCHAR), '-isSubject'))";

/**
 * Every level is looked through for those below it, so that depth costs its square; real forms have a few dozen lists. CASE, because
 * both sides of an AND are worked out for every row.
 */
const HAS_MANY_LISTS =
  "CASE WHEN strlen(text) > 4000 THEN strlen(text) - strlen(replace(CAST(text AS VARCHAR), '[', '')) > 2000 ELSE false END";

/** A list in it, if it is one, without its items; a member that is given twice stays, so that the reader refuses it. */
const emptied = (
  json: string,
): string => `CASE WHEN json_type(${json}, '$.item') = 'ARRAY' AND ${isOnce(json, "item")}
    THEN json_merge_patch(${json}, '{"item":[]}') ELSE ${json} END`;

const isOnce = (json: string, member: string): string =>
  `len(list_filter(json_keys(${json}), lambda k: k = '${member}')) = 1`;

/** The text of an item without what stands below it. */
const OWN_TEXT = `CASE WHEN NOT ${MAY_HOLD_ITEMS} THEN text
    WHEN list_contains(json_type(text, '$.answer[*].item'), 'ARRAY') AND ${isOnce("text", "answer")}
    THEN json_merge_patch(${emptied("text")}, json_object('answer', list_transform(json_extract(text, '$.answer[*]'), lambda answer: ${emptied("answer")})))
    ELSE ${emptied("text")} END`;

/** An item that is null has its place in the form, and says nothing. */
const itemText = (json: string): string => `coalesce(${json}, CAST('null' AS JSON))`;

/** What stands below an item, at any of its answers too: pointers from it, and the texts there. */
const ITEMS_BELOW = `list_concat(
    list_transform(json_extract(text, '$.item[*]'), lambda x, i: {'pointer': '/item/' || (i - 1), 'text': ${itemText("x")}}),
    flatten(list_transform(json_extract(text, '$.answer[*]'), lambda answer, a: list_transform(json_extract(answer, '$.item[*]'),
      lambda x, i: {'pointer': '/answer/' || (a - 1) || '/item/' || (i - 1), 'text': ${itemText("x")}}))))`;

/** The bytes of the longest of some responses, and whether the sieve has seen how deep they are. */
interface Found {
  longest: number;
  isSieved: boolean;
}

/**
 * Takes the items of `fhir_response` apart, whose rows are about to follow those of `fhir_questionnaireresponse`. New texts go to the
 * strict reader as a file of their own: it refuses what it would refuse where they stood. False for items that the sieve must look
 * at first; nothing is kept of these.
 *
 * @throws what the strict reader throws.
 */
export async function readItems(
  db: DuckDb,
  scratch: string,
  { longest, isSieved }: Found,
): Promise<boolean> {
  const { first, known } = await db.one<{ first: bigint; known: bigint }>(
    "SELECT (SELECT count(*) FROM fhir_questionnaireresponse) AS first, (SELECT count(*) FROM fhir_item_text) AS known",
  );
  const top = `(SELECT response, place, ${itemText("text")} AS text
    FROM (SELECT ${first} + rowid AS response, unnest(range(1, len(item) + 1)) AS place, unnest(item) AS text FROM fhir_response))`;
  const { holders, deep } = await db.one<{ holders: bigint; deep: bigint }>(
    `SELECT count(*) AS holders, count(*) FILTER (${HAS_MANY_LISTS}) AS deep
    FROM (SELECT unnest(item) AS text FROM fhir_response) WHERE ${MAY_HOLD_ITEMS}`,
  );
  if (deep > 0n && !isSieved) return false;
  if (holders === 0n) await numberItems(db, top, "text");
  for (let level = top; holders > 0n && (await unfold(db, level)); level = "fhir_item_open");
  try {
    await readTexts(db, join(scratch, "items.ndjson"), { known, longest });
  } catch (error) {
    await db.run(`DELETE FROM fhir_item_given WHERE response >= ${first}`);
    await db.run(`DELETE FROM fhir_item_text WHERE text_key > ${known}`);
    throw error;
  }
  return true;
}

/** Numbers the texts of some items that nobody has numbered, and notes where they stand: those of the first level in the place that they have. */
async function numberItems(db: DuckDb, items: string, own: string): Promise<void> {
  await db.run(`INSERT INTO fhir_item_text
    SELECT (SELECT count(*) FROM fhir_item_text) + row_number() OVER (), text
    FROM (SELECT DISTINCT ${own} AS text FROM ${items}) ANTI JOIN fhir_item_text USING (text)`);
  await db.run(`INSERT INTO fhir_item_given
    SELECT response, place, text_key FROM (SELECT response, place, ${own} AS own FROM ${items}) JOIN fhir_item_text ON text = own`);
  await db.run(`INSERT INTO fhir_item_place
    SELECT place, '/item/' || (place - 1), [] FROM range(1, (SELECT coalesce(max(place), 0) + 1 FROM fhir_item_given)) t(place)
    ANTI JOIN fhir_item_place USING (place)`);
}

/** Does it for items that may hold others: those are in `fhir_item_open` then. Returns whether there are any. */
async function unfold(db: DuckDb, items: string): Promise<boolean> {
  await numberItems(db, items, OWN_TEXT);
  await db.run(`CREATE OR REPLACE TABLE fhir_item_below AS
    SELECT i.response, i.place, i.below, t.text_key AS above
    FROM (
      SELECT response, place, CASE WHEN ${REACHES_BELOW} THEN ${OWN_TEXT} END AS own, unnest(${ITEMS_BELOW}) AS below
      FROM ${items} WHERE ${MAY_HOLD_ITEMS}
    ) i LEFT JOIN (SELECT * FROM fhir_item_text WHERE ${REACHES_BELOW}) t ON t.text = i.own`);
  const path =
    "p.pointer || b.pointer AS pointer, CASE WHEN b.above IS NULL THEN p.above ELSE list_append(p.above, b.above) END AS above";
  await db.run(`INSERT INTO fhir_item_place
    SELECT -(SELECT count(*) FROM fhir_item_place) - row_number() OVER (), pointer, above
    FROM (SELECT ${path} FROM (SELECT DISTINCT place, below.pointer, above FROM fhir_item_below) b JOIN fhir_item_place p USING (place))
    ANTI JOIN fhir_item_place USING (pointer, above)`);
  await db.run(`CREATE OR REPLACE TABLE fhir_item_open AS
    WITH step AS (
      SELECT b.place, b.pointer AS step, b.above AS reaching, ${path}
      FROM (SELECT DISTINCT place, below.pointer, above FROM fhir_item_below) b JOIN fhir_item_place p USING (place)
    )
    SELECT b.response, n.place, b.below.text AS text FROM fhir_item_below b
    JOIN step s ON s.place = b.place AND s.step = b.below.pointer AND s.reaching IS NOT DISTINCT FROM b.above
    JOIN fhir_item_place n ON n.pointer = s.pointer AND n.above = s.above`);
  const [open] = await db.all("SELECT 1 FROM fhir_item_open LIMIT 1");
  if (open === undefined) await db.run("DROP TABLE fhir_item_open; DROP TABLE fhir_item_below");
  return open !== undefined;
}

async function readTexts(
  db: DuckDb,
  path: string,
  { known, longest }: { known: bigint; longest: number },
): Promise<void> {
  try {
    const written = await db.run(
      `COPY (SELECT text_key, text AS one FROM fhir_item_text WHERE text_key > ${known}) TO ${text(path)} (FORMAT json)`,
    );
    if (written === 0) return;
    const shape = { text_key: "VARCHAR", one: RESPONSE_ITEM } as const;
    // Written anew, an item may be a little longer than it was.
    const reader = strictReader(path, shape, 2 * longest);
    const read = await db.run(`INSERT INTO fhir_item_read FROM ${reader}`);
    if (read !== written) throw new Error(`${written} items were written but ${read} were read`);
  } finally {
    await rm(path, { force: true });
  }
}
