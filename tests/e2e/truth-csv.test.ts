import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { STANDARD, scanRecord } from "../../pipelines/adapters/csv/record.ts";
import { propool } from "../support/command.ts";

/** Files that other people's systems wrote, and what a person read in them; they are not part of the repository. */
const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const isPresent = existsSync(join(CORPUS, "truth.csv"));
type Row = Record<string, string>;
const truth = isPresent
  ? parseCsv(join(CORPUS, "truth.csv")).filter(({ file = "" }) => file.startsWith("csv/"))
  : [];

const PHQ9 = (column: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`PHQ9_${i + 1}`, column(i + 1)]));
const wide = (entry: object) => ({
  files: [{ match: "*.csv", kind: "wide", person: {}, ...entry }],
});

interface Case {
  file: string;
  mapping: object;
  /** The truth covers the first people of the file only: so many lines of it are read. */
  lines?: number;
  /** Column of the person's key, by which a line of the file is found. */
  key: string;
  /** The catalogue's name for a row of the truth that has no code. */
  nameOf?: (row: Row) => string;
}

const CASES: Case[] = [
  {
    file: "csv/OHDSI__dbt-synthea/observations.csv",
    mapping: { layout: "synthea" },
    key: "PATIENT",
  },
  {
    file: "csv/arishmr__isixhosa-phq9/Full_Data.csv",
    mapping: wide({
      columns: {
        patient_key: "PID",
        answered_at: { column: "PHQ9.date", date_format: "%Y/%m/%d" },
      },
      instruments: [
        { instrument: "phq-9", items: PHQ9((n) => `q${n}`), scores: { total: "total" } },
      ],
    }),
    key: "PID",
    nameOf: () => "total",
  },
  {
    file: "csv/Vakiti__Usefulness-of-CDC-data-for-disease-risk-prediction/DPQ_J.csv",
    mapping: wide({
      missing: { "7.0": "asked-declined", "9.0": "ASKU" },
      columns: { patient_key: "SEQN" },
      instruments: [
        { instrument: "phq-9", items: { ...PHQ9((n) => `DPQ0${n}0`), PHQ9_10: "DPQ100" } },
      ],
    }),
    key: "SEQN",
    lines: 100,
    nameOf: () => "PHQ9_10",
  },
  {
    file: "csv/RADAR-base-Analytics__mockdata/questionnaire_phq8.csv",
    mapping: wide({
      columns: { patient_key: "key.userId" },
      instruments: [
        {
          instrument: "phq-8",
          answered_at: { column: "value.timeCompleted", date_format: "epoch-seconds" },
          items: Object.fromEntries(
            Array.from({ length: 8 }, (_, i) => [`PHQ8_${i + 1}`, `value.answers.${i}.value`]),
          ),
        },
      ],
    }),
    key: "key.userId",
    nameOf: ({ note = "" }) => note.replace("questionId phq8_", "PHQ8_"),
  },
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-truth-csv-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(!isPresent)(
  isPresent
    ? "the preview of real CSV files"
    : `the preview of real CSV files (left out: no truth.csv at ${CORPUS})`,
  () => {
    it("covers every CSV row of the truth", () => {
      expect(truth).toHaveLength(746);
      expect(new Set(truth.map(({ file }) => file))).toEqual(new Set(CASES.map((c) => c.file)));
    });

    it.each(CASES)(
      "$file: every answer of the truth, on its line, and none beyond",
      async (one) => {
        const told = truth.filter(({ file }) => file === one.file);
        const path = one.lines ? await beginning(one) : join(CORPUS, one.file);
        const mapping = join(folder, "mapping.yaml");
        await writeFile(mapping, stringify(one.mapping));
        const { exitCode, out, err } = await propool(
          "preview",
          path,
          ...["--mapping", mapping, "--format", "csv", "--today", "2028-01-01"],
        );
        expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });

        const lines = parseCsv(path).map((row) => row[one.key] ?? "");
        const read = new Set(told.map(({ patient_id }) => patient_id));
        const found = parse(out).filter(
          ({ origin, record = "", pro_response_num }) =>
            origin === "reported" &&
            pro_response_num !== "" &&
            read.has(lines[lineOf(record)] ?? ""),
        );
        const codeOf = new Map(
          found.map(({ pro_name = "", pro_code = "" }) => [pro_name, pro_code]),
        );
        const answers = found.map((row) =>
          answer(lines[lineOf(row.record ?? "")], row.pro_date, row.pro_code, row.pro_response_num),
        );
        const wanted = told.map((row) =>
          answer(
            row.patient_id,
            row.date,
            row.code || codeOf.get(one.nameOf?.(row) ?? ""),
            row.value_numeric,
          ),
        );
        expect(answers.toSorted()).toEqual(wanted.toSorted());
      },
    );
  },
);

async function beginning({ file, lines = 0 }: Case): Promise<string> {
  const path = join(folder, "beginning.csv");
  const text = readFileSync(join(CORPUS, file), "utf8");
  await writeFile(path, text.split("\n").slice(0, lines).join("\n"));
  return path;
}

const lineOf = (record: string) => Number(record.replace("line ", "")) - 2;
const answer = (person = "", date = "", code = "", value = "") =>
  `${person} ${date} ${code} ${Number(value)}`;

function parseCsv(path: string): Row[] {
  return parse(readFileSync(path, "utf8"));
}

function parse(source: string): Row[] {
  const rows: string[][] = [];
  for (let at = 0; at < source.length; ) {
    const record = scanRecord(source, at, STANDARD, true);
    if (record === null || record.end === at) break;
    rows.push(record.fields);
    at = record.end;
  }
  const [header = [], ...body] = rows;
  return body.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ""])));
}
