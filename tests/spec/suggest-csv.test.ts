import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvMappingSchema } from "../../pipelines/adapters/csv/layout.ts";
import { parseYaml } from "../../pipelines/configuration/read-yaml.ts";
import { csvMappingTemplate } from "../../pipelines/configuration/templates.ts";
import { draftText, type MappingDraft, suggestCsv } from "../../pipelines/suggest.ts";
import { propool } from "../support/command.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-suggest-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function draft(name: string, content: string): Promise<MappingDraft> {
  const file = join(folder, name);
  await writeFile(file, content);
  return suggestCsv([file]);
}

const found = ({ files }: MappingDraft) =>
  Object.fromEntries((files[0]?.columns ?? []).map((one) => [one.column, one]));
const mappingOf = (text: string) =>
  parseYaml(text, "mapping.yaml", csvMappingSchema, "MAPPING_CSV");

/** Answers that hang together, as those of people do. */
function answers(rows: number, items: number, most: number): number[][] {
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: items }, (_, i) =>
      Math.max(0, Math.min(most, Math.round((r % (most + 1)) + ((r * 7 + i * 3) % 3) - 1))),
    ),
  );
}
const csv = (header: string[], rows: (string | number)[][]) =>
  `${[header, ...rows].map((row) => row.join(",")).join("\n")}\n`;
const phq = Array.from({ length: 9 }, (_, i) => `phq9_${i + 1}`);

describe("a drafted mapping", () => {
  it("fits its schema and names columns, items, total and dates", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [
      i + 1,
      "2024-03-17 10:00",
      ...row,
      row.reduce((a, b) => a + b, 0),
      "tablet",
    ]);
    const made = await draft(
      "a.csv",
      csv(["record_id", "phq9_timestamp", ...phq, "phq9_total", "mode"], rows),
    );
    const mapping = mappingOf(draftText(made, "2026-01-01"));
    expect(mapping.reviewed).toBeNull();
    expect(mapping.files[0]).toMatchObject({
      kind: "wide",
      columns: { patient_key: "record_id", method: "mode" },
      instruments: [
        {
          instrument: "phq-9",
          answered_at: "phq9_timestamp",
          items: { PHQ9_1: "phq9_1", PHQ9_9: "phq9_9" },
          scores: { total: "phq9_total" },
        },
      ],
    });
  });

  it("moves answers that are stored from 1", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [i + 1, ...row.map((one) => one + 1)]);
    const made = await draft("b.csv", csv(["patient_id", ...phq], rows));
    expect(found(made).phq9_4).toMatchObject({
      role: "phq-9/PHQ9_4",
      words: { "1": "0", "2": "1", "3": "2", "4": "3" },
    });
    expect(found(made).phq9_4?.reason).toContain("the file stores 1 to 4");
    const [entry] = mappingOf(draftText(made, "2026-01-01")).files;
    const block = entry?.kind === "wide" ? entry.instruments[0] : undefined;
    expect(block?.items.PHQ9_9).toMatchObject({ words: { "1": "0", "4": "3" } });
  });

  it("leaves open where the answers fit moved and as they are", async () => {
    const rows = answers(40, 9, 1).map((row, i) => [i + 1, ...row.map((one) => one + 1)]);
    const made = await draft("c.csv", csv(["patient_id", ...phq], rows));
    expect(found(made).phq9_1?.confidence).toBeLessThan(0.8);
    expect(found(made).phq9_1?.reason).toContain("as they are and moved");
    expect(draftText(made, "2026-01-01")).toContain("# Not complete");
    expect(draftText(made, "2026-01-01")).toContain("No column surely says when");
  });

  it("finds a turned item by its correlation, and is sure only where the total proves it", async () => {
    const turned = answers(60, 9, 3).map((row) => row.map((one, i) => (i === 3 ? 3 - one : one)));
    const total = (row: number[]) =>
      row.reduce((sum, one, i) => sum + (i === 3 ? 3 - one : one), 0);
    const without = await draft(
      "d.csv",
      csv(
        ["patient_id", ...phq],
        turned.map((row, i) => [i + 1, ...row]),
      ),
    );
    expect(found(without).phq9_4?.confidence).toBeLessThan(0.8);
    expect(found(without).phq9_4?.reason).toContain("runs against the other items");
    const proven = await draft(
      "e.csv",
      csv(
        ["patient_id", ...phq, "sum"],
        turned.map((row, i) => [i + 1, ...row, total(row)]),
      ),
    );
    expect(found(proven).phq9_4).toMatchObject({ words: { "0": "3", "3": "0" } });
    expect(found(proven).phq9_4?.confidence).toBeGreaterThanOrEqual(0.8);
  });

  it("takes answer words that are written a little otherwise", async () => {
    const words = ["Not at all", "Several days.", "More than half the days", "Nearly every day"];
    const rows = answers(40, 9, 3).map((row, i) => [i + 1, ...row.map((one) => words[one] ?? "")]);
    const made = await draft("f.csv", csv(["patient_id", ...phq], rows));
    expect(found(made).phq9_1).toMatchObject({
      role: "phq-9/PHQ9_1",
      words: { "Several days.": "1" },
    });
  });

  it("never guesses which of 03/04/2024 is the month", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [
      i + 1,
      `0${(i % 9) + 1}/0${(i % 8) + 1}/2024`,
      ...row,
    ]);
    const made = await draft("g.csv", csv(["patient_id", "survey_date", ...phq], rows));
    expect(found(made).survey_date?.confidence).toBeLessThan(0.8);
    const text = draftText(made, "2026-01-01");
    expect(text).toMatch(/# 0.60: every date fits .*only you know/);
    const chosen = text.replace(
      /# (answered_at: \{ column: survey_date, date_format: "%d.*)/,
      "$1",
    );
    expect(mappingOf(chosen).files[0]).toMatchObject({
      columns: { answered_at: { column: "survey_date", date_format: "%d/%m/%Y" } },
    });
  });

  it("says why numbers have a decimal comma, and finds the total that is written with one", async () => {
    const rows = answers(40, 9, 3).map((row, i) => {
      const total = row.reduce((a, b) => a + b, 0);
      return [i + 1, `17.03.20${10 + (i % 9)}`, ...row, `${total},0`, `7${i % 10},${i % 10}`].join(
        ";",
      );
    });
    const header = ["record_id", "phq9_date", ...phq, "phq9_total", "weight"].join(";");
    const made = await draft("comma.csv", `${header}\n${rows.join("\n")}\n`);
    const text = draftText(made, "2026-01-01");
    expect(text).toMatch(/^ +decimal: ","\s+# 0\.97: .* in phq9_total, weight$/m);
    expect(found(made).phq9_total).toMatchObject({ role: "phq-9/total", confidence: 0.97 });
    expect(mappingOf(text).files[0]).toMatchObject({ decimal: "," });
  });

  it("never guesses whether 1,500 is one and a half or a thousand", async () => {
    const rows = answers(40, 9, 3).map((row, i) =>
      [i + 1, "17.03.2024", ...row, `1,5${10 + i}`].join(";"),
    );
    const header = ["record_id", "phq9_date", ...phq, "steps"].join(";");
    const text = draftText(
      await draft("open.csv", `${header}\n${rows.join("\n")}\n`),
      "2026-01-01",
    );
    expect(text).toMatch(
      /# steps: the comma may be a decimal comma or a thousands comma;.*\n +# decimal: ","/,
    );
    expect(mappingOf(text).files[0]).toMatchObject({ decimal: "." });
  });

  it("does not know an instrument by nine numbers alone", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [i + 1, ...row]);
    const names = Array.from({ length: 9 }, (_, i) => `x${i + 1}`);
    const made = await draft("h.csv", csv(["patient_id", ...names], rows));
    expect(found(made).x1?.confidence).toBeLessThan(0.8);
    expect(() => mappingOf(draftText(made, "2026-01-01"))).toThrow();
  });

  it("shows words of coded columns that nobody knows, and none of columns that identify", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => [
      i + 1,
      `Smith${i}`,
      ["M", "XX"][i % 2] ?? "",
      "1990-05-01",
    ]);
    const made = await draft("i.csv", csv(["patient_id", "last_name", "sex", "dob"], rows));
    const text = draftText(made, "2026-01-01");
    expect(text).toContain('# sex: { column: sex, words: { XX: "?" } }');
    expect(text).not.toContain("Smith");
    expect(mappingOf(text).files[0]).toMatchObject({
      kind: "patients",
      columns: { birth_date: "dob" },
    });
  });

  it("a foreign word that is rare in one item and not in the form is shown, and what few cells have is only counted", async () => {
    const words = ["nie", "manchmal", "oft", "fast immer"];
    const rows = answers(40, 9, 3).map((row, i) => [
      i + 1,
      `2024-03-${10 + (i % 20)}`,
      ...row.map((n, item) =>
        // The first item has "oft" once, and one person's own words.
        item > 0 ? (words[n] ?? "") : i === 0 ? "oft" : i === 1 ? "frag Herrn Meyer" : "nie",
      ),
    ]);
    const text = draftText(
      await draft("selten.csv", csv(["Patienten-ID", "Datum", ...phq], rows)),
      "2026-01-01",
    );
    expect(text).toContain("patient_key: Patienten-ID");
    const all = words.map((word) => `"${word}": "?"`).toSorted();
    const line = text.split("\n").find((one) => one.includes("&answers_phq_9")) ?? "";
    expect(/words: &answers_phq_9 \{ (.*) \} \}/.exec(line)?.[1]?.split(", ").toSorted()).toEqual(
      all,
    );
    expect(text).toContain("# PHQ9_2: { column: phq9_2, words: *answers_phq_9 }");
    expect(text).toContain("1 cells of phq9_1");
    expect(text).not.toContain("Meyer");
  });

  it("recognises a layout that propool knows", async () => {
    const write = (name: string, header: string) => writeFile(join(folder, name), `${header}\n`);
    await write(
      "patients.csv",
      "Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,FIRST,LAST,RACE,ETHNICITY,GENDER,ADDRESS,CITY,STATE,ZIP",
    );
    await write(
      "observations.csv",
      "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
    );
    const made = await suggestCsv([join(folder, "patients.csv"), join(folder, "observations.csv")]);
    expect(made.layout).toBe("synthea");
    expect(mappingOf(draftText(made, "2026-01-01"))).toMatchObject({
      layout: "synthea",
      files: [],
    });
  });

  it("tells in how many rows a column named like the total is the sum of the items, where it mostly is not", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [
      i,
      `2024-03-${10 + (i % 20)}`,
      ...row,
      row.reduce((a, b) => a + b, 0) + (i % 4 === 0 ? 0 : 1),
    ]);
    const text = draftText(
      await draft("sum.csv", csv(["patient_id", "date", ...phq, "phq9_total"], rows)),
      "2026-01-01",
    );
    expect(text).toContain("# phq9_total is the sum of the items in 10 of 40 rows");
    expect(text).toContain("scores: { total: phq9_total }");
    expect(mappingOf(text).files[0]).toMatchObject({ kind: "wide" });
  });

  it("a REDCap form with answers that no list has is a draft that can be read", async () => {
    const rows = Array.from({ length: 30 }, (_, i) => [
      i + 1,
      "2024-03-04",
      i % 4,
      i % 3 === 0 ? "declined to say" : i % 2,
      12,
      2,
    ]);
    const header = [
      "record_id",
      "phq9_timestamp",
      "phq9_1",
      "phq9_2",
      "phq9_weight",
      "phq9_complete",
    ];
    const text = draftText(await draft("forms.csv", csv(header, rows)), "2026-01-01");
    expect(text).toMatch(/^ {2}# {5}- instrument: phq-2\n {2}# {7}form: phq9 /m);
    expect(text).toContain('"2": "2", "3": "3", "declined to say": "?" }');
    const open = text.replaceAll(/^ {2}# /gm, "  ").replace("# PHQ9_1", "PHQ9_1");
    expect(mappingOf(open).files[0]).toMatchObject({
      instruments: [{ instrument: "phq-2", items: { PHQ9_1: { column: "phq9_1" } } }],
    });
  });

  it("finds the total beside answers in words", async () => {
    const words = ["Not at all", "Several days", "More than half the days", "Nearly every day"];
    const made = await draft(
      "words.csv",
      csv(
        ["patient_id", "date", ...phq, "summe", "age"],
        answers(60, 9, 3).map((row, i) => [
          i,
          `2024-03-${10 + (i % 20)}`,
          ...row.map((n) => words[n] ?? ""),
          row.reduce((a, b) => a + b, 0),
          20 + (i % 50),
        ]),
      ),
    );
    expect(found(made).summe).toMatchObject({ role: "phq-9/total" });
    expect(draftText(made, "2026-01-01")).toContain("total: summe");
  });
});

it("a long file's own codes are drafted with how often they stand, and those that few rows have are not shown", async () => {
  const rows = answers(40, 9, 3).flatMap((row, i) => {
    const form = [`P${i}`, `F${i}`, "2024-03-17"];
    const one = (code: string, text: string, answer: number) => [...form, code, text, answer];
    return [
      ...row.map((answer, k) => one(`PHQ9_${k + 1}`, "", answer)),
      one(
        "PHQ9_TOTAL",
        "",
        row.reduce((a, b) => a + b, 0),
      ),
      one("FLO-77", "blood pressure", 120),
      one("69725-0", "", i % 4),
      one(`told Dr Quellmark ${i}`, "", 1),
    ];
  });
  const header = ["patient_id", "form_id", "taken_at", "question_code", "question_text", "answer"];
  const text = draftText(await draft("long.csv", csv(header, rows)), "2026-01-01");
  expect(mappingOf(text).files[0]).toMatchObject({
    kind: "long",
    instruments: [
      {
        instrument: "phq-9",
        items: { PHQ9_1: "PHQ9_1", PHQ9_9: "PHQ9_9" },
        scores: { total: "PHQ9_TOTAL" },
      },
    ],
  });
  expect(text).toContain("PHQ9_1: PHQ9_1   # 40 rows");
  expect(text).toMatch(/# Codes that propool does not know, and in how many rows: FLO-77 \(40\)\./);
  expect(text).toContain("they may name somebody: 40 codes in 40 rows.");
  expect(text).not.toMatch(/Quellmark|69725-0/);
});

it("codes without a meaning are told by the questions beside them, however they were shortened", async () => {
  const asked = [
    "Little interest or pleasure in doing things",
    "Feeling down, depressed",
    "Trouble falling asleep",
    "Feeling tired or having little energy",
    "Poor appetite or overeating",
    "Feeling bad about yourself",
    "Trouble concentrating on things",
    "Moving or speaking slowly",
    "Better off dead",
  ];
  const rows = answers(40, 9, 3).flatMap((row, i) => [
    ...row.map((answer, k) => [`P${i}`, `F${i}`, "2024-03-17", 2100 + k, `"${asked[k]}"`, answer]),
    [`P${i}`, `F${i}`, "2024-03-17", 5, "Blood pressure in mmHg", 120],
  ]);
  const header = ["patient_id", "form_id", "taken_at", "question_code", "question_text", "answer"];
  const mapping = mappingOf(draftText(await draft("flow.csv", csv(header, rows)), "2026-01-01"));
  expect(mapping.files[0]).toMatchObject({
    instruments: [
      { instrument: "phq-9", items: { PHQ9_1: "2100", PHQ9_4: "2103", PHQ9_9: "2108" } },
    ],
  });
});

describe("columns whose names say nothing are told by their questions", () => {
  const asked = [
    "Feeling nervous, anxious, or on edge",
    "Not being able to stop or control worrying",
    "Worrying too much about different things",
    "Trouble relaxing",
    "Being so restless that it is hard to sit still",
    "Becoming easily annoyed or irritable",
    "Feeling afraid, as if something awful might happen",
  ];
  const quoted = asked.map((one) => `"${one}"`);
  const names = asked.map((_, i) => `mood_${String.fromCharCode(97 + i)}`);
  const rows = answers(40, 7, 3).map((row, i) => [`P${i}`, "2024-03-17", ...row]);
  const isGad7 = {
    instrument: "gad-7",
    items: { GAD7_1: "mood_a", GAD7_4: "mood_d", GAD7_7: "mood_g" },
  };

  it("in a line of labels under the names", async () => {
    const labels = ["Respondent", "End Date", ...quoted];
    const text = csv(["patient_id", "survey_date", ...names], [labels, ...rows]);
    const mapping = mappingOf(draftText(await draft("labels.csv", text), "2026-01-01"));
    expect(mapping.files[0]).toMatchObject({ label_lines: 1, instruments: [isGad7] });
  });

  it("in a data dictionary beside the export, whatever its place in the list", async () => {
    const dictionary = join(folder, "study_DataDictionary.csv");
    const fields = names.map((name, i) => [name, "mood", "radio", quoted[i] ?? ""]);
    await writeFile(
      dictionary,
      csv(["Variable / Field Name", "Form Name", "Field Type", "Field Label"], fields),
    );
    const data = join(folder, "study_DATA.csv");
    await writeFile(data, csv(["record_id", "survey_date", ...names], rows));
    const made = await suggestCsv([data, dictionary]);
    expect(made.files.map(({ file }) => basename(file))).toEqual([
      "study_DATA.csv",
      "study_DataDictionary.csv",
    ]);
    const mapping = mappingOf(draftText(made, "2026-01-01"));
    expect(mapping.files[0]).toMatchObject({ instruments: [isGad7] });
  });

  it("in the names themselves", async () => {
    const text = csv(
      ["patient_id", "survey_date", ...asked.map((one) => `"How often: [${one}]"`)],
      rows,
    );
    const mapping = mappingOf(draftText(await draft("form.csv", text), "2026-01-01"));
    expect(mapping.files[0]).toMatchObject({
      instruments: [{ instrument: "gad-7", items: { GAD7_4: "How often: [Trouble relaxing]" } }],
    });
  });
});

it.each([
  ["survey_2024-03-04.csv", '# The name holds a day.* match: "survey_\\*\\.csv"'],
  ["Pro_DATA_2024-03-04_0915.csv", '# The name holds a day.* match: "Pro_DATA_\\*\\.csv"'],
  ["survey[1].csv", "- match: survey\\?1\\?\\.csv"],
])("the name %s is matched tomorrow too", async (name, expected) => {
  const rows = answers(40, 9, 3).map((row, i) => [`P${i}`, "2024-03-17", ...row]);
  const text = draftText(
    await draft(name, csv(["patient_id", "survey_date", ...phq], rows)),
    "2026-01-01",
  );
  expect(text).toMatch(new RegExp(expected));
  expect(mappingOf(text).files).toHaveLength(1);
});

describe("what a new steward must decide stands in the draft as a comment", () => {
  const rows = answers(60, 9, 3);

  it("no column of dates: where else the day may come from, and visits that are only counted", async () => {
    const made = await draft(
      "j.csv",
      csv(
        ["patient_id", "visit_no", ...phq],
        rows.map((row, i) => [1 + (i % 30), 1 + Math.floor(i / 30), ...row]),
      ),
    );
    const text = draftText(made, "2026-01-01");
    expect(text).toContain("No column of this file holds dates");
    expect(text).toContain('answered_at: { value: "2024-03" }');
    expect(text).toContain("encounter_key: { columns: [patient_id, visit_no] }");
    const open = text
      .replace("# encounter_key:", "encounter_key:")
      .replace("# answered_at: {", "answered_at: {");
    expect(mappingOf(open).files[0]).toMatchObject({
      columns: {
        answered_at: { value: "2024-03" },
        encounter_key: { columns: ["patient_id", "visit_no"] },
      },
    });
  });

  it("no column of patients: the line where one is to be written", async () => {
    const rows = answers(40, 9, 3).map((row, i) => [i % 2 ? "A" : "B", ...row]);
    const text = draftText(await draft("nobody.csv", csv(["arm", ...phq], rows)), "2026-01-01");
    expect(text).toMatch(/columns:\n +# +# patient_key: "\?" +# needed: /);
  });

  it.each([
    ["1.0", "2.0"],
    ["1", "2"],
  ])("sex as %s and %s beside a star for what was held back: both readings", async (one, two) => {
    const rows = answers(40, 9, 3).map((row, i) => [i, [one, two, "*"][i % 3] ?? "", ...row]);
    const text = draftText(
      await draft("star.csv", csv(["pid", "sex", ...phq], rows)),
      "2026-01-01",
    );
    expect(text).toContain(`words: { "${one}": M, "${two}": F } }`);
    expect(text).toContain(`words: { "${one}": F, "${two}": M } }`);
  });

  it("sex as 1 and 2: both readings, and where to look", async () => {
    const made = await draft(
      "sex.csv",
      csv(
        ["patient_id", "date", "sex", ...phq],
        rows.map((row, i) => [i, `2024-03-${10 + (i % 20)}`, 1 + (i % 2), ...row]),
      ),
    );
    const text = draftText(made, "2026-01-01");
    expect(text).toContain("1 in 30 rows, 2 in 30 rows");
    expect(text).toContain('# sex: { column: sex, words: { "1": M, "2": F } }');
    expect(text).toContain('# sex: { column: sex, words: { "1": F, "2": M } }');
    expect(text).not.toContain('"?"');
  });

  it("7, 9 and 99: how often they stand where, and the line that gives them a meaning", async () => {
    const made = await draft(
      "k.csv",
      csv(
        ["patient_id", "survey_date", ...phq],
        rows.map((row, i) => [
          i,
          "2024-05-17",
          ...row.map((one, k) => (i % 20 === 3 && k < 3 ? ([7, 9, 99][k] ?? one) : one)),
        ]),
      ),
    );
    const text = draftText(made, "2026-01-01");
    expect(text).toContain("7 stands in 3 cells of 1 columns of phq-9");
    const [entry] = mappingOf(text.replace("# missing:", "missing:")).files;
    expect(entry?.missing).toEqual({ "7": "skipped", "9": "skipped", "99": "skipped" });
  });

  it("items of a PROMIS bank that no form holds: the T-score under the bank", async () => {
    const made = await draft(
      "l.csv",
      csv(
        ["patient_id", "survey_date", ...phq, "PFA11", "PFB26"],
        rows.map((row, i) => [i, "2024-05-17", ...row, 1 + (i % 5), 1 + (i % 4)]),
      ),
    );
    const text = draftText(made, "2026-01-01");
    expect(text).toMatch(/Named like items of a PROMIS bank.*PFA11, PFB26/);
  });
});

it("an MRN alone is the person's key, and beside a study number it is an MRN", async () => {
  const header = ["birth_date", "sex"];
  const row = (i: number) => ["1980-02-03", "F", 100 + i];
  const alone = await draft(
    "m.csv",
    csv(
      [...header, "PAT_MRN_ID"],
      Array.from({ length: 9 }, (_, i) => row(i)),
    ),
  );
  expect(found(alone).PAT_MRN_ID?.role).toBe("patient_key");
  const both = await draft(
    "n.csv",
    csv(
      [...header, "PAT_MRN_ID", "patient_id"],
      Array.from({ length: 9 }, (_, i) => [...row(i), i]),
    ),
  );
  expect(found(both)).toMatchObject({
    PAT_MRN_ID: { role: "mrn" },
    patient_id: { role: "patient_key" },
  });
});

it("a header that has a name twice: none of its columns is chosen, and the draft says so", async () => {
  const names = [...phq.slice(0, 1), ...phq.slice(0, 1), ...phq.slice(2)];
  const rows = answers(40, 9, 3).map((row, i) => [i, ...row]);
  const made = await draft("q.csv", csv(["patient_id", ...names], rows));
  expect(found(made).phq9_1).toMatchObject({ role: null });
  expect(found(made).phq9_1_2).toMatchObject({ role: null });
  expect(draftText(made, "2026-01-01")).toContain(
    "has phq9_1 more than once, called phq9_1, phq9_1_2",
  );
});

it("where no file tells of the patients, the answers do: the first night must not quarantine them all", async () => {
  const rows = answers(40, 9, 3).map((row, i) => [i, "2024-05-17", ...row]);
  const survey = join(folder, "r.csv");
  const patients = join(folder, "s.csv");
  await writeFile(survey, csv(["patient_id", "survey_date", ...phq], rows));
  await writeFile(
    patients,
    csv(
      ["patient_id", "dob", "sex"],
      rows.map((_, i) => [i, "1990-05-01", "F"]),
    ),
  );
  const alone = mappingOf(draftText(await suggestCsv([survey]), "2026-01-01"));
  expect(alone.files[0]).toMatchObject({ kind: "wide", person: {} });
  const both = mappingOf(draftText(await suggestCsv([survey, patients]), "2026-01-01"));
  expect(both.files[0]).not.toHaveProperty("person");
});

it("a REDCap export with its dictionary: the form of each instrument, and nothing said against the dictionary", async () => {
  const rows = answers(40, 9, 3).map((row, i) => [i, "baseline_arm_1", "2024-05-17", ...row, 2]);
  const data = join(folder, "P_DATA.csv");
  const dictionary = join(folder, "P_DataDictionary.csv");
  const header = ["record_id", "redcap_event_name", "phq9_date", ...phq, "mood_form_complete"];
  await writeFile(data, csv(header, rows));
  await writeFile(
    dictionary,
    "Variable / Field Name,Form Name,Field Type\nphq9_1,mood_form,radio\n",
  );
  const text = draftText(await suggestCsv([data, dictionary]), "2026-01-01");
  expect(mappingOf(text)).toMatchObject({
    layout: "redcap",
    files: [
      { instruments: [{ instrument: "phq-9", form: "mood_form", answered_at: "phq9_date" }] },
    ],
  });
  expect(text).toContain("P_DataDictionary.csv: a REDCap data dictionary");
  expect(text).not.toContain("only tells a person's visits apart");
});

it("REDCap forms under another first field: what names a form from export to export is for the steward to write", async () => {
  const rows = answers(40, 9, 3).map((row, i) => [i, "2024-05-17", ...row, 2]);
  const told = async (first: string) =>
    draftText(
      await draft(`${first}.csv`, csv([first, "phq9_date", ...phq, "phq9_complete"], rows)),
      "2026-01-01",
    );
  expect(await told("pt_no")).toContain("#   source_id: [pt_no]");
  expect(await told("record_id")).not.toContain("source_id");
});

it("an id of the response is its administration's, and the draft can be read", async () => {
  const made = await draft(
    "o.csv",
    csv(
      ["response_id", "patient_id", "survey_date", ...phq],
      answers(40, 9, 3).map((row, i) => [`R${i}`, i, "2024-05-17", ...row]),
    ),
  );
  const [entry] = mappingOf(draftText(made, "2026-01-01")).files;
  expect(entry).toMatchObject({ instruments: [{ source_id: ["response_id"] }] });
});

it("a name such as PHQ9.1 is no value: the first line is a header", async () => {
  const names = Array.from({ length: 9 }, (_, i) => `PHQ9.${i + 1}`);
  const made = await draft(
    "p.csv",
    csv(
      ["pin", ...names],
      answers(40, 9, 3).map((row, i) => [i, ...row]),
    ),
  );
  expect(found(made)["PHQ9.9"]?.role).toBe("phq-9/PHQ9_9");
});

it("the command writes a draft with its schema beside it, and never over another file", async () => {
  const file = join(folder, "a.csv");
  const out = join(folder, "mapping.yaml");
  expect(await propool("suggest", file, "--out", out)).toMatchObject({ exitCode: 0, out: "" });
  expect(await readFile(out, "utf8")).toMatch(/^# yaml-language-server: \$schema=\.schema\//);
  expect(await readFile(join(folder, ".schema/csv-mapping.schema.json"), "utf8")).toContain(
    "layout",
  );
  expect((await propool("suggest", file, "--out", out)).exitCode).toBe(10);
  await writeFile(out, csvMappingTemplate());
  expect((await propool("suggest", file, "--out", out)).exitCode).toBe(0);
});
