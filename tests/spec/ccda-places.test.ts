import { describe, expect, it } from "vitest";
import { documentAround, observation, part } from "../golden/ccda/read-inline.ts";
import { settleDocument, settleDocuments } from "../golden/ccda/settle.ts";

const T = (last: string) => `<templateId root="2.16.840.1.113883.10.20.22.${last}"/>`;
const DAY = `<effectiveTime value="20240304"/>`;
const int = (value: number) => `<value xsi:type="INT" value="${value}"/>`;
const item = (code: string, value: number) => part(observation(code, T("4.86") + int(value)));
/** A PHQ-2 with its total and both items. */
const SCALE = observation(
  "55757-9",
  `${T("4.69")}${DAY}${int(3)}${item("44250-9", 1)}${item("44255-8", 2)}`,
);
const entry = (content: string) => `<entry>${content}</entry>`;
const within = (name: string, head: string, content: string) =>
  `<${name}>${head}${content}</${name}>`;
const problem = (content: string) =>
  within(
    "act",
    T("4.3"),
    part(
      within(
        "observation",
        `${T("4.4")}<effectiveTime><low value="2001"/></effectiveTime><value xsi:type="CD" code="35489007" codeSystem="2.16.840.1.113883.6.96"/>`,
        content,
      ),
      "SUBJ",
    ),
  );

describe.concurrent("a scale is found wherever it stands", () => {
  it.each([
    ["Functional Status", T("2.14"), entry(SCALE)],
    ["Mental Status", T("2.56"), entry(SCALE)],
    ["Assessment", T("2.8"), entry(SCALE)],
    ["Results", T("2.3.1"), entry(SCALE)],
    ["Social History", T("2.17"), entry(SCALE)],
    ["Health Concerns", T("2.58"), entry(within("act", T("4.132"), part(SCALE, "REFR")))],
    [
      "Vital Signs",
      T("2.4.1"),
      entry(within("organizer", T("4.26"), `<component>${SCALE}</component>`)),
    ],
    ["Procedures", T("2.7.1"), entry(within("procedure", T("4.14"), part(SCALE)))],
    ["a problem", T("2.5.1"), entry(problem(part(SCALE, "REFR")))],
    [
      "a functional status organizer",
      T("2.14"),
      entry(within("organizer", T("4.66"), `<component>${SCALE}</component>`)),
    ],
    [
      "a mental status organizer",
      T("2.56"),
      entry(within("organizer", T("4.75"), `<component>${SCALE}</component>`)),
    ],
    ["a section of no known template", `<templateId root="2.999.404"/>`, entry(SCALE)],
    ["an observation of no template", "", entry(SCALE.replaceAll(/<templateId[^>]*>/g, ""))],
    [
      "a result organizer",
      T("2.3.1"),
      entry(
        `<organizer>${T("4.1")}<code code="55757-9" codeSystem="2.16.840.1.113883.6.1"/>${DAY}${[
          observation("44250-9", T("4.2") + int(1)),
          observation("44255-8", T("4.2") + int(2)),
          observation("55758-7", T("4.2") + int(3)),
        ]
          .map((one) => `<component>${one}</component>`)
          .join("")}</organizer>`,
      ),
    ],
  ])("%s", async (_, head, content) => {
    const { answers, scores } = await settleDocument(documentAround(head + content));
    expect(answers.toSorted()).toEqual([
      "a.xml 2024-03-04 phq-2 PHQ9_1=1 reported loaded",
      "a.xml 2024-03-04 phq-2 PHQ9_2=2 reported loaded",
      "a.xml 2024-03-04 phq-2 total=3 reported loaded",
    ]);
    expect(scores).toEqual(["phq-2 total=3 match"]);
  });

  it("one section that is no section costs nothing else", async () => {
    const broken = `<title>?</title></section></component><component><section nullFlavor="NI"/></component><component><other/></component><component><section>`;
    const { scores } = await settleDocument(documentAround(broken + entry(SCALE)));
    expect(scores).toEqual(["phq-2 total=3 match"]);
  });
});

const scale = (items: string, value = "") =>
  documentAround(entry(observation("55757-9", `${T("4.69")}${DAY}${value}${items}`)));

describe.concurrent("what is not answered", () => {
  it.each([
    ["NI", "skipped"],
    ["UNK", "skipped"],
    ["ASKU", "skipped"],
    ["OTH", "skipped"],
    ["NASK", "not_collected"],
    ["NA", "not_shown"],
  ])("%s is %s, and never a zero", async (flavor, state) => {
    const missing = part(observation("44255-8", `<value nullFlavor="${flavor}"/>`));
    const { answers, states, scores } = await settleDocument(scale(item("44250-9", 1) + missing));
    expect(answers[1]).toBe("a.xml 2024-03-04 phq-2 PHQ9_2=- reported loaded");
    expect(states[1]).toBe(state);
    expect(scores).toEqual(["phq-2 not_computed"]);
  });

  it("a form without value and items is empty, and out of scope", async () => {
    const { records, scores } = await settleDocument(scale(""));
    expect(scores).toEqual([]);
    expect(records).toEqual(["a.xml loaded"]);
  });

  it("a PHQ-2 total under a PHQ-9 form with blank items is a PHQ-2", async () => {
    const blank = ["44250-9", "44255-8", "44259-0", "44260-8"]
      .map((code) => part(observation(code, `<value nullFlavor="NI"/>`)))
      .join("");
    const total = part(observation("55758-7", int(2)));
    const form = observation("44249-1", T("4.69") + DAY + int(2) + blank + total);
    const { scores } = await settleDocument(documentAround(entry(form)));
    expect(scores).toEqual(["phq-2 total=2 unverifiable"]);
  });
});

describe.concurrent("what must not be taken", () => {
  it.each([
    [
      "an answer code in the place of the question",
      part(observation("LA6569-3", int(1))),
      "? MAPPING_UNMAPPED_CODE",
    ],
    [
      "a number in words",
      part(observation("44255-8", `<value xsi:type="ST">forty-two</value>`)),
      "PHQ9_2 MAPPING_FREE_TEXT",
    ],
    ["a number that is no answer", item("44255-8", 42), "PHQ9_2 MAPPING_ANSWER_NOT_IN_LIST"],
    [
      "a code and a number that contradict one another",
      part(
        observation(
          "44255-8",
          `${int(3)}<value xsi:type="CD" code="LA6568-5" codeSystem="2.16.840.1.113883.6.1"/>`,
        ),
      ),
      "PHQ9_2 MAPPING_ANSWER_CONFLICT",
    ],
  ])("%s is quarantined", async (_, bad, told) => {
    const { answers } = await settleDocument(scale(item("44250-9", 1) + bad));
    const [name, reason] = told.split(" ");
    expect(answers[1]).toContain(` phq-2 ${name}=`);
    expect(answers[1]).toMatch(new RegExp(` quarantined ${reason}$`));
  });

  it("a range of reference beside the value is no value", async () => {
    const range = `<referenceRange><observationRange><value xsi:type="IVL_INT"><low value="0"/><high value="3"/></value></observationRange></referenceRange>`;
    const answered = part(observation("44255-8", int(2) + range));
    const { answers } = await settleDocument(scale(item("44250-9", 1) + answered));
    expect(answers[1]).toBe("a.xml 2024-03-04 phq-2 PHQ9_2=2 reported loaded");
  });

  it("a number and its answer code are one answer", async () => {
    const both = `${int(2)}<value xsi:type="CO" code="LA6570-1" codeSystem="2.16.840.1.113883.6.1"/>`;
    const { answers } = await settleDocument(
      scale(item("44250-9", 1) + part(observation("44255-8", both))),
    );
    expect(answers.slice(1)).toEqual(["a.xml 2024-03-04 phq-2 PHQ9_2=2 reported loaded"]);
  });
});

describe.concurrent("what nobody reported", () => {
  const COMA = documentAround(
    entry(
      observation(
        "35088-4",
        T("4.69") +
          DAY +
          int(9) +
          item("9267-6", 3) +
          item("9268-4", 3) +
          item("9270-0", 3) +
          item("9269-2", 9),
      ),
    ),
  );
  const DISABILITY = documentAround(
    entry(
      observation(
        "89571-4",
        `${T("4.505")}${DAY}<value xsi:type="CD" code="LA29243-5" codeSystem="2.16.840.1.113883.6.1"/>`,
      ),
    ),
  );

  it.each([
    ["a scale that clinicians rate", COMA, 4, "MAPPING_CLINICIAN_RATED"],
    ["a disability status", DISABILITY, 1, "MAPPING_INSTRUMENT_UNLISTED"],
  ])("%s is out of scope", async (_, content, count, reason) => {
    const { answers, scores } = await settleDocument(content);
    expect(answers).toHaveLength(count);
    expect(answers.filter((line) => !line.endsWith(`out_of_scope ${reason}`))).toEqual([]);
    expect(scores).toEqual([]);
  });

  it("loads where the site lists it", async () => {
    const settings = { instruments: ["glasgow-coma", "disability-cubs"] };
    const { answers, scores } = await settleDocuments(
      { "a.xml": COMA, "b.xml": DISABILITY },
      settings,
    );
    expect(answers.filter((line) => !line.includes(" loaded"))).toEqual([]);
    expect(scores).toEqual(["glasgow-coma total=9 match"]);
    expect(answers.at(-1)).toBe(
      "b.xml 2024-03-04 disability-cubs CUBS_1=vulnerable reported loaded",
    );
  });

  it("is refused when the list names what nobody knows", async () => {
    const settings = { instruments: ["glasgow"] };
    await expect(settleDocument(COMA, settings)).rejects.toMatchObject({
      code: "CONFIG_SITE",
    });
  });
});
