import type { Cell, DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";
import { compositeRows } from "./check-scores.ts";
import { directionOf, type Instrument, type Score } from "./instrument.ts";
import type { Catalogue } from "./read.ts";

const TABLES = {
  /**
   * `position` 1 is the instrument's main score. `way` is how it comes about: sum, mean, highest, digits, linear, table,
   * composite, reported; `starts_from` the score that linear and table start from. `mid_low` and `mid_high`: a change below the
   * first is smaller than the MID, from the second on it passes it.
   */
  catalogue_score: `score_id INTEGER, instrument VARCHAR, score VARCHAR, label VARCHAR, code VARCHAR, scale VARCHAR, metric VARCHAR,
    direction VARCHAR, decimals INTEGER, minimum DECIMAL(18,6), maximum DECIMAL(18,6), way VARCHAR, items INTEGER,
    missing_allowed INTEGER, missing_rule VARCHAR, missing_counts DECIMAL(18,6), starts_from VARCHAR, times DECIMAL(18,6),
    plus DECIMAL(18,6), confidence VARCHAR, basis VARCHAR, mid DECIMAL(18,6), mid_low DECIMAL(18,6), mid_high DECIMAL(18,6),
    reference_mean DECIMAL(18,6), reference_sd DECIMAL(18,6), position INTEGER`,
  /** Items that a score is made of; `weight` is 1, or the power of ten of its digit. */
  catalogue_score_item:
    "score_id INTEGER, instrument VARCHAR, score VARCHAR, item VARCHAR, weight DECIMAL(18,6)",
  /** `version` null: of every version. */
  catalogue_table: `instrument VARCHAR, score VARCHAR, version VARCHAR, raw DECIMAL(18,6), value DECIMAL(18,6),
    se DECIMAL(18,6), confidence VARCHAR`,
  /** Versions of an instrument for which there are several tables, or a table that could not be had. */
  catalogue_version: "instrument VARCHAR, version VARCHAR",
  /** Inputs of a composite, in the order of its keys: an item, or else a score. */
  catalogue_composite_input:
    "score_id INTEGER, instrument VARCHAR, score VARCHAR, position INTEGER, inputs INTEGER, item VARCHAR, input_score VARCHAR",
  /** `key` are the inputs' values, joined by |. */
  catalogue_composite: "instrument VARCHAR, score VARCHAR, key VARCHAR, value DECIMAL(18,6)",
  /** Severity bands: from `low` on (or, if `low_open`, above it) to `high` (or, if `high_open`, below it). */
  catalogue_band: `instrument VARCHAR, score VARCHAR, label VARCHAR, low DECIMAL(18,6), low_open BOOLEAN,
    high DECIMAL(18,6), high_open BOOLEAN`,
} as const;

type Table = keyof typeof TABLES;

/** Creates and fills the `catalogue_*` tables that scoring works from. */
export async function loadScores(db: DuckDb, catalogue: Catalogue): Promise<void> {
  let scoreId = 0;
  const all = catalogue.instruments.flatMap((instrument) => [
    ...instrument.scores.map((score, i) => {
      scoreId += 1;
      return rowsOf({ instrument, score, position: i + 1, scoreId }, catalogue);
    }),
    { catalogue_version: versionsOf(instrument) },
  ]);
  for (const [table, columns] of Object.entries(TABLES)) {
    await db.run(`CREATE TABLE ${ident(table)} (${columns})`);
    await db.insert(
      table,
      all.flatMap((rows: Partial<Record<Table, Cell[][]>>) => rows[table as Table] ?? []),
    );
  }
}

const ITEM_WAYS = ["sum", "mean", "highest", "digits"] as const;

/** How a score comes about, and from what. */
function wayOf(score: Score): { way: string; items: string[]; from: string | null } {
  const way = ITEM_WAYS.find((one) => score[one] !== undefined);
  if (way) return { way, items: score[way] ?? [], from: null };
  if (score.table) return { way: "table", items: [], from: score.table.from };
  if (score.linear) return { way: "linear", items: [], from: score.linear.from };
  return { way: score.composite ? "composite" : "reported", items: [], from: null };
}

interface Placed {
  instrument: Instrument;
  score: Score;
  position: number;
  /** Number of the score in the whole catalogue: millions of rows carry it instead of two words. */
  scoreId: number;
}

function rowsOf(
  { instrument, score, position, scoreId }: Placed,
  { tables, composites }: Catalogue,
): Partial<Record<Table, Cell[][]>> {
  const { id } = instrument;
  const { way, items, from } = wayOf(score);
  const key = [id, score.id];
  const mid = score.mid?.value ?? null;
  const isItem = new Set(instrument.items.map((item) => item.id));
  const inputs = Object.values(score.composite?.inputs ?? {});
  const rows = score.composite
    ? compositeRows(score.composite, composites.get(score.composite.file) ?? [])
    : [];
  return {
    catalogue_score: [
      [
        ...[
          scoreId,
          ...key,
          score.label ?? null,
          score.loinc ?? null,
          score.scale,
          score.metric ?? null,
        ],
        ...[directionOf(instrument, score), score.decimals],
        ...[score.range?.[0] ?? null, score.range?.[1] ?? null, way, items.length || null],
        ...[score.missing?.allowed ?? 0, score.missing?.rule ?? "none"],
        ...[score.missing?.counts ?? null, from],
        ...[score.linear?.times ?? null, score.linear?.plus ?? null],
        ...[score.confidence, score.basis ?? null, mid],
        ...[score.mid?.range?.[0] ?? mid, score.mid?.range?.[1] ?? mid],
        ...[score.reference?.mean ?? null, score.reference?.sd ?? null, position],
      ],
    ],
    catalogue_score_item: items.map((item, i) => [
      scoreId,
      ...key,
      item,
      way === "digits" ? 10 ** (items.length - 1 - i) : 1,
    ]),
    catalogue_table: tableFiles(instrument, score).flatMap(({ version, file, confidence }) =>
      (tables.get(file) ?? []).map(({ raw, value, se }) => [
        ...[...key, version],
        ...[raw, value, se, confidence],
      ]),
    ),
    catalogue_composite_input: inputs.map((input, i) => [
      ...[scoreId, ...key, i + 1, inputs.length],
      ...(isItem.has(input) ? [input, null] : [null, input]),
    ]),
    catalogue_composite: rows.map((row) => [...key, row.key, row.value]),
    catalogue_band: score.bands.map(({ label, min, above, max, below }) => [
      ...[...key, label, min ?? above ?? null, min === undefined],
      ...[max ?? below ?? null, max === undefined],
    ]),
  };
}

/** The tables of a score, each for its version; one for all versions where there is only one. */
function tableFiles({ version }: Instrument, { table, confidence }: Score) {
  if (!table) return [];
  const { versions } = table;
  const main = { version: versions ? version : null, file: table.file, confidence };
  const others = Object.entries(versions ?? {}).flatMap(([other, one]) =>
    one.file === null ? [] : [{ version: other, file: one.file, confidence: one.confidence }],
  );
  return [main, ...others];
}

function versionsOf({ id, version, scores }: Instrument): Cell[][] {
  const others = scores.flatMap(({ table }) => Object.keys(table?.versions ?? {}));
  return others.length === 0 ? [] : [...new Set([version, ...others])].map((one) => [id, one]);
}
