import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { type Case, LOINC, type Mapped, mapCases } from "../support/intake.ts";

const TRUTH = join(
  resolve(process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus")),
  "truth.csv",
);

/** Instruments whose items have numbers; those of BIMS and Hunger Vital Sign have words only. */
const SCORED: Record<string, { instrument: string; items: RegExp; wanted: number }> = {
  "PHQ-9": { instrument: "phq-9", items: /^PHQ-9$/, wanted: 9 },
  // Two items of a PHQ-9 whose total is that of a PHQ-2.
  "PHQ-2": { instrument: "phq-2", items: /^PHQ-9$/, wanted: 2 },
  "Oxford Hip Score": { instrument: "oxford-hip", items: /^Oxford Hip Score$/, wanted: 12 },
};

it.skipIf(!existsSync(TRUTH))(
  "every total of the hand-checked files that has its items is their sum",
  async () => {
    const lines = parse(await readFile(TRUTH, "utf8"));
    const [header = [], ...rows] = lines;
    const records = rows.map((cells) =>
      Object.fromEntries(cells.map((cell, i) => [header[i] ?? "", cell])),
    );
    const sitting = (row: Record<string, string>) => `${row.file}|${row.patient_id}|${row.date}`;
    const cases: Record<string, Case> = {};
    for (const total of records.filter((row) => row.item_or_total === "total")) {
      const scored = SCORED[total.measure ?? ""];
      if (!scored) continue;
      const items = records
        .filter((row) => row.item_or_total === "item" && sitting(row) === sitting(total))
        .filter((row) => scored.items.test(row.measure ?? "") && row.code !== "69722-7");
      if (items.length !== scored.wanted) continue;
      cases[`${sitting(total)} ${total.value_numeric}`] = {
        administrations: [
          {
            cells: { instrument_code: scored.instrument },
            answers: [
              ...items.map((row, i) => ({
                ...(row.code
                  ? { item_code: row.code, item_system: LOINC }
                  : { item_code: codeOf(scored.instrument, i) }),
                answer_num: Number(row.value_numeric),
              })),
              { item_code: "total", answer_num: Number(total.value_numeric) },
            ],
          },
        ],
      };
    }
    // 47 of one CSV, 8 forms and documents of PHQ-9, the PHQ-2, and two Oxford Hip Scores.
    expect(Object.keys(cases)).toHaveLength(58);
    const mapped: Record<string, Mapped> = await mapCases(cases);
    const differing = Object.keys(cases).filter(
      (title) => !/^total reported \d+ match - preferred$/.test(mapped[title]?.scores[0] ?? ""),
    );
    expect(differing).toEqual([]);
  },
  60_000,
);

/** The hand-checked rows name no item of the Oxford Hip Score: they stand in the form's order. */
const codeOf = (instrument: string, i: number) =>
  instrument === "oxford-hip" ? `OHS_${i + 1}` : `PHQ9_${i + 1}`;

/** RFC 4180, quoted cells included. */
function parse(text: string): string[][] {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
        (quoted ?? plain ?? "").replaceAll('""', '"'),
      ),
    );
}
