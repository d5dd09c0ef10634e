import { basename } from "node:path";
import { hasCheckDigit } from "./check-digit.ts";
import { checkScores } from "./check-scores.ts";
import type { Instrument, Item } from "./instrument.ts";
import type { Catalogue } from "./read.ts";

const LOINC = "http://loinc.org";

/** Something that is wrong with a file of the catalogue. */
export interface Finding {
  instrument: string;
  file: string;
  /** Key inside the file: items.PHQ9_1, scores.total. */
  pointer: string;
  problem: string;
}

/** What a check tells: where in the file, and what is wrong. */
export type Told = [pointer: string, problem: string];

/**
 * Everything that is wrong with the instruments: codes, answers, ranges, tables, bands, cut-offs, and codes that stand in two
 * instruments without being shared on purpose. An empty list: nothing.
 */
export function checkInstruments(catalogue: Catalogue): Finding[] {
  const findings = catalogue.instruments.flatMap((instrument) => {
    const file = catalogue.files.get(instrument.id) ?? "";
    const told = [
      ...checkNames(instrument, file),
      ...checkCodes(instrument),
      ...checkItems(instrument),
      ...checkScores(instrument, catalogue),
      ...checkShares(instrument, catalogue),
    ];
    return told.map(([pointer, problem]) => ({
      instrument: instrument.id,
      file,
      pointer,
      problem,
    }));
  });
  return [...findings, ...checkSharedCodes(catalogue)];
}

function* checkNames({ id, source }: Instrument, file: string): Generator<Told> {
  if (basename(file) !== `${id}.yaml`) yield ["id", `the file is not named ${id}.yaml`];
  if (source.trim().length < 20) yield ["source", "does not say where the facts come from"];
}

/** Every code of an instrument under its system, with what it stands for. */
function codesOf({ panels, items, scores, unused = [] }: Instrument) {
  const coded = (
    pointer: string,
    { loinc, codes = [] }: { loinc?: string | undefined; codes?: Item["codes"] },
  ) => [
    ...(loinc ? [{ pointer, system: LOINC, code: loinc, seen: undefined }] : []),
    ...codes.map(({ system, code }) => ({ pointer, system, code, seen: undefined })),
  ];
  return [
    ...panels.map(({ system, code, seen }) => ({ pointer: "panels", system, code, seen })),
    ...items.flatMap((item) => coded(`items.${item.id}`, item)),
    ...scores.flatMap((score) => coded(`scores.${score.id}`, score)),
    ...unused.map(({ code }) => ({ pointer: "unused", system: LOINC, code, seen: undefined })),
  ];
}

function* checkCodes(instrument: Instrument): Generator<Told> {
  for (const { pointer, system, code, seen } of codesOf(instrument)) {
    // Real documents carry codes of other systems under LOINC's name; `seen` says where.
    if (system === LOINC && seen === undefined && !hasCheckDigit(code))
      yield [pointer, `${code} is no LOINC code: its check digit is wrong`];
  }
  for (const [list, answers] of Object.entries(instrument.answers)) {
    for (const { loinc, also = [] } of answers) {
      for (const code of [loinc, ...also.map((one) => one.loinc)]) {
        if (code !== undefined && !hasCheckDigit(code))
          yield [`answers.${list}`, `${code} is no LOINC answer code: its check digit is wrong`];
      }
    }
  }
  const own = codesOf(instrument).filter(({ pointer }) => pointer.startsWith("items."));
  for (const { code, pointer } of twice(own, ({ system, code }) => `${system}|${code}`))
    yield [pointer, `${code} stands for two items`];
}

function* checkItems(instrument: Instrument): Generator<Told> {
  const { items, scores, answers } = instrument;
  for (const { id } of twice(items, (item) => item.id)) yield [`items.${id}`, "has its id twice"];
  for (const { id } of twice(scores, (score) => score.id))
    yield [`scores.${id}`, "has its id twice"];
  for (const item of items) {
    const list = answers[item.answers] ?? [];
    const pointer = `items.${item.id}`;
    if (list.length === 0) yield [pointer, "has no answers"];
    if (!item.loinc && !item.codes && !item.aliases)
      yield [pointer, "has neither a code nor another name"];
    const values = list.flatMap(({ value }) => (value === null ? [] : [`${value}`]));
    if (item.recode && !isSame(Object.keys(item.recode), values))
      yield [pointer, "recodes other values than those of its answers"];
  }
  for (const [name, list] of Object.entries(answers)) {
    const words = list.flatMap(({ label, also = [] }) => [label, ...also.map((one) => one.label)]);
    const lists = [
      list.flatMap(({ value }) => (value === null ? [] : [`${value}`])),
      words.map((word) => word.toLowerCase()),
      list.flatMap(({ loinc, also = [] }) =>
        [loinc, ...also.map((one) => one.loinc)].filter((code) => code !== undefined),
      ),
    ];
    for (const one of lists.flatMap((texts) => twice(texts, (text) => text)))
      yield [`answers.${name}`, `${one} stands in the list twice`];
  }
}

function* checkShares({ shares = [] }: Instrument, { instruments }: Catalogue): Generator<Told> {
  const known = new Set(instruments.map(({ id }) => id));
  for (const id of shares) {
    if (!known.has(id)) yield ["shares", `names ${id}, which the catalogue does not have`];
  }
}

/** A code in two instruments means the same in both, and one of them says so. */
function checkSharedCodes({ instruments, files }: Catalogue): Finding[] {
  const owners = new Map<string, { instrument: Instrument; pointer: string; code: string }[]>();
  for (const instrument of instruments) {
    const codes = new Map(codesOf(instrument).map((one) => [`${one.system}|${one.code}`, one]));
    for (const [key, { pointer, code }] of codes)
      owners.set(key, [...(owners.get(key) ?? []), { instrument, pointer, code }]);
  }
  return [...owners.values()].flatMap((list) =>
    list.slice(1).flatMap((one, i) =>
      list.slice(0, i + 1).flatMap((other) => {
        const problem = compare(one, other);
        const { id } = one.instrument;
        const file = files.get(id) ?? "";
        return problem ? [{ instrument: id, file, pointer: one.pointer, problem }] : [];
      }),
    ),
  );
}

type Owner = { instrument: Instrument; pointer: string; code: string };

function compare(one: Owner, other: Owner): string | null {
  const isShared =
    one.instrument.shares?.includes(other.instrument.id) ||
    other.instrument.shares?.includes(one.instrument.id);
  if (!isShared) return `${one.code} is also a code of ${other.instrument.id}, which shares none`;
  const lists = [valuesOf(one), valuesOf(other)];
  if (lists[0] !== null && lists[1] !== null && !isSame(lists[0] ?? [], lists[1] ?? []))
    return `${one.code} has other answers in ${other.instrument.id}`;
  return null;
}

function valuesOf({ instrument, pointer }: Owner): string[] | null {
  const item = instrument.items.find(({ id }) => pointer === `items.${id}`);
  return item
    ? (instrument.answers[item.answers] ?? []).map(({ value, label }) => `${value ?? label}`)
    : null;
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && [...some].sort().join("\0") === [...others].sort().join("\0");

/** Those whose key an earlier one has. */
function twice<T>(list: readonly T[], keyOf: (one: T) => string): T[] {
  const keys = list.map(keyOf);
  return list.filter((_, i) => keys.indexOf(keys[i] ?? "") !== i);
}
