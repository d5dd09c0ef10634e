import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { detectDialect } from "../../pipelines/adapters/csv/detect-dialect.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { withIntake } from "../support/csv-intake.ts";

const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const present = existsSync(join(CORPUS, "truth.csv"));
const title = (what: string) => (present ? what : `${what} (left out: no corpus at ${CORPUS})`);

/** LOINC items 1 to 9 of the PHQ-9, as truth.csv names them. */
const PHQ9_LOINC = "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8".split(
  " ",
);
const phq9 = (column: (n: number) => string) =>
  Object.fromEntries(PHQ9_LOINC.map((_, i) => [`PHQ9_${i + 1}`, column(i + 1)]));

interface Answer {
  patient: string;
  day: string;
  item: string;
  value: number;
}

const FILES = [
  {
    file: "csv/arishmr__isixhosa-phq9/Full_Data.csv",
    records: 47,
    truths: 470,
    /** The catalogue id under which a row of truth.csv is expected. */
    itemOf: (code: string | null) => (code ? `PHQ9_${PHQ9_LOINC.indexOf(code) + 1}` : "total"),
    entry: {
      columns: {
        patient_key: "PID",
        language: "language",
        answered_at: { column: "PHQ9.date", date_format: "%Y/%m/%d" },
      },
      instruments: [
        { instrument: "phq-9", items: phq9((n) => `q${n}`), scores: { total: "total" } },
      ],
    },
  },
  {
    file: "csv/Vakiti__Usefulness-of-CDC-data-for-disease-risk-prediction/DPQ_J.csv",
    records: 5533,
    truths: 200,
    itemOf: (code: string | null, note: string) =>
      code ? `PHQ9_${PHQ9_LOINC.indexOf(code) + 1}` : note.replace("column DPQ100", "PHQ9_10"),
    entry: {
      missing: { "7.0": "asked-declined", "9.0": "ASKU" },
      columns: { patient_key: "SEQN" },
      instruments: [
        { instrument: "phq-9", items: { ...phq9((n) => `DPQ0${n}0`), PHQ9_10: "DPQ100" } },
      ],
    },
  },
  {
    file: "csv/RADAR-base-Analytics__mockdata/questionnaire_phq8.csv",
    records: 1,
    truths: 8,
    itemOf: (_: string | null, note: string) => note.replace("questionId phq8_", "PHQ8_"),
    entry: {
      columns: { patient_key: "key.userId" },
      instruments: [
        {
          instrument: "phq-8",
          answered_at: { column: "value.timeCompleted", date_format: "epoch-seconds" },
          started_at: { column: "value.time", date_format: "epoch-seconds" },
          instrument_version: "value.version",
          items: Object.fromEntries(
            Array.from({ length: 8 }, (_, i) => [`PHQ8_${i + 1}`, `value.answers.${i}.value`]),
          ),
        },
      ],
    },
  },
];

describe.skipIf(!present)(title("real files"), () => {
  it.each(FILES)("$file holds every answer of truth.csv", async (one) => {
    const mapping = { files: [{ match: "*.csv", kind: "wide", ...one.entry }] };
    const truth = await truthOf(one.file, one.itemOf);
    expect(truth.length).toBe(one.truths);
    const folder = { path: CORPUS, files: [one.file] };
    await withIntake({ mapping, folder }, async (db) => {
      const { n } = await db.one<{ n: number }>(
        "SELECT count(*)::INTEGER AS n FROM intake_record WHERE state IS NULL",
      );
      expect(n).toBe(one.records);
      const answers = await db.all<Answer>(
        `SELECT a.patient_key AS patient, coalesce(left(a.answered_at, 10), '') AS day,
           r.item_code AS item, r.answer_num::DOUBLE AS value
         FROM every_response r JOIN intake_administration a USING (administration_key)
         WHERE r.answer_num IS NOT NULL`,
      );
      const found = new Set(answers.map((answer) => JSON.stringify(keyed(answer))));
      expect(truth.filter((answer) => !found.has(JSON.stringify(keyed(answer))))).toEqual([]);
    });
  });

  it("keeps refused and unknown answers of NHANES apart from numbers", async () => {
    const [, nhanes] = FILES;
    const mapping = { files: [{ match: "*.csv", kind: "wide", ...nhanes?.entry }] };
    const folder = { path: CORPUS, files: [nhanes?.file ?? ""] };
    const rows = await withIntake({ mapping, folder }, (db) =>
      db.all(`SELECT max(answer_num)::DOUBLE AS largest, bool_or(answer_text IS NOT NULL) AS words,
                count(*) FILTER (missing = 'asked-declined') > 0 AS refused
              FROM every_response`),
    );
    expect(rows).toEqual([{ largest: 3, words: false, refused: true }]);
  });

  const HOSTILE = [
    ...["accent", "bom", "doublequote", "escaping", "latin1", "long", "skip-rows"].map(
      (name) => `hostile/frictionlessdata__tabulator-py/tabular/${name}.csv`,
    ),
    ...[
      "comma_in_quotes",
      "empty",
      "empty_crlf",
      "escaped_quotes",
      "json",
      "newlines",
      "newlines_crlf",
      "quotes_and_newlines",
      "utf8",
    ].map((name) => `hostile/max-mapper__csv-spectrum/${name}.csv`),
    "hostile/max-mapper__csv-spectrum/location_coordinates.csv",
    "hostile/max-mapper__csv-spectrum/simple.csv",
    "hostile/max-mapper__csv-spectrum/simple_crlf.csv",
    ...["merged-cells", "multiline-headers", "sheets", "test_scientific_notation"].map(
      (name) => `hostile/frictionlessdata__tabulator-py/tabular/${name}.xlsx`,
    ),
    ...[
      "complex.csv",
      "excel_pasting.csv",
      "long.csv",
      "mixedGLB.csv",
      "null.csv",
      "simple.zip",
      "utf8bom.csv",
    ].map((name) => `hostile/okfn__messytables/horror/${name}`),
    ...["gb18030", "iso88591_en", "shiftjis", "utf16le", "utf8", "windows_1252"].map(
      (name) => `hostile/runk__node-chardet/encodings/${name}`,
    ),
    "hostile/minimaxir__big-list-of-naughty-strings/blns.txt",
  ];
  it.each(HOSTILE)("%s is read or refused with a reason, never half", async (file) => {
    const mapping = {
      files: [{ match: "*", kind: "patients", header: false, columns: { patient_key: "column1" } }],
    };
    const folder = { path: CORPUS, files: [file] };
    const outcome = await withIntake({ mapping, folder }, (db) =>
      db.one<{ records: number; lost: number }>(
        `SELECT count(*)::INTEGER AS records,
           (count(*) - count(DISTINCT where_record))::INTEGER AS lost FROM intake_record`,
      ),
    ).catch((error) => error);
    if (outcome instanceof ProError) expect(outcome.code).toMatch(/^(?:SOURCE|MAPPING)_/);
    else expect(outcome).toEqual({ records: expect.any(Number), lost: 0 });
  });

  it.each<[string, object | null]>([
    ["hostile/runk__node-chardet/encodings/gb18030", null],
    ["hostile/runk__node-chardet/encodings/shiftjis", null],
    ["hostile/runk__node-chardet/encodings/windows_1252", { encoding: "windows-1252" }],
    ["hostile/frictionlessdata__tabulator-py/tabular/latin1.csv", { encoding: "windows-1252" }],
    ["hostile/frictionlessdata__tabulator-py/tabular/accent.csv", { delimiter: ";" }],
    ["hostile/frictionlessdata__tabulator-py/tabular/skip-rows.csv", { title_lines: 1 }],
    ["hostile/okfn__messytables/horror/null.csv", { header: false }],
    ["csv/OuhscBbmc__REDCapR/redcap/decimal-comma/data.csv", {}],
    ["csv/OuhscBbmc__REDCapR/redcap/longitudinal/data.csv", {}],
    ["csv/EAISI__application-project-nhs-proms/Hip_Replacements_Provider_1718.csv.gz", {}],
    ["csv/fragla__eq5d/eq5d3l_example.xlsx", {}],
  ])("%s is told to be written with %j", async (file, options) => {
    const scratch = await mkdtemp(join(tmpdir(), "propool-corpus-"));
    const found = await detectDialect({ path: join(CORPUS, file), file, scratch, name: "x" });
    await rm(scratch, { recursive: true });
    expect(found.encoding.encoding === null ? null : found.options).toEqual(options);
  });
});

const keyed = ({ patient, day, item, value }: Answer) => [patient, day, item, Number(value)];

async function truthOf(file: string, itemOf: (code: string | null, note: string) => string) {
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    const rows = await db.all<Record<string, string | null>>(
      `SELECT patient_id, date, code, value_numeric, note FROM read_csv(${text(join(CORPUS, "truth.csv"))}, all_varchar = true)
       WHERE file = $1`,
      [file],
    );
    return rows.map((row) => ({
      patient: row.patient_id ?? "",
      day: row.date ?? "",
      item: itemOf(row.code ?? null, row.note ?? ""),
      value: Number(row.value_numeric),
    }));
  } finally {
    db.close();
  }
}
