import { describe, expect, it } from "vitest";
import { columnsOf, withFhir } from "../golden/fhir/read-golden.ts";

interface Item {
  linkId: string;
  answer?: { valueInteger: number; item?: Item[] }[];
  item?: Item[];
}

/** An item that holds another, `depth` levels down, through items or through answers; every level is answered. */
function nested(depth: number, through: "item" | "answer", level = 1): Item {
  const below = level < depth ? { item: [nested(depth, through, level + 1)] } : {};
  return through === "item"
    ? { linkId: `level ${level}`, answer: [{ valueInteger: level }], ...below }
    : { linkId: `level ${level}`, answer: [{ valueInteger: level, ...below }] };
}

describe.each(["item", "answer"] as const)("a form nested through %s", (through) => {
  it.each([1, 2, 50])("gives the answer of every level down to %i", async (depth) => {
    const form = {
      resourceType: "QuestionnaireResponse",
      id: "deep",
      item: [nested(depth, through), { linkId: "last", answer: [{ valueInteger: 0 }] }],
    };
    const files = { "deep.ndjson": `${JSON.stringify(form)}\n` };
    const rows = await withFhir({ files }, (db) =>
      columnsOf(db, "intake_response", "item_code, answer_num::DOUBLE, where_pointer"),
    );
    const step = through === "item" ? "/item/0" : "/item/0/answer/0";
    const levels = Array.from({ length: depth }, (_, i) => i + 1);
    expect(rows).toEqual([
      ...levels.map((level) => [
        `level ${level}`,
        level,
        `${step.repeat(level - 1)}/item/0/answer/0`,
      ]),
      ["last", 0, "/item/1/answer/0"],
    ]);
  });
});

it("forms of any depth lend their codes", async () => {
  const deep = (level: number): object =>
    level === 50
      ? { linkId: "bottom", code: [{ system: "http://loinc.org", code: "44250-9" }] }
      : { linkId: `${level}`, item: [deep(level + 1)] };
  const lines = [
    { resourceType: "Questionnaire", id: "q", url: "http://x.example/q", item: [deep(1)] },
    {
      resourceType: "QuestionnaireResponse",
      id: "r",
      questionnaire: "http://x.example/q",
      item: [{ linkId: "bottom", answer: [{ valueInteger: 2 }] }],
    },
  ];
  const files = { "all.ndjson": lines.map((line) => `${JSON.stringify(line)}\n`).join("") };
  const rows = await withFhir({ files }, (db) =>
    columnsOf(db, "intake_response", "item_code, item_system, answer_num::DOUBLE"),
  );
  expect(rows).toEqual([["44250-9", "http://loinc.org", 2]]);
});
