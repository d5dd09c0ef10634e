import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** What the benchmarks write: PHQ-9 as US Core has it, and totals that stand alone. */

const ITEMS = [
  "44250-9",
  "44255-8",
  "44259-0",
  "44254-1",
  "44251-7",
  "44258-2",
  "44252-5",
  "44253-3",
  "44260-8",
];
const ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];
const LABELS = ["Not at all", "Several days", "More than half the days", "Nearly every day"];
const PEOPLE = 50_000;
/** Everybody is asked every fourth week, from a day of the first year on: no two records of a person are of one day. */
function day(i: number): string {
  const before = Math.floor(i / PEOPLE);
  return new Date(
    Date.UTC(2020, 0, 1 + ((i % PEOPLE) % 365) + 28 * before, 9, i % 60),
  ).toISOString();
}

/** Writes `count` records, a line each. */
export async function writeRecords(
  path: string,
  count: number,
  record: (i: number) => string,
): Promise<void> {
  const out = createWriteStream(path);
  for (let i = 0; i < count; i++) {
    if (!out.write(`${record(i)}\n`)) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

export function patient(i: number): string {
  return JSON.stringify({
    resourceType: "Patient",
    id: `p${i}`,
    name: [{ family: `Family${i}`, given: [`Given${i}`] }],
    gender: i % 2 ? "female" : "male",
    birthDate: `19${40 + (i % 60)}-0${1 + (i % 9)}-1${i % 10}`,
  });
}

export const people = PEOPLE;

/** A PHQ-9 of nine items and their total: ten answers. */
export function response(i: number): string {
  const values = ITEMS.map((_, k) => (i * 7 + k * 3) % 4);
  const items = ITEMS.map((code, k) => ({
    linkId: `/${code}`,
    text: "what the form asks here is left out",
    answer: [
      {
        valueCoding: {
          system: "http://loinc.org",
          code: ANSWERS[values[k] ?? 0],
          display: LABELS[values[k] ?? 0],
        },
      },
    ],
  }));
  return JSON.stringify({
    resourceType: "QuestionnaireResponse",
    id: `r${i}`,
    meta: { lastUpdated: day(i), versionId: "1" },
    questionnaire: "http://hl7.org/fhir/us/core/Questionnaire/phq-9-44249-1",
    status: "completed",
    subject: { reference: `Patient/p${i % PEOPLE}` },
    authored: day(i),
    author: { reference: `Patient/p${i % PEOPLE}` },
    item: [
      ...items,
      { linkId: "/44261-6", answer: [{ valueDecimal: values.reduce((a, b) => a + b, 0) }] },
    ],
  });
}

export function observation(i: number): string {
  return JSON.stringify({
    resourceType: "Observation",
    id: `o${i}`,
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code: "44261-6" }] },
    subject: { reference: `Patient/p${i % PEOPLE}` },
    effectiveDateTime: day(i),
    valueInteger: i % 28,
  });
}
