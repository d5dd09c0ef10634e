import { beforeAll, describe, expect, it } from "vitest";
import type { CcdaSettings } from "../../pipelines/adapters/ccda/settings.ts";
import {
  documentAround,
  type InlineRows,
  inlineSettings,
  observation,
  part,
  readInline,
} from "../golden/ccda/read-inline.ts";

let settings: CcdaSettings;
beforeAll(async () => {
  settings = await inlineSettings();
});

const int = (value: number) => `<value xsi:type="INT" value="${value}"/>`;
const on = (day: string) => `<effectiveTime value="${day}"/>`;
const entry = (content: string) => `<entry>${content}</entry>`;

function read(...entries: string[]): InlineRows {
  return readInline(documentAround(entries.join("")), settings);
}

/** `code=value` of each answer, by administration. */
function answers(rows: InlineRows): string[][] {
  return rows.intake_administration.map(({ administration_key }) =>
    rows.intake_response
      .filter((row) => row.administration_key === administration_key)
      .map((row) => `${row.item_code}=${row.missing ?? Number(row.answer_num) / 1e6}`),
  );
}

describe("a panel's own value", () => {
  it("counts once when a supporting observation states the same total", () => {
    const rows = read(
      entry(observation("44249-1", int(12) + part(observation("44261-6", int(12))))),
    );
    expect(answers(rows)).toEqual([["44261-6=12"]]);
  });

  it("stays beside a different total, as the contradiction that it is", () => {
    const rows = read(
      entry(observation("44249-1", int(14) + part(observation("44261-6", int(12))))),
    );
    expect(answers(rows)).toEqual([["44249-1=14", "44261-6=12"]]);
  });

  const blank = (code: string) => part(observation(code, `<value nullFlavor="NI"/>`));
  it.each([
    ["with blank items leaves no PHQ-9", "", [["44259-0=NI"], ["55758-7=3"]]],
    ["that has the same value is not said twice", int(3), [["44259-0=NI"], ["55758-7=3"]]],
    ["that has another value says both", int(7), [["44249-1=7", "44259-0=NI"], ["55758-7=3"]]],
  ])("a PHQ-2 total under a PHQ-9 form %s", (_, value, expected) => {
    const total = part(observation("55758-7", int(3)));
    const rows = read(entry(observation("44249-1", value + blank("44259-0") + total)));
    expect(answers(rows)).toEqual(expected);
  });

  it("stays the PHQ-9's when items beyond the PHQ-2 are answered", () => {
    const parts = part(observation("44259-0", int(0))) + part(observation("55758-7", int(3)));
    const rows = read(entry(observation("44249-1", int(3) + parts)));
    expect(answers(rows)).toEqual([["44249-1=3", "44259-0=0"], ["55758-7=3"]]);
  });

  it("is no zero when there is neither value nor item", () => {
    const rows = read(entry(observation("44249-1", on("20240304"))));
    expect(answers(rows)).toEqual([[]]);
  });

  it("says why it is missing when nothing else is said", () => {
    const flavor = `<value xsi:type="INT" nullFlavor="ASKU"/>`;
    expect(answers(read(entry(observation("44249-1", flavor))))).toEqual([["44249-1=ASKU"]]);
    const withItem = flavor + part(observation("44250-9", int(1)));
    expect(answers(read(entry(observation("44249-1", withItem))))).toEqual([["44250-9=1"]]);
  });
});

describe("what belongs to a scale", () => {
  it("takes components at any depth, not what is only related, planned or empty", () => {
    const planned = observation("44254-1", int(3)).replace(`moodCode="EVN"`, `moodCode="INT"`);
    const shell = `<observation classCode="OBS" moodCode="EVN"><statusCode code="completed"/></observation>`;
    const rows = read(
      entry(
        observation(
          "44249-1",
          part(
            `<organizer classCode="CLUSTER" moodCode="EVN"><component>${observation("44250-9", int(1))}</component></organizer>`,
          ) +
            part(observation("44255-8", int(2))) +
            part(observation("11111-1", int(9)), "REFR") +
            part(planned) +
            part(shell),
        ),
      ),
    );
    expect(answers(rows)).toEqual([["44250-9=1", "44255-8=2"]]);
  });

  it("a scale inside a scale is an administration of its own", () => {
    const inner = observation("69737-5", part(observation("69725-0", int(2))));
    const rows = read(
      entry(observation("44249-1", part(observation("44250-9", int(1))) + part(inner))),
    );
    expect(answers(rows)).toEqual([["44250-9=1"], ["69725-0=2"]]);
  });

  it("an organizer may repeat its panel code on the observation that holds the total", () => {
    const rows = read(
      entry(
        `<organizer classCode="BATTERY" moodCode="EVN"><code code="44249-1" codeSystem="2.16.840.1.113883.6.1"/>
         <component>${observation("44249-1", int(7))}</component></organizer>`,
      ),
    );
    expect(answers(rows)).toEqual([["44249-1=7"]]);
  });

  it("an item template right under an observation makes it a scale, catalogue or not", () => {
    const template = `<templateId root="2.16.840.1.113883.10.20.22.4.86"/>`;
    const rows = read(
      entry(observation("89571-4", part(observation("69856-3", template + int(1))))),
    );
    expect(rows.intake_administration[0]?.instrument_code).toBe("89571-4");
    expect(answers(rows)).toEqual([["69856-3=1"]]);
  });

  it("an observation that the catalogue does not know is none", () => {
    expect(read(entry(observation("8480-6", int(120)))).intake_administration).toEqual([]);
  });
});

describe("answers without a panel", () => {
  it("stand together by section, day and the instrument that explains most of them", () => {
    const rows = read(
      ...["44250-9", "44255-8", "44259-0"].map((code) =>
        entry(observation(code, on("20240304") + int(1))),
      ),
      entry(observation("70274-6", on("20240304") + int(5))),
      entry(observation("44250-9", on("20240401") + int(2))),
    );
    expect(answers(rows)).toEqual([
      ["44250-9=1", "44255-8=1", "44259-0=1"],
      ["70274-6=5"],
      ["44250-9=2"],
    ]);
    expect(rows.intake_administration.map((row) => [row.instrument_code, row.answered_at])).toEqual(
      [
        [null, "2024-03-04"],
        [null, "2024-03-04"],
        [null, "2024-04-01"],
      ],
    );
  });

  it("the same code twice is two administrations", () => {
    const one = entry(observation("70274-6", on("20240304") + int(5)));
    expect(answers(read(one, one))).toEqual([["70274-6=5"], ["70274-6=5"]]);
  });
});

describe("time and id", () => {
  it("a panel without time takes the one of its answers, marked as derived", () => {
    const [row] = read(
      entry(observation("44249-1", part(observation("44250-9", on("20240304") + int(1))))),
    ).intake_administration;
    expect([row?.answered_at, row?.answered_origin]).toEqual(["2024-03-04", "derived"]);
  });

  it("without any time nothing is made up", () => {
    const [row] = read(entry(observation("44249-1", int(1)))).intake_administration;
    expect([row?.answered_at, row?.answered_origin]).toEqual([null, null]);
  });

  it("an id that names two different questionnaires names none", () => {
    const id = `<id root="2.999.9" extension="copied"/>`;
    const rows = read(
      entry(observation("44249-1", id + on("20240304") + int(1))),
      entry(observation("69737-5", id + on("20240304") + int(1))),
      entry(
        observation("69737-5", `<id root="2.999.9" extension="own"/>${on("20240304")}${int(2)}`),
      ),
    );
    expect(rows.intake_administration.map((row) => row.source_id)).toEqual([
      null,
      null,
      "2.999.9|own",
    ]);
  });
});

describe("the person of a document", () => {
  const target = (ids: string) => `<recordTarget><patientRole>${ids}</patientRole></recordTarget>`;
  const state = (header: string) => {
    const rows = readInline(documentAround("", header), settings);
    return [rows.intake_record[0]?.reason, rows.intake_patient[0]?.patient_key ?? null];
  };

  it.each([
    [
      "an issuer without a number is no id",
      target(`<id root="2.16.840.1.113883.4.1"/>`),
      "SOURCE_NO_PATIENT",
      null,
    ],
    [
      "a null flavor is no id",
      target(`<id root="2.999.7" extension="1" nullFlavor="UNK"/>`),
      "SOURCE_NO_PATIENT",
      null,
    ],
    [
      "a UUID is an id",
      target(`<id root="6f0c5e0e-4a3c-4bb1-9b52-0b1c7a1f0001"/>`),
      null,
      "6f0c5e0e-4a3c-4bb1-9b52-0b1c7a1f0001",
    ],
    [
      "two persons cannot be told apart",
      target(`<id root="2.999.7" extension="1"/>`) + target(`<id root="2.999.7" extension="2"/>`),
      "SOURCE_SEVERAL_PATIENTS",
      null,
    ],
    [
      "one person twice is one",
      target(`<id root="2.999.7" extension="1"/>`) + target(`<id root="2.999.7" extension="1"/>`),
      null,
      "2.999.7|1",
    ],
  ])("%s", (_, header, reason, key) => expect(state(header)).toEqual([reason, key]));
});
