import { describe, expect, it } from "vitest";
import { dayOf } from "../../pipelines/adapters/ccda/text-table.ts";
import { documentAround, observation, part } from "../golden/ccda/read-inline.ts";
import { settleDocument } from "../golden/ccda/settle.ts";

const QUESTIONS = [
  "Little interest or pleasure in doing things",
  "Feeling down, depressed, or hopeless",
  "Trouble falling or staying asleep, or sleeping too much",
  "Feeling tired or having little energy",
  "Poor appetite or overeating",
  "Feeling bad about yourself or that you are a failure",
  "Trouble concentrating on things, such as reading the newspaper",
  "Moving or speaking slowly, or being fidgety or restless",
  "Thoughts that you would be better off dead or of hurting yourself",
];

type Row = readonly [question: string, answer: string, day?: string];

function table(rows: readonly Row[], headers = ["Assessment", "Value", "Date"]): string {
  const cells = (list: readonly string[], name: string) =>
    list.map((cell) => `<${name}>${cell}</${name}>`).join("");
  const body = rows.map(
    ([question, answer, day = "03/04/2024"]) =>
      `<tr>${cells([`<content>${question}</content>`, answer, day], "td")}</tr>`,
  );
  return `<text><table><thead><tr>${cells(headers, "th")}</tr></thead><tbody>${body.join("")}</tbody></table></text>`;
}

const total = (code: string, value: number, inside = "") =>
  `<entry>${observation(code, `<effectiveTime value="20240304"/><value xsi:type="INT" value="${value}"/>${inside}`)}</entry>`;

const phq9 = (...answers: string[]): Row[] =>
  answers.map((answer, i) => [QUESTIONS[i] ?? "", answer]);

const settle = (body: string, settings: object = {}) =>
  settleDocument(documentAround(body), settings);
const ofNarrative = (answers: string[]) =>
  answers.filter((line) => line.includes(" narrative ")).map((line) => line.replace("a.xml ", ""));

describe.concurrent("items that stand in the section's table only", () => {
  it("complete the coded total of their day, and the total is proven by them", async () => {
    const rows = phq9(
      "Several days",
      "1",
      "2 - More than half the days",
      "Nearly every day (3)",
      "0",
      "0",
      "0",
      "0",
      "0",
    );
    const { answers, scores } = await settle(table(rows) + total("44261-6", 7));
    const told = [1, 1, 2, 3, 0, 0, 0, 0, 0].map(
      (value, i) => `2024-03-04 phq-9 PHQ9_${i + 1}=${value} narrative loaded`,
    );
    expect(ofNarrative(answers)).toEqual(told);
    expect(scores).toEqual(["phq-9 total=7 match"]);
  });

  it("are left alone where the site says so", async () => {
    const { answers } = await settle(table(phq9("1", "1")) + total("55758-7", 2), {
      ccda: { narrative: false },
    });
    expect(answers).toEqual(["a.xml 2024-03-04 phq-2 total=2 reported loaded"]);
  });

  it("go to the short form when only its items are answered, though a longer form has a total that day", async () => {
    const rows = phq9("Several days", "Several days", "", "", "");
    const { answers } = await settle(table(rows) + total("44261-6", 9) + total("55758-7", 2));
    expect(ofNarrative(answers).slice(0, 2)).toEqual([
      "2024-03-04 phq-2 PHQ9_1=1 narrative loaded",
      "2024-03-04 phq-2 PHQ9_2=1 narrative loaded",
    ]);
  });

  it("never overrule a coded answer", async () => {
    const item = part(observation("44250-9", `<value xsi:type="INT" value="3"/>`));
    const { answers, scores } = await settle(table(phq9("0", "1")) + total("55758-7", 4, item));
    expect(answers.filter((line) => line.includes("PHQ9_"))).toEqual([
      "a.xml 2024-03-04 phq-2 PHQ9_1=3 reported loaded",
      "a.xml 2024-03-04 phq-2 PHQ9_2=1 narrative loaded",
    ]);
    expect(scores).toEqual(["phq-2 total=4 match"]);
  });

  it.each<[string, Row]>([
    ["another question", ["Do you feel safe at home?", "Yes"]],
    ["a question of another day", [QUESTIONS[0] ?? "", "1", "03/05/2024"]],
    ["a question without a day", [QUESTIONS[0] ?? "", "1", ""]],
    [
      "an item of an instrument that has no total here",
      ["Feeling nervous, anxious, or on edge", "1"],
    ],
    ["words of two items at once", [`${QUESTIONS[0]} ${QUESTIONS[1]}`, "1"]],
  ])("%s is counted and not loaded", async (_, row) => {
    const { answers, scores } = await settle(table([row]) + total("55758-7", 2));
    expect(answers).toHaveLength(2);
    expect(answers[1]).toMatch(/ \?=- narrative out_of_scope MAPPING_NARRATIVE_UNMATCHED$/);
    expect(scores).toEqual(["phq-2 total=2 unverifiable"]);
  });

  it("a table without a coded total loads nothing", async () => {
    const { answers, scores } = await settle(table(phq9("1", "1")));
    expect(answers).toHaveLength(2);
    expect(scores).toEqual([]);
  });

  it("an answer that is none of the list is quarantined, as a coded one is", async () => {
    const { answers } = await settle(table(phq9("7")) + total("55758-7", 2));
    expect(ofNarrative(answers)).toEqual([
      "2024-03-04 phq-2 PHQ9_1=- narrative quarantined MAPPING_ANSWER_NOT_IN_LIST",
    ]);
  });

  it.each([
    ["of other columns", table(phq9("1"), ["Problem", "Status", "Date"])],
    ["that a coded entry points to", table(phq9("1")).replace("<content>", `<content ID="here">`)],
  ])("rows %s are not read", async (_, text) => {
    const reference = `<text><reference value="#here"/></text>`;
    const { answers } = await settle(text + total("55758-7", 2, reference));
    expect(ofNarrative(answers)).toEqual([]);
  });
});

it.each([
  ["02/11/2024", "2024-02-11"],
  ["2/1/2024 09:00:00", "2024-02-01"],
  ["2024-02-11", "2024-02-11"],
  ["20240211", "2024-02-11"],
  ["20240211103000-0500", null],
  ["February 14,2012", "2012-02-14"],
  ["Jun 5, 2015", "2015-06-05"],
  ["31/12/2024", null],
  ["02/30/2024", null],
  ["last week", null],
])("a day written as %s is %s", (text, day) => {
  expect(dayOf(text)).toBe(day);
});
