import fc from "fast-check";
import { expect, it } from "vitest";
import { STATES } from "../../pipelines/quality/ledger.ts";
import { type Case, type Cells, LOINC, mapCases } from "../support/intake.ts";

/** Any cell of a list, often the sensible first one. */
const some = <T extends Cells[string]>(first: T, ...others: Cells[string][]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, fc.constantFrom(...others));

const answer = fc.record({
  item_code: some("PHQ9_1", "PHQ9_2", "PHQ9_9", "total", "44250-9", "70274-6", "note", "", null),
  item_system: some("propool", LOINC, "http://clinic.example", null),
  answer_code: some(null, "LA6568-5", "LA6571-9", "LA137-2", "", "odd"),
  answer_num: some(1, 0, 3, 4, -1, 2.5, 27, 99_999_999, null),
  answer_text: some(null, "Not at all", "nearly every day", "12", " ", "my name is Ann"),
  missing: some(null, "ASKU", "not_shown"),
});
const administration = fc.record({
  cells: fc.record({
    patient_key: some("p1", "p2", "nobody", null),
    encounter_key: some(null, "e", "f"),
    source_id: some(null, "a", "b"),
    version_at: some(null, "2024-03-04", "2024-03-04T10:00:00-06:00", "2024", "yesterday"),
    instrument_code: some("phq-9", "44249-1", "gad-7", "99999-9", null),
    instrument_system: some("propool", LOINC, null),
    answered_at: some("2024-03-04", "2024-03", "2024-02-30", "1960-01-01", "2044-01-01", null),
    status: some("completed", "in-progress", "entered-in-error", "not-done", "odd", null),
    method: some(null, "ELECTRONIC", "odd"),
    mode: some(null, "Patient|", "|"),
  }),
  answers: fc.array(answer, { maxLength: 6 }),
});
const intake: fc.Arbitrary<Case> = fc.record({
  patients: fc.array(
    fc.record({
      patient_key: some("p1", "p2", null),
      birth_date: some("1970-01-01", "1970", "2050-01-01", "odd", null),
      sex: some("male", "odd", null),
    }),
    { maxLength: 4 },
  ),
  encounters: fc.array(
    fc.record({
      patient_key: some("p1", "p2", "nobody"),
      encounter_key: some("e", "f", null),
      start_at: some("2024-03-04T10:00", "2024", null),
    }),
    { maxLength: 3 },
  ),
  conditions: fc.array(
    fc.record({
      condition_key: some("c", "d", null),
      code: some("F32.9", null),
      code_system: some("http://hl7.org/fhir/sid/icd-10-cm", "odd", null),
    }),
    { maxLength: 3 },
  ),
  administrations: fc.array(administration, { maxLength: 6 }),
});

it("every record and every answer ends in exactly one state, whatever was read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(intake, { minLength: 8, maxLength: 40 }), async (list) => {
      const cases = Object.fromEntries(list.map((one, i) => [`case ${i}`, one]));
      // Drawing the ledgers throws on a gap of one.
      const mapped = await mapCases(cases);
      for (const [i, one] of list.entries()) {
        const { records, answers, administrations, people } = mapped[`case ${i}`] ?? {};
        const given = one.administrations ?? [];
        const rows = [one.patients, one.encounters, one.conditions].flat().length;
        expect(records).toHaveLength(rows + given.length);
        expect(people).toHaveLength(rows);
        // A form may hold several instruments, never none.
        expect((administrations ?? []).length).toBeGreaterThanOrEqual(given.length);
        expect(answers).toHaveLength(given.flatMap((form) => form.answers ?? []).length);
        for (const line of [...(records ?? []), ...(people ?? [])])
          expect(STATES).toContain(line.split(" ")[1]);
        for (const line of answers ?? []) expect(STATES).toContain(line.split(" ")[3]);
        for (const line of administrations ?? []) expect(STATES).toContain(line.split(" ")[0]);
      }
      const sum = ({ read: _, ...states }: Record<string, number>) =>
        Object.values(states).reduce((total, count) => total + count, 0);
      expect(sum(mapped.ledgers.records)).toBe(mapped.ledgers.records.read);
      expect(sum(mapped.ledgers.answers)).toBe(mapped.ledgers.answers.read);
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 60_000);
