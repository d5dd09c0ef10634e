import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkInstruments } from "../../pipelines/catalogue/check.ts";
import { hasCheckDigit } from "../../pipelines/catalogue/check-digit.ts";
import type { Instrument } from "../../pipelines/catalogue/instrument.ts";
import { type Catalogue, readCatalogue } from "../../pipelines/catalogue/read.ts";
import { mappingsDirectory } from "../../pipelines/core/mappings.ts";

const FOLDER = join(mappingsDirectory, "instruments");
const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".yaml")).sort();
const catalogue = await readCatalogue();
const findings = checkInstruments(catalogue);

it.each(files)("%s has nothing wrong with it", (file) => {
  const id = file.replace(".yaml", "");
  expect(catalogue.instruments.map((one) => one.id)).toContain(id);
  expect(findings.filter(({ instrument }) => instrument === id)).toEqual([]);
});

it("every table is used by an instrument, and named with its origin", async () => {
  const tables = (await readdir(join(FOLDER, "tables"))).filter((file) => file !== "index.csv");
  const used = [...catalogue.tables.keys(), ...catalogue.composites.keys()];
  expect([...used].sort()).toEqual(tables.sort());
});

/** A catalogue of one instrument and those that it shares codes with, one of them changed. */
function changed(id: string, change: (instrument: Instrument) => void): Catalogue {
  const instruments = structuredClone(catalogue.instruments);
  const found = instruments.find((one) => one.id === id);
  if (!found) throw new Error(`there is no ${id}`);
  change(found);
  return { ...catalogue, instruments };
}

/** Takes the first of a list that a case is about. */
const first = <T>(list: readonly T[]): T => {
  if (list[0] === undefined) throw new Error("the list is empty");
  return list[0];
};

const score = (instrument: Instrument, id: string) => {
  const found = instrument.scores.find((one) => one.id === id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
};

const CASES: [title: string, id: string, change: (one: Instrument) => void, problem: string][] = [
  [
    "an item code with a wrong check digit",
    "phq-9",
    ({ items }) => {
      first(items).loinc = "44250-8";
    },
    "44250-8 is no LOINC code: its check digit is wrong",
  ],
  [
    "an answer code with a wrong check digit",
    "phq-9",
    ({ answers }) => {
      first(answers.frequency ?? []).loinc = "LA6568-6";
    },
    "LA6568-6 is no LOINC answer code: its check digit is wrong",
  ],
  [
    "an item without answers",
    "who-5",
    ({ answers }) => {
      for (const list of Object.values(answers)) list.splice(0);
    },
    "has no answers",
  ],
  [
    "an item without a name that an export could use",
    "who-5",
    ({ items }) => {
      delete first(items).aliases;
    },
    "has neither a code nor another name",
  ],
  [
    "a label twice in one list",
    "phq-9",
    ({ answers }) => {
      const [none, several] = answers.frequency ?? [];
      if (none && several) several.label = none.label;
    },
    "not at all stands in the list twice",
  ],
  [
    "a recode that leaves a value out",
    "promis-global-10",
    ({ items }) => {
      delete items.find(({ recode }) => recode)?.recode?.["10"];
    },
    "recodes other values than those of its answers",
  ],
  [
    "a range that its items do not give",
    "gad-7",
    (one) => {
      score(one, "total").range = [0, 24];
    },
    "has the range 0,24, but its rule gives 0,21",
  ],
  [
    "a table that lacks the ends of its raw score",
    "promis-anxiety-4a",
    (one) => {
      score(one, "raw").range = [3, 20];
    },
    "promis_anxiety_4a_v1.0.csv does not have each value of raw once, in order",
  ],
  [
    "a band too few",
    "gad-7",
    (one) => {
      score(one, "total").bands.pop();
    },
    "has no band for 15",
  ],
  [
    "bands that overlap",
    "phq-9",
    (one) => {
      first(score(one, "total").bands).max = 5;
    },
    "has 2 bands for 5",
  ],
  [
    "a cut-off outside the range",
    "phq-9",
    (one) => {
      first(score(one, "total").cut_offs).min = 28;
    },
    'has the cut-off "positive screen" outside its range',
  ],
  [
    "a MID as wide as the scale",
    "phq-9",
    (one) => {
      score(one, "total").mid = { value: 27, verification: "a test" };
    },
    "has a MID as wide as its range",
  ],
  [
    "a code of another instrument",
    "who-5",
    ({ items }) => {
      first(items).loinc = "44250-9";
    },
    "44250-9 is also a code of phq-9, which shares none",
  ],
  [
    "a shared item with other answers",
    "gad-2",
    ({ answers }) => {
      answers.frequency?.push({ value: 4, label: "All the time" });
    },
    "69725-0 has other answers in gad-2",
  ],
  [
    "a score that starts from a derived one",
    "who-5",
    (one) => {
      one.scores.push({
        ...score(one, "percentage"),
        id: "again",
        linear: { from: "percentage", times: 1, plus: 0 },
      });
    },
    "starts from percentage, which is itself derived",
  ],
  [
    "a source that says nothing",
    "peg",
    (one) => {
      one.source = "known";
    },
    "does not say where the facts come from",
  ],
  [
    "codes shared with an instrument that is not there",
    "peg",
    (one) => {
      one.shares = ["brief-pain-inventory"];
    },
    "names brief-pain-inventory, which the catalogue does not have",
  ],
];

describe("the checks find", () => {
  it.each(CASES)("%s", (_, id, change, problem) => {
    const found = checkInstruments(changed(id, change));
    expect(found.map((one) => one.problem)).toContain(problem);
  });

  it("a table that goes up and down", () => {
    const file = "koos_jr_interval.csv";
    const rows = (catalogue.tables.get(file) ?? []).map((row) =>
      row.raw === 3 ? { ...row, value: 99 } : row,
    );
    const tables = new Map([...catalogue.tables, [file, rows]]);
    expect(checkInstruments({ ...catalogue, tables })).toMatchObject([
      { instrument: "koos-jr", pointer: "scores.interval", problem: `${file} is not monotone` },
    ]);
  });

  it("a composite table with a hole", () => {
    const file = "asq_screen.csv";
    const rows = (catalogue.composites.get(file) ?? []).slice(1);
    const composites = new Map([...catalogue.composites, [file, rows]]);
    expect(checkInstruments({ ...catalogue, composites })).toMatchObject([
      { instrument: "asq-suicide", problem: `${file} has no row for 0|0` },
    ]);
  });
});

it.each([
  ["44250-9", true],
  ["44250-8", false],
  ["LA6568-5", true],
  ["LA6568-6", false],
  ["LA137-2", true],
  ["44250", false],
  ["LA-6568-5", false],
])("the check digit of %s is right: %s", (code, isRight) => {
  expect(hasCheckDigit(code)).toBe(isRight);
});
