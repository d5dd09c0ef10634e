import { beforeAll, describe, expect, it } from "vitest";
import { type Case, type Cells, type Mapped, mapCases, numbers } from "../support/intake.ts";

const ALL = numbers("PHQ9_", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const SOME = ALL.slice(0, 9);
const form = (cells: Cells, answers = SOME): Case => ({ administrations: [{ cells, answers }] });

/** Cells of the source, and the facts that they become, each with its origin. */
const CASES: Record<string, { source: Cells; told: Cells }> = {
  "method in FHIR's word": {
    source: { method: "ELECTRONIC" },
    told: { pro_method: "EC", pro_method_origin: "stated" },
  },
  "method in plain words": {
    source: { method: "Paper" },
    told: {
      pro_method: "PA",
      pro_method_origin: "stated",
      channel: "paper",
      channel_origin: "derived",
    },
  },
  "a spoken interview, which may have been by telephone": {
    source: { method: "VERBAL" },
    told: {
      pro_method: "OT",
      pro_method_origin: "stated",
      channel: null,
      channel_origin: "unknown",
    },
  },
  "a method that nobody knows": {
    source: { method: "pigeon" },
    told: { pro_method: "NI", pro_method_origin: "unknown" },
  },
  "no method": { source: {}, told: { pro_method: "NI", pro_method_origin: "unknown" } },
  "the patient as source and author": {
    source: { mode: "Patient|Patient" },
    told: { pro_mode: "SF", pro_mode_origin: "derived", responder: "patient" },
  },
  "the patient as source, somebody else as author": {
    source: { mode: "Patient|Practitioner" },
    told: { pro_mode: "SA", pro_mode_origin: "derived", responder: "patient" },
  },
  "a relative": {
    source: { mode: "RelatedPerson|" },
    told: { pro_mode: "PR", pro_mode_origin: "derived", responder: "proxy" },
  },
  "a practitioner as author alone, who may have filed it only": {
    source: { mode: "|Practitioner" },
    told: {
      pro_mode: "NI",
      pro_mode_origin: "unknown",
      responder: null,
      responder_origin: "unknown",
    },
  },
  "a role code": {
    source: { mode: "ONESELF" },
    told: { pro_mode: "SF", pro_mode_origin: "stated", responder_origin: "derived" },
  },
  "no mode": { source: {}, told: { pro_mode: "NI", pro_mode_origin: "unknown" } },
  "an adaptive form": { source: { cat: "Y" }, told: { pro_cat: "Y", pro_cat_origin: "stated" } },
  "items missing: perhaps adaptive": {
    source: {},
    told: { pro_cat: "NI", pro_cat_origin: "unknown", items_answered: 9, items_expected: 10 },
  },
  "language, channel and setting as stated": {
    source: { language: "es-US", channel: "kiosk", setting: "HOME" },
    told: {
      language: "es-US",
      language_origin: "stated",
      channel: "tablet",
      channel_origin: "stated",
      setting: "home",
      setting_origin: "stated",
    },
  },
  "none of them": {
    source: {},
    told: {
      language: null,
      language_origin: "unknown",
      channel: null,
      channel_origin: "unknown",
      setting: null,
      setting_origin: "unknown",
    },
  },
  "a day": {
    source: {},
    told: { pro_time: null, pro_date_origin: "stated", completion: "unknown" },
  },
  "an hour, as the source's clock shows it": {
    source: { answered_at: "2024-03-04T23:30:00-06:00", status: "amended" },
    told: { pro_time: "23:30", pro_date_origin: "stated", completion: "complete" },
  },
  "a day of the document": {
    source: { answered_origin: "derived" },
    told: { pro_date_origin: "derived" },
  },
};

/** The same where the site says what holds when the source is silent, and has words of its own. */
const SITE = {
  defaults: { pro_method: "PH", pro_mode: "SA", language: "en", setting: "clinic" },
  words: { pro_method: { pigeon: "OT", paper: "EC" }, status: { filed: "complete" } },
};
const DEFAULTS: Record<string, { source: Cells; told: Cells }> = {
  "a silent source": {
    source: {},
    told: {
      pro_method: "PH",
      pro_method_origin: "assumed",
      pro_mode: "SA",
      pro_mode_origin: "assumed",
      language: "en",
      language_origin: "assumed",
      setting: "clinic",
      setting_origin: "assumed",
    },
  },
  "a source that says so": {
    source: { method: "web", mode: "Patient|", language: "de", setting: "home" },
    told: {
      pro_method: "EC",
      pro_method_origin: "stated",
      pro_mode: "SF",
      pro_mode_origin: "derived",
      language: "de",
      setting_origin: "stated",
    },
  },
  "a word of the site": {
    source: { method: "Pigeon", status: "FILED" },
    told: { pro_method: "OT", pro_method_origin: "stated", completion: "complete" },
  },
  "a word of the site that is also ours": {
    source: { method: "paper" },
    told: { pro_method: "EC", pro_method_origin: "stated" },
  },
};

describe.each([
  ["the facts of a collection", CASES, {}],
  ["the facts of a collection, with a site's defaults and words", DEFAULTS, SITE],
])("%s", (_, cases, settings) => {
  let mapped: Record<string, Mapped> = {};
  beforeAll(async () => {
    const list = Object.entries(cases).map(([title, { source }]) => [title, form(source)]);
    mapped = await mapCases(Object.fromEntries(list), settings);
  });

  it.each(Object.keys(cases))("%s", (title) => {
    expect(mapped[title]?.facts).toMatchObject([cases[title]?.told ?? {}]);
  });
});

describe("a form with all its items", () => {
  it("is not adaptive, and takes day, hour and place from its visit when it has none", async () => {
    const { form: told } = await mapCases({
      form: {
        encounters: [
          { encounter_key: "e", start_at: "2024-03-01T10:15:00Z", facility_type: "SNF" },
        ],
        administrations: [{ cells: { answered_at: null, encounter_key: "e" }, answers: ALL }],
      },
    });
    expect(told.facts).toMatchObject([
      {
        pro_cat: "N",
        pro_cat_origin: "derived",
        pro_date_origin: "derived",
        pro_time: "10:15",
        facility_type: "SKILLED_NURSING_FACILITY",
        facility_type_origin: "stated",
        items_answered: 10,
      },
    ]);
    expect(String(told.facts[0]?.pro_date)).toBe("2024-03-01");
  });

  it.each([
    ["fhir", {}, "OD", "assumed"],
    ["ccda", {}, "OD", "assumed"],
    ["csv", {}, "NI", "unknown"],
    ["csv", { pro_source: "BI" }, "BI", "assumed"],
  ])("read from %s with %o has the source %s (%s)", async (format, defaults, source, origin) => {
    const { one } = await mapCases({ one: form({}) }, { format, defaults });
    expect(one.facts).toMatchObject([{ pro_source: source, pro_source_origin: origin }]);
  });
});
