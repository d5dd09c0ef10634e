import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { studyText } from "../../cli/study-text.ts";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import { combineSummaries, runStudy, summarizeSite } from "../../pipelines/study.ts";
import { writeResults } from "../../pipelines/study-output.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { queryable, storeOf } from "../golden/study/cohorts.ts";

let directory: string;
let db: DuckDb;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-flagged-"));
  const of = (from: number, people: number, more: object) =>
    Array.from({ length: people }, (_, i) => ({
      patid: `P${from + i}`,
      scores: [{ date: "2024-01-10", value: i % 28, ...more }],
    }));
  db = await storeOf([
    ...of(0, 20, {}),
    ...of(100, 15, { confidence: "provisional" }),
    ...of(200, 13, { origin: "linked", preferred: false }),
  ]);
});

afterAll(async () => {
  db.close();
  await rm(directory, { recursive: true, force: true });
});

test.each([
  ["neither", "", 20, []],
  ["provisional ones of another instrument", "include_provisional: [gad-7]", 20, []],
  ["provisional ones by name", "include_provisional: [phq-9]", 35, ["provisional"]],
  ["linked ones", "include_linked: true", 33, ["linked"]],
  ["both", "include_provisional: true\ninclude_linked: true", 48, ["provisional", "linked"]],
] as const)(
  "a study that allows %s counts no others in either mode, and every output says so",
  async (name, more, people, flags) => {
    const study = parseStudy(
      `id: flagged\ntitle: "Flags"\nmeasure: { instrument: phq-9, score: total }\nwindows: { follow_up: { target: 90, days: [60, 120] } }\n${more}\n`,
      "flagged.yaml",
    );
    const rows = { study, queryable: queryable(db) };
    const summary = await summarizeSite({
      study,
      store: rows.queryable,
      site: "SITEA",
      signingKey: createSigningKey().privatePem,
      file: join(directory, `${name}.json`),
    });
    for (const results of [
      await runStudy(rows),
      await combineSummaries({ study, summaries: [summary] }),
    ]) {
      const [outcome] = results.outcomes;
      expect(outcome?.rows[0]).toMatchObject({ estimate: "people", value: people });
      expect(outcome?.flags).toEqual(flags);
      for (const ending of ["csv", "html"]) {
        await writeResults(results, study, join(directory, `${results.mode}.${ending}`));
      }
      const shown = [
        studyText(results),
        await readFile(join(directory, `${results.mode}.html`), "utf8"),
      ];
      for (const flag of ["provisional", "linked"] as const) {
        const said = shown.map((text) => text.includes(`${flag} scores count, as the study says`));
        expect(said).toEqual(shown.map(() => (flags as readonly string[]).includes(flag)));
      }
      const csv = await readFile(join(directory, `${results.mode}.csv`), "utf8");
      const lines = csv.trim().split(/\r?\n/).slice(1);
      expect(
        lines.every((line) => line.split(",")[4]?.replaceAll('"', "") === flags.join(" ")),
      ).toBe(true);
    }
  },
);
