import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readRecords } from "../golden/fhir/read-golden.ts";

/** Lines of a file, and what the adapter says of a record on such a line; a blank line is no record. */
const LINES = {
  good: { text: '{"resourceType":"Patient","id":"a"}', told: "Patient @ line # " },
  other: {
    text: '{"resourceType":"Coverage"}',
    told: "Coverage @ line # out_of_scope SOURCE_RESOURCE_NOT_READ",
  },
  cut: { text: '{"resourceType":"Pa', told: "resource @ line # quarantined SOURCE_MALFORMED" },
  twice: {
    text: '{"resourceType":"Patient","id":"a","id":"b"}',
    told: "Patient @ line # quarantined SOURCE_REFUSED",
  },
  wrong: {
    text: '{"resourceType":"Patient","name":7}',
    told: "Patient @ line # quarantined SOURCE_WRONG_TYPE /name",
  },
  nothing: { text: "17", told: "resource @ line # quarantined SOURCE_NOT_A_RESOURCE" },
  blank: { text: " ", told: null },
  empty: { text: "", told: null },
} as const;

type Kind = keyof typeof LINES;
/** A file draws from a few kinds of lines: all of them at once would always take the careful way. */
const lines = fc
  .uniqueArray(fc.constantFrom(...(Object.keys(LINES) as Kind[])), { maxLength: 2 })
  .chain((kinds) =>
    fc.array(fc.constantFrom<Kind[]>("good", "good", ...kinds), { minLength: 8, maxLength: 24 }),
  );
const file = fc.record({
  lines,
  end: fc.constantFrom("\n", "\r\n"),
  mark: fc.boolean(),
  packed: fc.boolean(),
});

it("any mix of good and broken lines ends with every record under its own line", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 12, maxLength: 24 }), async (generated) => {
      const files: Record<string, string | Uint8Array> = {};
      const expected: Record<string, string[]> = {};
      for (const [i, { lines, end, mark, packed }] of generated.entries()) {
        // The first line of every file is good: a file without a record stops the night.
        const all = ["good" as const, ...lines];
        const text = `${mark ? "\uFEFF" : ""}${all.map((kind) => LINES[kind].text + end).join("")}`;
        const name = packed ? `${i}.ndjson.gz` : `${i}.ndjson`;
        files[name] = packed ? gzipSync(text) : text;
        expected[name] = all.flatMap(
          (kind, at) => LINES[kind].told?.replace("#", `${at + 1}`).trim() ?? [],
        );
      }
      expect(await readRecords(files)).toEqual(expected);
    }),
    { numRuns: 3, endOnFailure: true },
  );
}, 60_000);
