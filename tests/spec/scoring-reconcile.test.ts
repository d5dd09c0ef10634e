import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Instrument } from "../../pipelines/catalogue/instrument.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { type Case, type Cells, type Mapped, mapCases } from "../support/intake.ts";

const given = (values: Record<string, number | null>): Cells[] =>
  Object.entries(values).map(([item_code, answer_num]) =>
    answer_num === null ? { item_code, missing: "ASKU" } : { item_code, answer_num },
  );
const all = (prefix: string, count: number, value: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i + 1}`, value]));
const form = (
  instrument: string,
  values: Record<string, number | null>,
  cells: Cells = {},
): Case => ({
  administrations: [{ cells: { instrument_code: instrument, ...cells }, answers: given(values) }],
});
const { instruments, tables } = await readCatalogue();

describe("every table, at both of its ends", () => {
  const ends = instruments.flatMap((instrument) =>
    instrument.scores.flatMap((score) => {
      const from = instrument.scores.find(({ id }) => id === score.table?.from);
      const rows = tables.get(score.table?.file ?? "");
      if (!from?.sum || !rows) return [];
      return (["min", "max"] as const).map((end) => ({
        title: `${instrument.id} ${score.id} ${end}`,
        score: score.id,
        one: form(instrument.id, answersAt(instrument, from.sum ?? [], end)),
        expected: end === "min" ? rows[0]?.value : rows.at(-1)?.value,
      }));
    }),
  );
  let mapped: Record<string, Mapped>;
  beforeAll(async () => {
    mapped = await mapCases(Object.fromEntries(ends.map(({ title, one }) => [title, one])));
  }, 60_000);

  it("there are tables", () => expect(ends.length).toBeGreaterThan(40));
  it.each(ends)("$title", ({ title, score, expected }) => {
    expect(mapped[title]?.scores).toContain(`${score} computed ${expected} computed - preferred`);
  });
});

/** Answers whose scored values are all at one end. */
function answersAt({ items, answers }: Instrument, ids: string[], end: "min" | "max") {
  return Object.fromEntries(
    ids.map((id) => {
      const item = items.find((one) => one.id === id);
      const values = (answers[item?.answers ?? ""] ?? []).flatMap(({ value }) => value ?? []);
      const scored = (value: number) => item?.recode?.[`${value}`] ?? value;
      const [first = 0, ...others] = values;
      const isBetter = (a: number, b: number) =>
        end === "min" ? scored(a) < scored(b) : scored(a) > scored(b);
      return [id, others.reduce((best, value) => (isBetter(value, best) ? value : best), first)];
    }),
  );
}

const offset = (i: number) => form("koos-jr", { ...all("KOOSJR", 7, i % 4), raw: (i % 4) * 7 + 7 });
const reversed = (i: number) => form("who-5", { ...all("WHO5_", 5, i), raw: 25 - 5 * i });

const CASES: Record<string, { one: Case; scores: string[]; answers?: string[] }> = {
  "a mean of three": {
    one: form("peg", { PEG1: 5, PEG2: 6, PEG3: 6 }),
    scores: ["mean computed 5.67 computed - preferred"],
  },
  "a mean that the source rounded": {
    one: form("peg", { PEG1: 5, PEG2: 6, PEG3: 6, mean: 5.7 }),
    scores: ["mean reported 5.7 explained 0.03 -", "mean computed 5.67 explained 0.03 preferred"],
  },
  "a percentage of a sum": {
    one: form("who-5", all("WHO5_", 5, 3)),
    scores: ["percentage computed 60 computed - preferred", "raw computed 15 computed - preferred"],
  },
  "five levels as a profile": {
    one: form("eq-5d-5l", { MO: 1, SC: 2, UA: 3, PD: 4, AD: 5, vas: 70 }),
    scores: [
      "vas reported 70 unverifiable - preferred",
      "profile computed 12345 computed - preferred",
    ],
  },
  "a level missing: no profile": {
    one: form("eq-5d-5l", { MO: 1, SC: 2, UA: 3, PD: 4 }),
    scores: ["profile computed - not_computed - -"],
  },
  "a theta gives its T-score": {
    one: form("promis-fatigue", { theta: 0.5 }),
    scores: [
      "t computed 55 unverifiable - preferred",
      "theta reported 0.5 unverifiable - preferred",
    ],
  },
  "an adaptive test is never added up, whatever it shows": {
    one: form("promis-depression-4a", { EDDEP04: 3, EDDEP06: 3, t: 61.2 }, { cat: "Y" }),
    scores: ["t reported 61.2 unverifiable - preferred"],
  },
  "the older version has its own table": {
    one: form("promis-physical-function-4a", { PFA11: 5, PFA21: 5, PFA23: 5, PFA53: 5, t: 56.9 }),
    scores: [
      "t reported 56.9 explained -0.1 -",
      "t computed 57 explained -0.1 preferred",
      "raw computed 20 computed - preferred",
    ],
  },
  "a code names the version": {
    one: {
      administrations: [
        {
          cells: { instrument_code: "promis-physical-function-4a" },
          answers: [
            ...given({ PFA11: 5, PFA21: 5, PFA23: 5, PFA53: 5 }),
            { item_code: "77866-2", item_system: "http://loinc.org", answer_num: 56.9 },
          ],
        },
      ],
    },
    scores: ["t reported 56.9 match - preferred", "raw computed 20 computed - preferred"],
  },
  "a version whose table could not be had": {
    one: form(
      "92580-0",
      Object.fromEntries(
        ["PFA1", "PFC36", "PFC37", "PFA5", "PFA3", "PFA11", "PFA16", "PFB26", "PFA55", "PFC45"].map(
          (item) => [item, 5],
        ),
      ),
      { instrument_system: "http://loinc.org" },
    ),
    scores: ["t computed - not_computed - -", "raw computed 50 computed - preferred"],
  },
  "a source that adds the answered items only": {
    one: form("gad-7", { ...all("GAD7_", 4, 2), total: 8 }),
    scores: ["total reported 8 explained - -"],
  },
  "a source that rounds another way when it prorates": {
    one: form("gad-7", { ...all("GAD7_", 5, 1), GAD7_6: 2, total: 9 }),
    scores: ["total reported 9 explained 1 -", "total computed 8 explained 1 preferred"],
  },
  "a wrong total is a mismatch, whatever it is off by": {
    one: form("gad-7", { ...all("GAD7_", 7, 1), total: 14 }),
    scores: ["total reported 14 mismatch 7 -", "total computed 7 mismatch 7 preferred"],
  },
  "every total off by the number of items: stored from 1": {
    one: { administrations: [0, 1, 2, 3].flatMap((i) => offset(i).administrations ?? []) },
    scores: [0, 1, 2, 3].flatMap((i) => [
      `raw reported ${i * 7 + 7} explained 7 -`,
      `raw computed ${i * 7} explained 7 preferred`,
    ]),
  },
  "every total the other way round": {
    one: { administrations: [0, 1, 2, 4].flatMap((i) => reversed(i).administrations ?? []) },
    scores: [0, 1, 2, 4].flatMap((i) => [
      `percentage computed ${20 * i} computed - preferred`,
      `raw reported ${25 - 5 * i} explained ${25 - 10 * i} -`,
      `raw computed ${5 * i} explained ${25 - 10 * i} preferred`,
    ]),
  },
  "whoever never drinks is not asked the rest": {
    one: form("audit-c", { AUDITC1: 0 }),
    scores: ["total computed 0 computed - preferred"],
  },
  "whoever drinks is": {
    one: form("audit-c", { AUDITC1: 2 }),
    scores: ["total computed - not_computed - -"],
  },
  "ASQ: all no": {
    one: form("asq-suicide", { ASQ1: 0, ASQ2: 0, ASQ3: 0, ASQ4: 0 }),
    scores: ["screen computed 0 computed - preferred", "any computed 0 computed - preferred"],
  },
  "ASQ: a refusal counts as positive": {
    one: form("asq-suicide", { ASQ1: 0, ASQ2: null, ASQ3: 0, ASQ4: 0, ASQ5: 0 }),
    scores: ["screen computed 1 computed - preferred", "any computed 1 computed - preferred"],
  },
  "ASQ: acute": {
    one: form("asq-suicide", { ASQ1: 1, ASQ2: 0, ASQ3: 0, ASQ4: 0, ASQ5: 1 }),
    scores: ["screen computed 2 computed - preferred", "any computed 1 computed - preferred"],
  },
  "PRO-CTCAE: what follows a first attribute of 0 counts as 0, and nothing else is missed": {
    one: form("pro-ctcae", { PROCTCAE_9A: 0, PROCTCAE_1A: 3 }),
    scores: ["grade_1 computed 3 computed - preferred", "grade_9 computed 0 computed - preferred"],
  },
  "PRO-CTCAE: a follow-up is missing": {
    one: form("pro-ctcae", { PROCTCAE_9A: 2 }),
    scores: ["grade_9 computed - not_computed - -"],
  },
};

describe("a score", () => {
  let mapped: Record<string, Mapped>;
  beforeAll(async () => {
    // Each in a database of its own would take a minute; the pattern cases are the only ones of their instruments.
    mapped = await mapCases(
      Object.fromEntries(Object.entries(CASES).map(([title, { one }]) => [title, one])),
    );
  }, 60_000);

  it.each(Object.entries(CASES).filter(([title]) => !title.startsWith("every total")))(
    "%s",
    (title, { scores }) => {
      expect([...(mapped[title]?.scores ?? [])].sort()).toEqual([...scores].sort());
    },
  );
});

it.each([
  "every total off by the number of items: stored from 1",
  "every total the other way round",
])("%s is explained, because all of them are", async (title) => {
  const one = CASES[title];
  if (!one) throw new Error(title);
  const told = await mapCases({ only: one.one });
  expect(told.only.scores.filter((score) => score.startsWith("raw")).sort()).toEqual(
    one.scores.filter((score) => `${score}`.startsWith("raw")).sort(),
  );
});

it("finds every wrong total of one in a hundred, and no other", async () => {
  const answers = (i: number) =>
    Array.from({ length: 9 }, (_, n) => (i * 7 + n * n * 3 + (i % (n + 2))) % 4);
  const cases = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => {
      const values = answers(i);
      const sum = values.reduce((a, b) => a + b, 0);
      // Off by one up to nine, which is also what a scale stored from 1 would be off by.
      const wrong = i % 100 === 37 ? (sum > 9 ? -1 : 1) * ((Math.floor(i / 100) % 9) + 1) : 0;
      const items = Object.fromEntries(values.map((value, n) => [`PHQ9_${n + 1}`, value]));
      return [`${i}`, form("phq-9", { ...items, total: sum + wrong })];
    }),
  );
  const mapped: Record<string, Mapped> = await mapCases(cases);
  const mismatches = Object.keys(cases).filter((i) =>
    mapped[i]?.scores.some((score) => score.includes(" mismatch ")),
  );
  expect(mismatches).toEqual(Object.keys(cases).filter((i) => Number(i) % 100 === 37));
  const others = Object.keys(cases).filter((i) => Number(i) % 100 !== 37);
  expect(others.filter((i) => !mapped[i]?.scores[0]?.includes(" match "))).toEqual([]);
}, 60_000);

describe("a site's own", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "propool-own-"));
    await mkdir(join(directory, "instruments", "tables"), { recursive: true });
    return () => rm(directory, { recursive: true, force: true });
  });
  const OWN = `source: "our clinic's own form, version of March"
reviewed: null
id: our-form
name: "Our form"
version: ""
languages: [en]
recall: "today"
license: { status: "own", holder: "us" }
direction: worse
panels: []
answers:
  scale: [{ value: 0, label: "no" }, { value: 1, label: "yes" }]
items:
  - { id: OUR1, label: "first", aliases: ["q1"], answers: scale }
  - { id: OUR2, label: "second", aliases: ["q2"], answers: scale }
scores:
  - { id: total, scale: raw, decimals: 0, range: [0, 2], sum: [OUR1, OUR2], confidence: high }
`;

  it("instrument is scored like ours", async () => {
    await writeFile(join(directory, "instruments", "our-form.yaml"), OWN);
    const { own } = await mapCases({ own: form("our-form", { OUR1: 1, OUR2: 1 }) }, { directory });
    expect(own.scores).toEqual(["total computed 2 computed - preferred"]);
  });

  it("value set gives the index that ours has none for", async () => {
    const profiles = Array.from({ length: 3125 }, (_, i) =>
      [625, 125, 25, 5, 1].map((power) => (Math.floor(i / power) % 5) + 1).join(""),
    );
    const rows = profiles.map((profile) => `${profile},${profile === "11111" ? 1 : 0.5}`);
    await writeFile(
      join(directory, "instruments", "tables", "eq_5d_5l_value_set.csv"),
      `raw,value\n${rows.join("\n")}\n`,
    );
    const { best } = await mapCases(
      { best: form("eq-5d-5l", { MO: 1, SC: 1, UA: 1, PD: 1, AD: 1 }) },
      { directory },
    );
    expect(best.scores).toContain("index computed 1 computed - preferred");
  });

  it("instrument with a mistake is refused with its file", async () => {
    await writeFile(
      join(directory, "instruments", "our-form.yaml"),
      OWN.replace("range: [0, 2]", "range: [0, 3]"),
    );
    await expect(readCatalogue(undefined, join(directory, "instruments"))).rejects.toMatchObject({
      code: "MAPPING_INSTRUMENT",
      message: "has the range 0,3, but its rule gives 0,2",
      where: { file: join(directory, "instruments", "our-form.yaml"), pointer: "scores.total" },
    });
  });

  it("instrument may not take the id of one of ours", async () => {
    await writeFile(
      join(directory, "instruments", "our-form.yaml"),
      OWN.replace("our-form", "phq-9"),
    );
    await expect(readCatalogue(undefined, join(directory, "instruments"))).rejects.toMatchObject({
      message: "the id phq-9 is taken",
    });
  });
});

const PROAE = join(
  resolve(process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus")),
  "csv/cran__ProAE/tox_acute.csv",
);
it.skipIf(!existsSync(PROAE))(
  "PRO-CTCAE grades are those of the method's authors",
  async () => {
    const [header = "", ...lines] = (await readFile(PROAE, "utf8")).trim().split(/\r?\n/);
    const names = header.split(",");
    const rows = lines.map((line) => new Map(line.split(",").map((cell, i) => [names[i], cell])));
    // Every combination that the data have, once.
    const different = new Map(
      rows.map((row) => {
        const [a, b, grade] = ["9A_SCL", "9B_SCL", "9_COMP"].map((name) =>
          row.get(`PROCTCAE_${name}`),
        );
        return [`${a} ${b} ${grade}`, { a, b, grade }];
      }),
    );
    const known = [...different].filter(([key]) => /^[0-4] [0-4] [0-3]$/.test(key));
    expect(known.length).toBeGreaterThan(10);
    const mapped: Record<string, Mapped> = await mapCases(
      Object.fromEntries(
        known.map(([key, { a, b }]) => [
          key,
          form("pro-ctcae", { PROCTCAE_9A: Number(a), PROCTCAE_9B: Number(b) }),
        ]),
      ),
    );
    for (const [key, { grade }] of known)
      expect(mapped[key]?.scores, key).toEqual([`grade_9 computed ${grade} computed - preferred`]);
  },
  60_000,
);
