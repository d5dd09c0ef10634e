import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intakeRows, withIntake } from "../support/csv-intake.ts";

const ITEMS = ["PHQ9_1", "PHQ9_2", "PHQ9_3"];
const MAPPING = {
  files: [
    {
      match: "*.csv",
      kind: "wide",
      columns: { patient_key: "id", answered_at: "day" },
      instruments: [
        { instrument: "phq-9", items: Object.fromEntries(ITEMS.map((item) => [item, item])) },
      ],
    },
  ],
};

/** Words that are no number; NUL alone is left out, it makes a file binary. */
const word = fc
  .string({ unit: "binary", maxLength: 12 })
  .filter((text) => !/[\p{N}\0]/u.test(text) && !/^(?:inf|nan)/i.test(text));
const trap = fc.constantFrom(
  '"',
  '""',
  ",",
  ";",
  "\n",
  "\r\n",
  "\r",
  " ",
  '","',
  '"\n"',
  "'",
  "\\",
  "NULL",
  "é",
  "\u{1f600}",
);
const answer = fc.oneof(
  fc.constant(""),
  fc.integer({ min: -5, max: 100 }).map(String),
  fc.integer({ min: 0, max: 9999 }).map((n) => (n / 100).toFixed(2)),
  word,
  fc.array(fc.oneof(trap, word), { maxLength: 5 }).map((parts) => parts.join("")),
);
const dialect = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|"),
  newline: fc.constantFrom("\n", "\r\n"),
  quoteAll: fc.boolean(),
  mark: fc.constantFrom("", "\ufeff"),
  last: fc.boolean(),
});

function write(rows: string[][], d: typeof dialect extends fc.Arbitrary<infer D> ? D : never) {
  const cell = (text: string) =>
    d.quoteAll || /["\r\n,;\t| ]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = rows.map((row) => row.map(cell).join(d.delimiter));
  return d.mark + lines.join(d.newline) + (d.last ? d.newline : "");
}

/** What the reader makes of a cell: blanks around it mean nothing, a number is a number. */
function expected(cell: string): string | number | null {
  const trimmed = cell.replace(/^\p{Zs}+|\p{Zs}+$/gu, "");
  if (trimmed === "") return null;
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

describe("reading what was written", { timeout: 120_000 }, () => {
  it("gives the same responses in the same order, whatever the answers and the dialect", async () => {
    const rows = fc.array(fc.tuple(answer, answer, answer), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(rows, dialect, async (answers, d) => {
        const header = ["id", "day", ...ITEMS];
        const cells = answers.map((row, i) => [`P${i}`, "2024-03-04", ...row]);
        const files = { "a.csv": write([header, ...cells], d) };
        const read = await withIntake({ mapping: MAPPING, files }, async (db) => ({
          records: (await intakeRows(db, "intake_record")).length,
          responses: (await intakeRows(db, "intake_response")) as Record<string, unknown>[],
        }));
        expect(read.records).toBe(answers.length);
        expect(
          read.responses.map((r) => [
            r.item_code,
            r.answer_num ?? r.answer_text ?? null,
            r.missing,
          ]),
        ).toEqual(
          // The date belongs to the only instrument: a row of blanks is a form that was skipped.
          answers.flatMap((row) =>
            row.map((cell, i) => {
              const value = expected(cell);
              return [ITEMS[i], value, value === null ? "skipped" : undefined];
            }),
          ),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("quarantines the damaged lines and no other", async () => {
    const damages = ["", "", "", ",extra", "short", "quote"] as const;
    const lines = fc.array(fc.constantFrom(...damages), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lines, async (plan) => {
        const rows = plan.map((damage, i) => {
          if (damage === "short") return `P${i},2024-03-04,1`;
          const quote = damage === "quote" ? '"' : "";
          return `P${i},2024-03-04,1,${quote}2,3${damage === ",extra" ? damage : ""}`;
        });
        const files = { "a.csv": `id,day,${ITEMS.join(",")}\n${rows.join("\n")}\n` };
        const records = (await withIntake({ mapping: MAPPING, files }, (db) =>
          intakeRows(db, "intake_record"),
        )) as Record<string, string>[];
        const state = new Map(records.map((r) => [r.where_record, r.state ?? "read"]));
        expect(records.length).toBe(plan.length);
        expect(plan.map((_, i) => state.get(`line ${i + 2}`))).toEqual(
          plan.map((damage) => (damage ? "quarantined" : "read")),
        );
      }),
      { numRuns: 40 },
    );
  });
});
