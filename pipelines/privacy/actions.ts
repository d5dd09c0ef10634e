import { join } from "node:path";
import { z } from "zod";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { type ColumnShape, type TableName, tableShape } from "../../warehouse/schema.ts";
import { csvFileSql, ident } from "../../warehouse/sql.ts";
import { mappingsDirectory } from "../core/mappings.ts";

/** What a profile can do to a column. */
export const action = z.union([
  z
    .enum([
      "keep",
      "keep-time",
      "drop",
      "shift-date",
      "year-only",
      "cap-age",
      "truncate-zip3",
      "code-only",
      "row-key",
      "partial-date",
    ])
    .describe("how the column leaves"),
  z.templateLiteral(["token:", z.string().regex(/^[a-z_0-9]+$/)]),
  z.templateLiteral(["band:", z.int().positive()]),
]);
export type Action = z.infer<typeof action>;

/** What each action does, for those who approve a profile. */
export const MEANINGS = {
  keep: "as it is: a code, a number or a word of a closed list",
  "keep-time": "a time of day, as it is",
  drop: "does not leave",
  token:
    "HMAC-SHA256 under the site's key (hash_token: under the project's linkage key); pro_cm_id: that of pro_seq, then the item's or score's name",
  "shift-date": "moved by the person's own number of days, the same for all dates of the person",
  "year-only": "the first of January of its year",
  "cap-age": "the year of birth; people of 90 and more as one group",
  "truncate-zip3": "three digits of the ZIP code; 000 where 20,000 people or fewer live",
  "code-only": "only a code or a text of the catalogue; anything else is left out",
  "row-key": "the token that the row itself has",
  "partial-date":
    "a year or month whose day is not known, as the column for which it stands: as it is, moved by whole years or months, or its year in that column",
  band: "the lower bound of a band of that many years or units",
} as const;

/** The purpose of a token action: `token:patid` makes tokens of people. */
export function purposeOf(one: string | undefined): string | null {
  return one?.startsWith("token:") ? one.slice("token:".length) : null;
}

/** Whether a column's dates are not the source's own any more. */
export function isObfuscated(one: Action | undefined): boolean {
  return (
    one === "shift-date" ||
    one === "year-only" ||
    one === "cap-age" ||
    one?.startsWith("band:") === true
  );
}

/** What the catalogue and the word lists say, whoever the patients are. */
export const CLOSED_LISTS = `
  SELECT label FROM catalogue_answer UNION ALL SELECT label FROM catalogue_item UNION ALL SELECT item FROM catalogue_item
  UNION ALL SELECT code FROM catalogue_code UNION ALL SELECT name FROM catalogue_code
  UNION ALL SELECT instrument FROM catalogue_instrument UNION ALL SELECT version FROM catalogue_instrument
  UNION ALL SELECT unnest([score, scale, confidence]) FROM catalogue_score
  UNION ALL SELECT label FROM catalogue_band UNION ALL SELECT version FROM catalogue_version
  UNION ALL SELECT version FROM catalogue_code UNION ALL SELECT link FROM crosswalk
  UNION ALL SELECT i.name || ', ' || replace(s.score, '_', ' ') || unnest(['', ', linked']) FROM catalogue_score s JOIN catalogue_instrument i USING (instrument)
  UNION ALL SELECT code FROM word`;

/** Codes have a digit and no blank, language tags follow BCP 47; names of people are neither. */
export const CODE_SHAPE = "[A-Za-z0-9][A-Za-z0-9.-]{0,17}";
const LANGUAGE_TAG = "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*";

/** Creates the temporary tables `closed_word` and `zip3_restricted` (value) that actions look into. */
export async function createActionLists(db: DuckDb): Promise<void> {
  await db.run(
    `CREATE OR REPLACE TEMP TABLE closed_word AS SELECT DISTINCT value FROM (${CLOSED_LISTS}) AS list(value) WHERE value IS NOT NULL`,
  );
  // The union of the lists of two censuses: a prefix that one of them restricts is restricted.
  const file = join(mappingsDirectory, "value-sets", "zip3_restricted.csv");
  const censuses = ["2000_hhs_guidance", "2010_tool_list", "2020_code_base_a", "2020_code_base_b"];
  const columns = ["zip3", ...censuses.map((name) => `census${name}`), "suggest_restrict"];
  await db.run(
    `CREATE OR REPLACE TEMP TABLE zip3_restricted AS SELECT zip3 AS value FROM ${csvFileSql(file, columns)} WHERE suggest_restrict = 'Y'`,
  );
}

/**
 * The expression of a column of the staged table `t` after its action; the person's days are in `s`, tokens in
 * `"token <column>"`, the day of the run is the variable `today`.
 */
export function actionSql(one: Action, table: TableName, column: string): string {
  if (purposeOf(one) !== null) return `${ident(`token ${column}`)}.token`;
  const value = `t.${ident(column)}`;
  if (one.startsWith("band:"))
    return bandSql(value, Number(one.slice(5)), tableShape(table).columns[column]);
  switch (one) {
    case "shift-date":
      return `${value} + s.days`;
    case "year-only":
      return `make_date(year(${value}), 1, 1)`;
    case "cap-age":
      return capAgeSql(value);
    case "truncate-zip3":
      return `CASE WHEN regexp_full_match(${value}, '[0-9]{5}.*') AND left(${value}, 3) NOT IN (SELECT value FROM zip3_restricted)
        THEN left(${value}, 3) WHEN ${value} IS NOT NULL THEN '000' END`;
    case "code-only":
      return codeOnlySql(value, column);
    default:
      return value;
  }
}

/** Who turns 90 this year counts as 90: their day is not looked at. A date of birth before that year would tell more. */
export function capAgeSql(value: string): string {
  return `make_date(CAST(greatest(year(${value}), year(getvariable('today')::DATE) - 90) AS INTEGER), 1, 1)`;
}

function bandSql(value: string, width: number, shape: ColumnShape | undefined): string {
  if (shape?.type === "date")
    return `make_date(CAST(year(${value}) // ${width} * ${width} AS INTEGER), 1, 1)`;
  return `floor(${value} / ${width}) * ${width}`;
}

function codeOnlySql(value: string, column: string): string {
  const shape =
    column === "language" || column.startsWith("pat_pref_language")
      ? `regexp_full_match(${value}, '${LANGUAGE_TAG}')`
      : `regexp_full_match(${value}, '${CODE_SHAPE}') AND regexp_matches(${value}, '[0-9]')`;
  // Most values are of the catalogue, and looking one up costs less than a pattern.
  return `CASE WHEN ${value} IN (SELECT value FROM closed_word) OR (${shape}) THEN ${value} END`;
}
