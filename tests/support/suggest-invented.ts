/**
 * Exports invented to measure `suggest` on what it was not built on: shapes and words of REDCap projects, flowsheets, survey
 * tools, registries and reporting databases, with what each column is beside it. They were written down, and dealt to the two
 * halves, before `suggest` was run on any of them. The `seen` half may be looked at to mend the rules; of the `kept` half only
 * the three counts are told, so that it stays a measure. A column without a role has no place in our tables.
 */
export interface InventedExport {
  file: string;
  half: "seen" | "kept";
  delimiter: string;
  columns: InventedColumn[];
  rows: number;
}

type Roles = string | string[];
type InventedColumn = [name: string, role: Roles, cell: (row: Row) => string | number];

interface Row {
  n: number;
  /** The person's own level, 0 to 1, which the answers follow. */
  level: number;
  /** A number from 0 to 1 for each k, the same in every run. */
  chance(k: number): number;
}

const PEOPLE = 60;

const pick =
  (...words: readonly (string | number)[]) =>
  ({ n, chance }: Row) =>
    words[Math.floor(chance(n + words.length) * words.length)] ?? "";
/** An answer from `least` to `most` that follows the person's level. */
const scale =
  (k: number, least: number, most: number) =>
  ({ level, chance }: Row): number => {
    const at = level * (most - least) + (chance(k) - 0.5) * 1.6;
    return least + Math.max(0, Math.min(most - least, Math.round(at)));
  };
const words =
  (k: number, list: readonly string[]) =>
  (row: Row): string =>
    list[scale(k, 0, list.length - 1)(row)] ?? "";
const sum =
  (count: number, from: number, least: number, most: number) =>
  (row: Row): number =>
    Array.from({ length: count }, (_, i) => scale(from + i, least, most)(row)).reduce(
      (a, b) => a + b,
      0,
    );
const day =
  (write: (year: string, month: string, day: string) => string, from = "2023-01-02") =>
  ({ n }: Row) => {
    const iso = new Date(Date.parse(from) + n * 9 * 86_400_000).toISOString().slice(0, 10);
    const [year = "", month = "", date = ""] = iso.split("-");
    return write(year, month, date);
  };
const iso = (year: string, month: string, date: string) => `${year}-${month}-${date}`;
const MONTHS = "JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC".split(",");
const person = ({ n }: Row) => 4000 + ((n * 7) % PEOPLE);
const series = (
  count: number,
  name: (n: number) => string,
  role: (n: number) => Roles,
  cell: (n: number) => InventedColumn[2],
): InventedColumn[] =>
  Array.from({ length: count }, (_, i) => [name(i + 1), role(i + 1), cell(i + 1)]);

const OFTEN = ["Not at all", "Several days", "More than half the days", "Nearly every day"];
const FLOWSHEET = Array.from(
  { length: 9 },
  (_, i) => [`3040${210 + i}`, `PHQ-9 Question ${i + 1}`] as const,
);
const LOINC_GAD7 = "69725-0,68509-9,69733-4,69734-2,69735-9,69689-8,69736-7".split(",");

export const INVENTED: readonly InventedExport[] = [
  {
    file: "behavioral_intake_2023.csv",
    half: "seen",
    delimiter: ",",
    rows: 120,
    columns: [
      ["subj_no", "patient_key", person],
      ["visit_no", "", ({ n }) => 1 + Math.floor(n / PEOPLE)],
      ["date_of_visit", "answered_at", day((y, m, d) => `${d}-${MONTHS[Number(m) - 1]}-${y}`)],
      ...series(
        9,
        (n) => `phq_item${n}`,
        (n) => `phq-9/PHQ9_${n}`,
        (n) => scale(n, 0, 3),
      ),
      ["phq_sum", "phq-9/total", sum(9, 1, 0, 3)],
      ...series(
        7,
        (n) => `gad_item${n}`,
        (n) => `gad-7/GAD7_${n}`,
        (n) => scale(20 + n, 0, 3),
      ),
      ["gad_sum", "gad-7/total", sum(7, 21, 0, 3)],
      ["how_filled", "method", pick("paper", "tablet")],
      ["initials_ra", "", pick("KM", "TD", "AO")],
    ],
  },
  {
    file: "flowsheet_extract.csv",
    half: "seen",
    delimiter: ",",
    rows: 540,
    columns: [
      ["PAT_MRN_ID", ["patient_key", "mrn"], ({ n }) => 70_000 + Math.floor(n / 9)],
      ["PAT_ENC_CSN_ID", "encounter_key", ({ n }) => 9_100_000 + Math.floor(n / 9)],
      ["FLO_MEAS_ID", "item_code", ({ n }) => FLOWSHEET[n % 9]?.[0] ?? ""],
      ["FLO_MEAS_NAME", "item_text", ({ n }) => FLOWSHEET[n % 9]?.[1] ?? ""],
      ["MEAS_VALUE", ["answer_num", "answer_text"], ({ n, chance }) => Math.floor(chance(n) * 4)],
      [
        "RECORDED_TIME",
        "answered_at",
        (row) => `${day(iso)({ ...row, n: Math.floor(row.n / 9) })} 08:15:00`,
      ],
      ["TAKEN_USER_ID", "", pick("RN100", "RN200", "MA300")],
    ],
  },
  {
    file: "qx_export.tsv",
    half: "seen",
    delimiter: "\t",
    rows: 90,
    columns: [
      ["ResponseId", "source_id", ({ n }) => `R_${(n * 7919 + 13).toString(36)}x${n}`],
      ["ExternalReference", "patient_key", ({ n }) => `EXT${person({ n } as Row)}`],
      ["StartDate", "started_at", (row) => `${day(iso)(row)} 10:00:00`],
      ["EndDate", ["answered_at", ""], (row) => `${day(iso)(row)} 10:06:00`],
      ["Progress", "", () => 100],
      ["UserLanguage", "language", pick("EN", "ES")],
      ...series(
        9,
        (n) => `PHQ9.${n}`,
        (n) => `phq-9/PHQ9_${n}`,
        (n) => words(n, OFTEN),
      ),
      ["SC_PHQ9", "phq-9/total", sum(9, 1, 0, 3)],
    ],
  },
  {
    file: "assessment_results.csv",
    half: "seen",
    delimiter: ",",
    rows: 80,
    columns: [
      ["PIN", "patient_key", person],
      ["Assmnt", "", () => 1],
      [
        "DateFinished",
        "answered_at",
        (row) => day((y, m, d) => `${Number(m)}/${Number(d)}/${y} 14:05`)(row),
      ],
      ["Language", "language", () => "en"],
      ...["EDDEP04", "EDDEP06", "EDDEP29", "EDDEP41"].map(
        (id, i): InventedColumn => [
          id,
          ["promis-depression-4a", "promis-depression-8a", "promis-depression"].map(
            (one) => `${one}/${id}`,
          ),
          scale(i + 1, 1, 5),
        ],
      ),
      [
        "TScore",
        ["promis-depression-4a/t", "promis-depression/t", ""],
        ({ level }) => (41 + 30 * level).toFixed(1),
      ],
      ["SError", "", ({ chance }) => (2 + chance(3)).toFixed(1)],
    ],
  },
  {
    file: "registry_people.csv",
    half: "seen",
    delimiter: ";",
    rows: 60,
    columns: [
      ["StudyNumber", "patient_key", ({ n }) => `S-${1000 + n}`],
      ["BirthDt", "birth_date", day(iso, "1950-03-01")],
      ["AdminGender", "sex", pick("Female", "Male")],
      ["RaceDesc", "race", pick("White", "Black or African American", "Asian")],
      ["EthnicGroup", "ethnicity", pick("Hispanic or Latino", "Not Hispanic or Latino")],
      ["PrefLang", "language", pick("English", "Spanish")],
      ["PostalCode", "zip", ({ n }) => 10_000 + n * 37],
      ["EmailAddr", "email", ({ n }) => `p${n}@example.org`],
      ["PCPName", "", pick("Dr. Oak", "Dr. Elm")],
    ],
  },
  {
    file: "hip_registry_de.csv",
    half: "seen",
    delimiter: ";",
    rows: 70,
    columns: [
      ["Patientennummer", "patient_key", person],
      ["Befragungsdatum", "answered_at", day((y, m, d) => `${d}.${m}.${y}`)],
      ...series(
        6,
        (n) => `hoosjr_0${n}`,
        (n) => `hoos-jr/HOOSJR${n}`,
        (n) => scale(n, 0, 4),
      ),
      ["hoosjr_rohwert", "hoos-jr/raw", sum(6, 1, 0, 4)],
      [
        "hoosjr_interval",
        "hoos-jr/interval",
        ({ level }) => (100 - 100 * level).toFixed(3).replace(".", ","),
      ],
      ["Seite", "", pick("links", "rechts")],
    ],
  },
  {
    file: "anxiety_longitudinal.csv",
    half: "kept",
    delimiter: ",",
    rows: 100,
    columns: [
      ["record_id", "patient_key", person],
      ["redcap_event_name", "", pick("baseline_arm_1", "month_3_arm_1")],
      ["redcap_repeat_instrument", "", () => ""],
      ["redcap_repeat_instance", "", () => ""],
      ["gad7_date", "answered_at", day(iso)],
      ...series(
        7,
        (n) => `gad7_q${n}`,
        (n) => `gad-7/GAD7_${n}`,
        (n) => (row) => (row.n % 17 === n ? 9 : scale(n, 0, 3)(row)),
      ),
      ["gad7_sumscore", "gad-7/total", (row) => (row.n % 17 < 8 ? "" : sum(7, 1, 0, 3)(row))],
      ["gad7_complete", ["status", ""], pick(0, 2)],
    ],
  },
  {
    file: "survey_results.psv",
    half: "kept",
    delimiter: "|",
    rows: 420,
    columns: [
      ["person_no", "patient_key", ({ n }) => 800 + Math.floor(n / 7)],
      ["asked_on", "answered_at", (row) => day(iso)({ ...row, n: Math.floor(row.n / 7) })],
      ["survey_name", ["instrument_text", ""], () => "GAD-7"],
      ["question_code", "item_code", ({ n }) => LOINC_GAD7[n % 7] ?? ""],
      ["question_label", "item_text", ({ n }) => `Question about worry ${1 + (n % 7)}`],
      [
        "response_value",
        ["answer_num", "answer_code"],
        ({ n, chance }) => Math.floor(chance(n) * 4),
      ],
      ["response_label", "answer_text", ({ n, chance }) => OFTEN[Math.floor(chance(n) * 4)] ?? ""],
    ],
  },
  {
    file: "knee_clinic_eq5d.csv",
    half: "kept",
    delimiter: ",",
    rows: 75,
    columns: [
      ["MRN", ["patient_key", "mrn"], ({ n }) => 500_100 + ((n * 3) % PEOPLE)],
      ["DOS", "answered_at", day(iso)],
      ["eq5d5l_mobility", "eq-5d-5l/MO", scale(1, 1, 5)],
      ["eq5d5l_selfcare", "eq-5d-5l/SC", scale(2, 1, 5)],
      ["eq5d5l_usual_activities", "eq-5d-5l/UA", scale(3, 1, 5)],
      ["eq5d5l_pain", "eq-5d-5l/PD", scale(4, 1, 5)],
      ["eq5d5l_anxiety", "eq-5d-5l/AD", scale(5, 1, 5)],
      ["eq5d5l_vas", "eq-5d-5l/vas", ({ level }) => Math.round(95 - 80 * level)],
      ["BMI", "", ({ chance }) => (20 + 15 * chance(8)).toFixed(1)],
      ["SmokingStatus", "", pick("never", "former", "current")],
    ],
  },
  {
    file: "global_health_wave1.csv",
    half: "kept",
    delimiter: ",",
    rows: 110,
    columns: [
      ["participant_id", "patient_key", ({ n }) => `W1-${person({ n } as Row)}`],
      ["completed_on", "answered_at", day(iso)],
      ...series(
        6,
        (n) => `global0${n}`,
        (n) => `promis-global-10/Global0${n}`,
        (n) => scale(n, 1, 5),
      ),
      [
        "global07",
        "promis-global-10/Global07r",
        ({ level, chance }) => Math.round((1 - level) * 9 + chance(7)),
      ],
      ["global08", "promis-global-10/Global08r", (row) => 6 - scale(8, 1, 5)(row)],
      ["global09", "promis-global-10/Global09r", scale(9, 1, 5)],
      ["global10", "promis-global-10/Global10r", (row) => 6 - scale(10, 1, 5)(row)],
      ["gph_tscore", "promis-global-10/gph_t", ({ level }) => (25 + 35 * level).toFixed(1)],
      ["gmh_tscore", "promis-global-10/gmh_t", ({ level }) => (25 + 36 * level).toFixed(1)],
    ],
  },
  {
    file: "adt_visits.csv",
    half: "kept",
    delimiter: ",",
    rows: 90,
    columns: [
      ["VisitID", "encounter_key", ({ n }) => `V${30_000 + n}`],
      ["PatientID", "patient_key", person],
      ["AdmitDateTime", "start_at", (row) => `${day(iso)(row)} 07:30`],
      ["DischargeDateTime", "end_at", (row) => `${day(iso)(row)} 18:10`],
      ["PatientClass", "class", pick("Inpatient", "Outpatient", "Emergency")],
      ["DeptSpecialty", "specialty", pick("Orthopedics", "Psychiatry")],
      ["BedCount", "", () => 1],
    ],
  },
  {
    file: "palliative_round.tsv",
    half: "kept",
    delimiter: "\t",
    rows: 85,
    columns: [
      ["case_id", "patient_key", person],
      ["seen_at", "answered_at", (row) => `${day(iso)(row)}T09:00:00`],
      ...[
        "pain",
        "tiredness",
        "drowsiness",
        "nausea",
        "appetite",
        "breath",
        "depression",
        "anxiety",
        "wellbeing",
      ].map(
        (name, i): InventedColumn => [`esas_${name}`, `esas-r/ESAS${i + 1}`, scale(i + 1, 0, 10)],
      ),
      ["nurse_comment", "", pick("", "ok", "slept badly")],
    ],
  },
  {
    file: "wellbeing_survey.csv",
    half: "kept",
    delimiter: ",",
    rows: 95,
    columns: [
      ["pat_id", "patient_key", person],
      ["wave", "", ({ n }) => 1 + Math.floor(n / PEOPLE)],
      ...series(
        5,
        (n) => `who5_${n}`,
        (n) => `who-5/WHO5_${n}`,
        (n) => scale(n, 1, 6),
      ),
      ["sex", "sex", pick("m", "f")],
      ["age", "", ({ n }) => 20 + (n % 60)],
    ],
  },
];

/** The text of an invented export. */
export function textOfExport({ columns, delimiter, rows }: InventedExport): string {
  const lines = [columns.map(([name]) => name).join(delimiter)];
  for (let n = 0; n < rows; n++) {
    const chance = (k: number) => {
      const x = Math.sin((n + 1) * 127.1 + (k + 1) * 311.7) * 43_758.545;
      return x - Math.floor(x);
    };
    const row: Row = { n, level: chance(999), chance };
    lines.push(columns.map(([, , cell]) => cell(row)).join(delimiter));
  }
  return `${lines.join("\n")}\n`;
}
