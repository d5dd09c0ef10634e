import type { Cell, DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";
import { aliasKey } from "../core/alias-key.ts";
import { familiesOf } from "./families.ts";
import type { Instrument } from "./instrument.ts";
import { loadScores } from "./load-scores.ts";
import type { Catalogue } from "./read.ts";

const LOINC = "http://loinc.org";

const TABLES = {
  /**
   * `family` is the largest of the instruments that share codes with this one: one sitting may hold them all.
   */
  catalogue_instrument: `instrument VARCHAR, name VARCHAR, version VARCHAR, direction VARCHAR, items INTEGER, kind VARCHAR,
    library BOOLEAN, family VARCHAR, own BOOLEAN, pro_type VARCHAR`,
  /** Codes by which panels, items and scores are recognised; kind unused: known, but neither. */
  catalogue_code:
    "code_system VARCHAR, code VARCHAR, instrument VARCHAR, kind VARCHAR, name VARCHAR, version VARCHAR",
  /** Text that asks an item contains all of these words, separated by |. */
  catalogue_wording: "code_system VARCHAR, code VARCHAR, instrument VARCHAR, words VARCHAR",
  /** Other names of a form (kind panel), an item or a score, as `aliasKey` writes them. */
  catalogue_alias: "alias VARCHAR, instrument VARCHAR, kind VARCHAR, name VARCHAR",
  catalogue_item:
    "instrument VARCHAR, item VARCHAR, label VARCHAR, code VARCHAR, position INTEGER, optional BOOLEAN",
  /** `scored` is what the answer adds to a sum. */
  catalogue_answer:
    "instrument VARCHAR, item VARCHAR, value DECIMAL(18,6), scored DECIMAL(18,6), label VARCHAR, code VARCHAR",
  /** All words and codes of an answer, its own and others that exports use. */
  catalogue_answer_word:
    "instrument VARCHAR, item VARCHAR, value DECIMAL(18,6), label VARCHAR, code VARCHAR",
  /** Item that is not asked where all items of the branch have the value; what it then counts. */
  catalogue_branch:
    "instrument VARCHAR, branch INTEGER, when_item VARCHAR, equal DECIMAL(18,6), item VARCHAR, counts DECIMAL(18,6)",
} as const;

type Table = keyof typeof TABLES;

/** Creates and fills the `catalogue_*` tables that mapping, scoring and the adapters join with. */
export async function loadCatalogue(db: DuckDb, catalogue: Catalogue): Promise<void> {
  const families = familiesOf(catalogue.instruments);
  const all = catalogue.instruments.map((instrument) => ({
    ...rowsOf(instrument),
    catalogue_instrument: [
      [
        ...[instrument.id, instrument.name, instrument.version, instrument.direction],
        ...[instrument.items.length, instrument.kind, instrument.library === true],
        ...[families.get(instrument.id) ?? instrument.id, catalogue.own.has(instrument.id)],
        instrument.pro_type,
      ],
    ],
  }));
  for (const [table, columns] of Object.entries(TABLES)) {
    await db.run(`CREATE TABLE ${ident(table)} (${columns})`);
    await db.insert(
      table,
      all.flatMap((rows) => rows[table as Table]),
    );
  }
  await loadScores(db, catalogue);
}

function rowsOf(instrument: Instrument): Record<Exclude<Table, "catalogue_instrument">, Cell[][]> {
  const { id, items, scores, unused = [] } = instrument;
  const answers = items.flatMap((item) =>
    (instrument.answers[item.answers] ?? []).map((answer) => ({ item, answer })),
  );
  const aliasesOf = (kind: string, list: { id: string; aliases?: string[] | undefined }[]) =>
    list.flatMap(({ id: name, aliases = [] }) =>
      aliases.map((alias) => [aliasKey(alias), id, kind, name]),
    );
  const codes = (
    kind: string,
    list: Pick<Instrument["items"][number], "id" | "loinc" | "codes">[],
  ) =>
    list.flatMap((one) => [
      ...(one.loinc ? [[LOINC, one.loinc, id, kind, one.id, null]] : []),
      ...(one.codes ?? []).map(({ system, code, version }) => [
        ...[system, code, id, kind],
        ...[one.id, version ?? null],
      ]),
    ]);
  return {
    catalogue_code: [
      ...instrument.panels.map(({ system, code, version }) => [
        ...[system, code, id, "panel"],
        ...[id, version ?? null],
      ]),
      ...codes("item", items),
      ...codes("score", scores),
      ...unused.map(({ code }) => [LOINC, code, id, "unused", code, null]),
    ],
    catalogue_wording: items.flatMap((item) =>
      item.loinc && item.words ? [[LOINC, item.loinc, id, item.words.join("|")]] : [],
    ),
    catalogue_alias: [
      ...aliasesOf("panel", [{ id, aliases: instrument.aliases }]),
      ...aliasesOf("item", items),
      ...aliasesOf("score", scores),
    ],
    catalogue_item: items.map((item, i) => [
      ...[id, item.id, item.label, item.loinc ?? null],
      ...[i + 1, item.optional],
    ]),
    catalogue_answer: answers.map(({ item, answer }) => [
      id,
      item.id,
      answer.value,
      item.recode?.[String(answer.value)] ?? answer.value,
      answer.label,
      answer.loinc ?? null,
    ]),
    catalogue_answer_word: answers.flatMap(({ item, answer }) =>
      [answer, ...(answer.also ?? [])].map(({ label, loinc }) => [
        ...[id, item.id, answer.value],
        ...[label, loinc ?? null],
      ]),
    ),
    catalogue_branch: (instrument.branches ?? []).flatMap((branch, i) =>
      branch.when.flatMap((when) =>
        branch.not_shown.map((item) => [id, i + 1, when, branch.equal, item, branch.counts]),
      ),
    ),
  };
}
