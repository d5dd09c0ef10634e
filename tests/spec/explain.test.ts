import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expressionsFor, traceColumn } from "../../pipelines/explain/trace.ts";
import { type Explanation, explain } from "../../pipelines/explain.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";
import { propool } from "../support/command.ts";

let folder = "";
let site = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-explain-"));
  site = join(folder, "clinic");
  await propool("init", "site", site, "--format", "csv", "--site", "CLINIC");
});
afterAll(() => rm(folder, { recursive: true }));

/** The text of the line that a rule names. */
async function lineOf(rule: Explanation["rules"][number] | undefined): Promise<string> {
  const line = Number(/line (\d+)/.exec(rule?.where?.record ?? "")?.[1]);
  return (await readFile(rule?.where?.file ?? "", "utf8")).split("\n")[line - 1] ?? "";
}

describe("explain", () => {
  it("follows a CDM column to the site's own column, with file and line of each rule", async () => {
    const [found] = await explain("PRO_CM.PRO_DATE", site);
    const rule = (part: string) => found?.rules.find(({ says }) => says.includes(part));
    expect(await lineOf(found?.rules[0])).toContain("pro_cm,pro_date,date");
    expect(await lineOf(rule("TRY_CAST(left(d.answered, 10) AS DATE)"))).toContain("AS pro_date");
    expect(await lineOf(rule("answered_at is the column phq9_timestamp"))).toContain(
      "phq9_timestamp",
    );
    expect(await lineOf(rule("privacy profile shifted: shift-date"))).toMatch(
      /^ +pro_date: shift-date/,
    );
    expect(found?.sql.map(({ name }) => name)).toContain(
      "mapping/administrations: described_administration",
    );
  });

  it("has a definition and a privacy action for every column of every table", async () => {
    for (const table of TABLE_NAMES.filter((name) => name !== "harvest").slice(0, 6)) {
      for (const column of Object.keys(tableShape(table).columns).slice(0, 4)) {
        const [found] = await explain(`${table}.${column}`);
        expect(found?.rules.at(-1)?.says).toMatch(/^privacy profile shifted: \S+/);
      }
    }
  });

  it("tells an instrument's scores and where they are written", async () => {
    const [found] = await explain("phq-9", site);
    const total = found?.rules.find(({ says }) => says.startsWith("total is the sum of PHQ9_1"));
    expect(await lineOf(total)).toContain("id: total");
    expect(
      await lineOf(found?.rules.find(({ says }) => says.startsWith("read from survey.csv"))),
    ).toContain("instrument: phq-9");
    expect(found?.sql.some(({ name }) => name === "scoring/score: computed_sum")).toBe(true);
  });

  it("tells what a code means", async () => {
    const all = await explain("44250-9");
    expect(all.map(({ what }) => what)).toContain("phq-9 PHQ9_1");
    expect(all[0]?.rules.map(({ says }) => says)).toContain("answer 3: Nearly every day");
  });

  it("tells what a column of the source becomes, with the SQL that reads it", async () => {
    const [found] = await explain("survey.csv:phq9_3", site);
    expect(await lineOf(found?.rules[0])).toContain("PHQ9_3: phq9_3");
    expect(found?.sql.map(({ sql }) => sql).join()).toContain("INSERT INTO intake_given");
  });

  it("tells what reads a path of a FHIR resource, and what is not read", async () => {
    const [authored] = await explain("QuestionnaireResponse.authored");
    expect(authored?.rules.map(({ says }) => says).join()).toMatch(
      /intake_administration\.answered_at.*authored/,
    );
    expect(authored?.sql.map(({ name }) => name)).toContain(
      "adapters/fhir/responses: intake_administration",
    );
    const [value] = await explain("Observation.value[x]");
    expect(value?.sql.map(({ sql }) => sql).join()).toContain("valueInteger");
    const [nested] = await explain("QuestionnaireResponse.item[0].item[2].linkId");
    expect(nested?.meaning).toMatch(/^read/);
    const [day] = await explain("QuestionnaireResponse.item.answer.valueDate");
    expect(day?.rules.map(({ says }) => says).join()).toMatch(
      /intake_response\.answer_text.*valueDate/,
    );
    const [typo] = await explain("Patient.birthdate");
    expect(typo?.meaning).toContain("did you mean birthDate?");
    const [other] = await explain("Immunization.status");
    expect(other?.meaning).toContain("SOURCE_RESOURCE_NOT_READ");
  });

  it("suggests the column of a file whose name is nearly right", async () => {
    await expect(explain("survey.csv:phq9_33", site)).rejects.toMatchObject({
      hint: "did you mean survey.csv:phq9_3?",
    });
  });

  it.each([
    ["44250-8", "did you mean 44250-9?"],
    ["pro_dat", "did you mean pro_date?"],
    ["PHQ 9", "did you mean phq-9?"],
  ])("says what %s may have been meant for", async (what, hint) => {
    await expect(explain(what)).rejects.toMatchObject({ code: "USAGE_UNKNOWN", hint });
  });
});

it("an expression is found with its brackets, wherever its item begins", () => {
  const sql = "CREATE TABLE t AS SELECT a, coalesce(f(x, 'y, z'), 0) AS b, DISTINCT c AS d FROM s";
  expect(expressionsFor(sql, "b")).toEqual(["coalesce(f(x, 'y, z'), 0)"]);
  const statements = [
    { module: "m", sql: "CREATE TABLE cdm_t AS SELECT k AS id, born FROM p" },
    {
      module: "m",
      sql: "CREATE TEMP TABLE p AS SELECT TRY_CAST(day AS DATE) AS born FROM intake_patient",
    },
  ];
  expect(
    traceColumn(statements, "cdm_t", "born").map(
      ({ table, expression }) => `${table}: ${expression}`,
    ),
  ).toEqual(["p: TRY_CAST(day AS DATE)"]);
});
