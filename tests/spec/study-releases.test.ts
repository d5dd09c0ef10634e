import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import { changeTokens } from "../../pipelines/disclosure/ledger.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import { runStudy, summarizeSite } from "../../pipelines/study.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import type { Queryable } from "../../warehouse/queryable.ts";
import { type Person, queryable, storeOf } from "../golden/study/cohorts.ts";

const { privatePem: signingKey } = createSigningKey();
const opened: DuckDb[] = [];
/** A store takes longer to make than to ask. */
const stores = new Map<string, Queryable>();
let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-releases-"));
  file = join(directory, "summary.json");
});
beforeEach(() => rm(join(directory, "releases"), { recursive: true, force: true }));
afterAll(async () => {
  for (const db of opened) db.close();
  await rm(directory, { recursive: true, force: true });
});

/** People `from` to `to`, with a PHQ-9, and a GAD-7 for those that `hasGad7` names. */
async function storeWith(from: number, to: number, hasGad7?: (n: number) => boolean) {
  const key = `${from}-${to}`;
  const kept = hasGad7 ? undefined : stores.get(key);
  if (kept) return kept;
  const people = Array.from({ length: to - from }, (_, i): Person => {
    const n = from + i;
    const gad7 = { date: "2024-01-10", value: n % 22, instrument: "gad-7" };
    return {
      patid: `P${String(n).padStart(3, "0")}`,
      sex: n % 2 === 0 ? "F" : "M",
      scores: [{ date: "2024-01-10", value: n % 28 }, ...(hasGad7?.(n) ? [gad7] : [])],
    };
  });
  const db = await storeOf(people);
  opened.push(db);
  if (!hasGad7) stores.set(key, queryable(db));
  return queryable(db);
}

const study = (more = "", id = "first") =>
  parseStudy(
    `id: ${id}\ntitle: t\nmeasure: { instrument: phq-9, score: total }\nstatistics: [count, moments]\n${more}`,
    "study.yaml",
  );
const summarize = (store: Queryable, of = study()) =>
  summarizeSite({ study: of, store, site: "SITEA", signingKey, file, releases: directory });
const releases = async () =>
  (await readdir(join(directory, "releases"))).filter((name) => /^\d/.test(name));
const isHidden = ({ summary }: Awaited<ReturnType<typeof summarize>>) =>
  Object.values(summary.outcomes[0]?.cells[0]?.statistics ?? {}).every(
    (one) => one === "suppressed",
  );

describe("two outcomes of one study", () => {
  const outcomes = parseStudy(
    "id: two\ntitle: t\noutcomes: [{ instrument: phq-9, score: total }, { instrument: gad-7, score: total }]\nstatistics: [count, moments]\n",
    "study.yaml",
  );
  test.each([
    ["two people have no GAD-7: they would be told of", (n: number) => n >= 2, "suppressed"],
    ["ten people", (n: number) => n >= 10, "suppressed"],
    ["eleven people", (n: number) => n >= 11, "shown"],
    ["everybody has both", () => true, "shown"],
  ])("%s", async (_, hasGad7, expected) => {
    const store = await storeWith(0, 40, hasGad7);
    const results = await runStudy({ study: outcomes, queryable: store });
    const [phq9, gad7] = results.outcomes.map(({ rows }) => rows[0]?.state);
    expect({ phq9, gad7 }).toEqual({ phq9: "shown", gad7: expected });
  });
});

describe("two scores of one questionnaire", () => {
  const scores =
    "outcomes: [{ instrument: promis-global-10, score: gph_t }, { instrument: promis-global-10, score: gmh_t }]";
  test.each([
    ["differ by three people who skipped an item: one hides the other", false, [40, null]],
    ["are of the same people with complete_scores", true, [37, 37]],
  ])("%s", async (_, isComplete, expected) => {
    const score = { date: "2024-01-10", instrument: "promis-global-10", scale: "t", decimals: 1 };
    const db = await storeOf(
      Array.from(
        { length: 40 },
        (_, n): Person => ({
          patid: `P${n}`,
          scores: [
            { ...score, name: "gph_t", value: 40 + n },
            ...(n < 3 ? [] : [{ ...score, name: "gmh_t", value: 45 }]),
          ],
        }),
      ),
    );
    opened.push(db);
    // Both scores stand on one administration.
    await db.run("UPDATE pro_cm_detail SET pro_seq = patid");
    await db.run("UPDATE pro_cm SET pro_seq = patid");
    const of = parseStudy(
      `id: global\ntitle: t\n${scores}\nstatistics: [count]\ncomplete_scores: ${isComplete}\n`,
      "study.yaml",
    );
    const results = await runStudy({ study: of, queryable: queryable(db) });
    expect(results.outcomes.map(({ rows }) => rows[0]?.value)).toEqual(expected);
  });
});

describe("two releases of one site", () => {
  test.each([
    ["two people came", 0, 42, true],
    ["ten came", 0, 50, true],
    ["eleven came", 0, 51, false],
    ["one left", 1, 40, true],
    ["one left and one came", 1, 41, true],
    ["six left and six came", 6, 46, false],
  ])("%s since", async (_, from, to, expected) => {
    await summarize(await storeWith(0, 40));
    const second = await summarize(await storeWith(from, to), study("", "second"));
    expect(isHidden(second)).toBe(expected);
    if (!expected) return;
    expect(second.withheld[0]).toEqual({
      outcome: "phq-9 total",
      statistic: "count",
      stratum: "all",
      beside: "phq-9 total, count (people) in release 1 (summary of study first)",
    });
    // The hub sees the one mark that every hidden cell has.
    expect(await readFile(file, "utf8")).not.toContain("release");
  });

  test("an age limit moved by a year is a difference too", async () => {
    const people = Array.from(
      { length: 60 },
      (_, n): Person => ({
        patid: `P${n}`,
        birthDate: `${2004 - (n % 20)}-01-01`,
        scores: [{ date: "2024-01-10", value: n % 28 }],
      }),
    );
    const db = await storeOf(people);
    opened.push(db);
    await summarize(queryable(db), study("population: { age: { min: 22 } }\n"));
    const moved = study("population: { age: { min: 23 } }\n", "moved");
    expect(isHidden(await summarize(queryable(db), moved))).toBe(true);
  });

  test("the strata that differ by too few go, and those that follow from them; the rest stays", async () => {
    const strata = "strata: [sex]\n";
    await summarize(await storeWith(0, 60), study(strata));
    // Twelve came: six women, six men.
    const second = await summarize(await storeWith(0, 72), study(strata, "second"));
    const shown = second.summary.outcomes[0]?.cells.map(({ statistics }) => statistics.count);
    expect(shown).toEqual([{ people: "72", administrations: "72" }, "suppressed", "suppressed"]);
  });

  test("the same again is the same answer and no new release", async () => {
    const first = await summarize(await storeWith(0, 40));
    const again = await summarize(await storeWith(0, 40));
    expect(again.summary).toEqual(first.summary);
    expect(await releases()).toEqual(["0001.json"]);
  });

  test("who withdrew is forgotten, and still counted as a difference", async () => {
    await summarize(await storeWith(0, 40));
    await changeTokens(directory, async (known) =>
      known.map((patid) => (patid === "P000" ? null : patid)),
    );
    expect(await readFile(join(directory, "releases", "people.json"), "utf8")).not.toContain(
      "P000",
    );
    expect(isHidden(await summarize(await storeWith(1, 40), study("", "second")))).toBe(true);
  });

  test("people are known again after their tokens changed", async () => {
    await summarize(await storeWith(0, 40));
    const turn = (known: readonly string[]) =>
      Promise.resolve(known.map((patid) => patid.replace("P", "Q")));
    await changeTokens(directory, turn);
    const people = JSON.parse(await readFile(join(directory, "releases", "people.json"), "utf8"));
    expect(people.people).toContain("Q000");
    await expect(
      changeTokens(directory, turn, { from: "another key", to: "newest" }),
    ).resolves.toBeUndefined();
    expect(JSON.parse(await readFile(join(directory, "releases", "people.json"), "utf8"))).toEqual(
      people,
    );
  });

  test.each([
    ["was changed", (text: string) => text.replace('"size":40', '"size":400')],
    ["is cut", (text: string) => text.slice(0, 100)],
  ])("a ledger that %s answers nothing more", async (_, change) => {
    await summarize(await storeWith(0, 40));
    await summarize(await storeWith(0, 60), study("", "second"));
    const first = join(directory, "releases", "0001.json");
    await writeFile(first, change(await readFile(first, "utf8")));
    await expect(summarize(await storeWith(0, 80), study("", "third"))).rejects.toMatchObject({
      code: "DISCLOSURE_LEDGER",
    });
  });
});
