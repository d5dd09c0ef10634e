import type { Cell, DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";
import { aliasKey } from "../core/alias-key.ts";
import type { Instrument } from "./instrument.ts";
import type { Catalogue } from "./read.ts";

const LOINC = "http://loinc.org";

const TABLES = {
  catalogue_instrument:
    "instrument VARCHAR, name VARCHAR, version VARCHAR, direction VARCHAR, items INTEGER, kind VARCHAR",
  /** Codes by which panels, items and scores are recognised. */
  catalogue_code:
    "code_system VARCHAR, code VARCHAR, instrument VARCHAR, kind VARCHAR, name VARCHAR",
  /** Text that asks an item contains all of these words, separated by |. */
  catalogue_wording: "code_system VARCHAR, code VARCHAR, instrument VARCHAR, words VARCHAR",
  /** Other names of a form (kind panel), an item or a score, as `aliasKey` writes them. */
  catalogue_alias: "alias VARCHAR, instrument VARCHAR, kind VARCHAR, name VARCHAR",
  catalogue_item: "instrument VARCHAR, item VARCHAR, label VARCHAR, code VARCHAR, position INTEGER",
  /** `scored` is what the answer adds to a sum. */
  catalogue_answer:
    "instrument VARCHAR, item VARCHAR, value DECIMAL(18,6), scored DECIMAL(18,6), label VARCHAR, code VARCHAR",
  /** `position` 1 is the instrument's main score. */
  catalogue_score: `instrument VARCHAR, score VARCHAR, code VARCHAR, scale VARCHAR, decimals INTEGER,
    minimum DECIMAL(18,6), maximum DECIMAL(18,6), items INTEGER, missing_allowed INTEGER, prorate BOOLEAN,
    table_from VARCHAR, confidence VARCHAR, position INTEGER`,
  catalogue_score_item: "instrument VARCHAR, score VARCHAR, item VARCHAR",
  catalogue_table:
    "instrument VARCHAR, score VARCHAR, raw DECIMAL(18,6), value DECIMAL(18,6), se DECIMAL(18,6)",
} as const;

type Table = keyof typeof TABLES;

/** Creates and fills the `catalogue_*` tables that mapping, scoring and the adapters join with. */
export async function loadCatalogue(db: DuckDb, catalogue: Catalogue): Promise<void> {
  const instruments = catalogue.instruments.map((instrument) => rowsOf(instrument, catalogue));
  for (const [table, columns] of Object.entries(TABLES)) {
    await db.run(`CREATE TABLE ${ident(table)} (${columns})`);
    await db.insert(
      table,
      instruments.flatMap((rows) => rows[table as Table]),
    );
  }
}

function rowsOf(instrument: Instrument, { tables }: Catalogue): Record<Table, Cell[][]> {
  const { id, items, scores } = instrument;
  const answers = items.flatMap((item) =>
    (instrument.answers[item.answers] ?? []).map((answer) => ({ item, answer })),
  );
  const aliasesOf = (kind: string, list: { id: string; aliases?: string[] | undefined }[]) =>
    list.flatMap(({ id: name, aliases = [] }) =>
      aliases.map((alias) => [aliasKey(alias), id, kind, name]),
    );
  const codes = (kind: string, list: { id: string; loinc?: string | undefined }[]) =>
    list.filter((one) => one.loinc).map((one) => [LOINC, one.loinc ?? null, id, kind, one.id]);
  return {
    catalogue_instrument: [
      [
        id,
        instrument.name,
        instrument.version,
        instrument.direction,
        items.length,
        instrument.kind,
      ],
    ],
    catalogue_code: [
      ...instrument.panels.map((panel) => [panel.system, panel.code, id, "panel", id]),
      ...codes("item", items),
      ...codes("score", scores),
    ],
    catalogue_wording: items.flatMap((item) =>
      item.loinc && item.words ? [[LOINC, item.loinc, id, item.words.join("|")]] : [],
    ),
    catalogue_alias: [
      ...aliasesOf("panel", [{ id, aliases: instrument.aliases }]),
      ...aliasesOf("item", items),
      ...aliasesOf("score", scores),
    ],
    catalogue_item: items.map((item, i) => [id, item.id, item.label, item.loinc ?? null, i + 1]),
    catalogue_answer: answers.map(({ item, answer }) => [
      id,
      item.id,
      answer.value,
      item.recode?.[String(answer.value)] ?? answer.value,
      answer.label,
      answer.loinc ?? null,
    ]),
    catalogue_score: scores.map((score, i) => [
      id,
      score.id,
      score.loinc ?? null,
      score.scale,
      score.decimals,
      score.range?.[0] ?? null,
      score.range?.[1] ?? null,
      score.sum?.length ?? null,
      score.missing?.allowed ?? 0,
      score.missing?.rule === "prorate",
      score.table?.from ?? null,
      score.confidence,
      i + 1,
    ]),
    catalogue_score_item: scores.flatMap((score) =>
      (score.sum ?? []).map((item) => [id, score.id, item]),
    ),
    catalogue_table: scores.flatMap((score) =>
      (tables.get(score.table?.file ?? "") ?? []).map((row) => [
        id,
        score.id,
        row.raw,
        row.value,
        row.se,
      ]),
    ),
  };
}
