import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDictionary } from "../../pipelines/adapters/csv/redcap-dictionary.ts";
import { compileLogic } from "../../pipelines/adapters/csv/redcap-logic.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { ident } from "../../warehouse/sql.ts";

let db: DuckDb;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
});
afterAll(() => db.close());

/** Whether the question is shown in a row of such cells; null: nobody can say. */
async function shown(logic: string, cells: Record<string, string | null>): Promise<boolean | null> {
  const compiled = compileLogic(logic, new Set(Object.keys(cells)));
  if (compiled === null) return null;
  const row = Object.entries(cells).map(([name], i) => `$${i + 1}::VARCHAR AS ${ident(name)}`);
  const { answer } = await db.one<{ answer: boolean }>(
    `SELECT ${compiled.sql} AS answer FROM (SELECT ${row.join(", ")})`,
    Object.values(cells),
  );
  return answer;
}

describe("branching", () => {
  it.each<[string, Record<string, string | null>, boolean | null]>([
    ['[a] = "1"', { a: "1" }, true],
    ["[a] = '1'", { a: "2" }, false],
    ['[a] = "1"', { a: null }, false],
    ['[a] <> "1"', { a: null }, true],
    ['[a] != "1"', { a: "1" }, false],
    ['[a] = ""', { a: null }, true],
    ["[a] > 3", { a: "10" }, true],
    ["[a] > 3", { a: null }, false],
    ["[a] >= 3", { a: "3.0" }, true],
    ['[a] = "1"', { a: "1.0" }, true],
    ["[a] < [b]", { a: "2", b: "11" }, true],
    ['[a] = "1" and [b] = "2"', { a: "1", b: "2" }, true],
    ['[a] = "1" AND [b] = "2"', { a: "1", b: "3" }, false],
    ['[a] = "1" or [b] = "2" and [b] = "3"', { a: "1", b: "9" }, true],
    ['([a] = "1" or [b] = "2") and [b] = "3"', { a: "1", b: "9" }, false],
    ["[meds(4)] = '1'", { meds___4: "1" }, true],
    ["[meds(-1)] = '1'", { meds____1: "1" }, true],
    ['[a] = "it"', { a: "it" }, true],
    // What is more than that, nobody can say.
    ["datediff([a], 'today', 'y') > 18", { a: "2000-01-01" }, null],
    ['[visit_1_arm_1][a] = "1"', { a: "1" }, null],
    ['[elsewhere] = "1"', { a: "1" }, null],
    ['[a] = "1" and', { a: "1" }, null],
    ['([a] = "1"', { a: "1" }, null],
    ["[a]", { a: "1" }, null],
    ["'; DROP TABLE x; --", { a: "1" }, null],
  ])("%s over %j is %s", async (logic, cells, expected) => {
    expect(await shown(logic, cells)).toBe(expected);
  });
});

describe("a data dictionary", () => {
  const HEADER =
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label","Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number","Text Validation Min","Text Validation Max",Identifier?,"Branching Logic (Show field only if...)"';

  it("tells forms, types, choices, identifiers and branching", () => {
    const rows = [
      'q1,phq9,,radio,"Interest, or\npleasure","0, Not at all | 1, Several, maybe 3, days|-9, Refused",,,,,,"[x] = ""1"""',
      "name,demo,,text,Name,,,,,,y,",
      "yes,demo,,yesno,Yes?,,,,,,,",
      "sum,phq9,,calc,Sum,sum([q1]),,,,,,",
    ];
    const dictionary = parseDictionary(`\uFEFF${[HEADER, ...rows].join("\n")}\n`, "d.csv");
    expect(dictionary.get("q1")).toEqual({
      form: "phq9",
      type: "radio",
      label: "Interest, or\npleasure",
      choices: { "0": "Not at all", "1": "Several, maybe 3, days", "-9": "Refused" },
      branching: '[x] = "1"',
      validation: "",
      isIdentifier: false,
    });
    expect(dictionary.get("name")?.isIdentifier).toBe(true);
    expect(dictionary.get("yes")?.choices).toEqual({ "0": "No", "1": "Yes" });
    expect(dictionary.get("sum")?.choices).toEqual({});
  });

  it("is refused when it is something else", () => {
    expect(() => parseDictionary("id,q1\nA,1\n", "d.csv")).toThrowError(
      expect.objectContaining({ code: "SOURCE_WRONG_FORMAT", where: { file: "d.csv" } }),
    );
  });
});
