import { createHash } from "node:crypto";

/** One PHQ-9 of an invented person, as the rows of a long export tell it. */
interface Sitting {
  person: number;
  born: string;
  day: string;
  started: string;
  ended: string;
  visitDay: string;
  /** [instrument, code, value] a row. */
  answers: (readonly [string, string, number])[];
}

/** A defect that only a night can see: it is refused, shifted or forgotten before rows are stored. */
export interface NightDefect {
  name: string;
  check: string;
  /** Of a hundred questionnaires, how many get it. */
  sittings: number;
  /** How many failing rows one of them makes. */
  each: number;
  spoil: (sitting: Sitting) => void;
}

const replaced = (one: Sitting, code: string, value: number) => {
  one.answers = one.answers.map((row) => (row[1] === code ? [row[0], code, value] : row));
};
const ask = (one: Sitting, instrument: string, code: string, value: number) =>
  one.answers.push([instrument, code, value]);

const ROWS: readonly [string, string, number, number, NightDefect["spoil"]][] = [
  ["answer that the item does not offer", "PRO 1.02", 1, 1, (one) => replaced(one, "q3", 7)],
  ["total beyond its range", "PRO 1.04", 1, 1, (one) => replaced(one, "total", 77)],
  [
    "item answered twice, differently",
    "PRO 1.10",
    1,
    2,
    (one) => ask(one, "phq-9", "q4", (one.answers[3]?.[2] ?? 0) === 3 ? 0 : 3),
  ],
  ["code that nobody mapped", "PRO 1.12", 1, 1, (one) => ask(one, "phq-9", "q99", 1)],
  [
    "questionnaire that nobody knows",
    "PRO 1.13",
    10,
    9,
    (one) => {
      one.answers = range(9).map((i) => ["sleep diary", `s${i}`, 1]);
    },
  ],
  [
    "nine items in five seconds",
    "PRO 2.04",
    1,
    1,
    (one) => {
      one.started = one.ended.replace("09:30:00", "09:29:55");
    },
  ],
  [
    "date in the future",
    "PRO 2.07",
    1,
    1,
    (one) => {
      [one.started, one.ended] = ["2031-05-05T09:25:00", "2031-05-05T09:30:00"];
    },
  ],
  [
    "date before birth",
    "PRO 2.07",
    1,
    1,
    (one) => {
      [one.started, one.ended] = ["1931-05-05T09:25:00", "1931-05-05T09:30:00"];
    },
  ],
  [
    "first of January for a year",
    "PRO 2.08",
    3,
    1,
    (one) => {
      [one.started, one.ended] = ["2024-01-01T09:25:00", "2024-01-01T09:30:00"];
    },
  ],
  [
    "midnight for a day",
    "PRO 2.09",
    3,
    1,
    (one) => {
      [one.started, one.ended] = ["", `${one.day}T00:00:00`];
    },
  ],
  [
    "visits in the future",
    "DC 2.01",
    15,
    2,
    (one) => {
      one.visitDay = "2031-06-06";
    },
  ],
];
export const NIGHT_DEFECTS: readonly NightDefect[] = ROWS.map(
  ([name, check, sittings, each, spoil]) => ({ name, check, sittings, each, spoil }),
);

const SITTINGS = 120;

/** The export's files: without a defect, or with each planted into questionnaires of its own, chosen by the seed. */
export function nightExport(defects: readonly NightDefect[], seed: string): Record<string, string> {
  const sittings = range(SITTINGS).map(cleanSitting);
  const chosen = range(SITTINGS).toSorted((a, b) => (draw(seed, a) < draw(seed, b) ? -1 : 1));
  for (const { sittings: share, spoil } of defects) {
    const own = chosen.splice(0, plantedIn(share));
    if (own.length < plantedIn(share)) throw new Error("too few questionnaires for the defects");
    for (const i of own) spoil(sittings[i] as Sitting);
  }
  return {
    "patients.csv": csv(
      ["person", "born", "sex"],
      sittings.map((one) => [one.person, one.born, one.person % 2 ? "F" : "M"]),
    ),
    "visits.csv": csv(
      ["visit", "person", "from", "until"],
      sittings.map((one) => [one.person, one.person, one.visitDay, one.visitDay]),
    ),
    "answers.csv": csv(
      ["visit", "person", "started", "ended", "form", "code", "value"],
      sittings.flatMap((one) =>
        one.answers.map((row) => [one.person, one.person, one.started, one.ended, ...row]),
      ),
    ),
  };
}

export const plantedIn = (sittings: number) => Math.ceil((sittings * SITTINGS) / 100);

export const NIGHT_MAPPING = `files:
  - match: patients.csv
    kind: patients
    columns: { patient_key: person, birth_date: born, sex: sex }
  - match: visits.csv
    kind: encounters
    columns: { patient_key: person, encounter_key: visit, start_at: from, end_at: until, class: { value: outpatient } }
  - match: answers.csv
    kind: long
    group_by: [visit]
    columns:
      patient_key: person
      encounter_key: visit
      started_at: started
      answered_at: ended
      instrument_code: form
      item_code: code
      answer_num: value
      method: { value: portal }
    instruments:
      - instrument: phq-9
        items: { ${range(9)
          .map((i) => `PHQ9_${i + 1}: q${i + 1}`)
          .join(", ")} }
        scores: { total: total }
`;

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function cleanSitting(i: number): Sitting {
  const day = new Date(Date.UTC(2024, 1, 1 + (i % 90))).toISOString().slice(0, 10);
  // Items hang together: a person's own level, one up or down.
  const given = range(9).map((item) =>
    Math.max(0, Math.min(3, (i % 4) + ((i * 5 + item * 7) % 3) - 1)),
  );
  return {
    person: 1000 + i,
    born: `19${50 + (i % 40)}-0${1 + (i % 9)}-15`,
    day,
    started: `${day}T09:25:00`,
    ended: `${day}T09:30:00`,
    visitDay: day,
    answers: [
      ...given.map((value, item) => ["phq-9", `q${item + 1}`, value] as const),
      ["phq-9", "total", given.reduce((a, b) => a + b, 0)],
    ],
  };
}

const draw = (seed: string, i: number) => createHash("sha256").update(`${seed} ${i}`).digest("hex");
const csv = (header: string[], rows: (string | number)[][]) =>
  [header, ...rows].map((row) => `${row.join(",")}\n`).join("");
