import { beforeAll, describe, expect, it } from "vitest";
import type { CcdaSettings } from "../../pipelines/adapters/ccda/settings.ts";
import { stampToIso } from "../../pipelines/adapters/ccda/time.ts";
import { toMillionths } from "../../pipelines/adapters/ccda/value.ts";
import {
  documentAround,
  inlineSettings,
  observation,
  readInline,
} from "../golden/ccda/read-inline.ts";

describe("HL7 time stamps keep their precision", () => {
  it.each([
    ["2015", "2015"],
    ["201506", "2015-06"],
    ["20150622", "2015-06-22"],
    ["20150622-0500", "2015-06-22"],
    ["2015062214", "2015-06-22T14"],
    ["201506221430", "2015-06-22T14:30:00"],
    ["201506221430-0500", "2015-06-22T14:30:00-05:00"],
    ["20150622143059+0000", "2015-06-22T14:30:59+00:00"],
    ["20150622143059.1234-0500", "2015-06-22T14:30:59.1234-05:00"],
    ["20150622143059Z", "2015-06-22T14:30:59Z"],
    ["20150622143059-05", "2015-06-22T14:30:59-05:00"],
    ["20160229", "2016-02-29"],
  ])("%s is %s", (stamp, iso) => expect(stampToIso(stamp)).toBe(iso));

  it.each([
    ["a day with a digit too many is that day", "201506221", "2015-06-22"],
    ["no month 13", "20151322", null],
    ["no 29 February in 2015", "20150229", null],
    ["no hour 24", "2015062224", null],
    ["not a time stamp", "June 2015", null],
    ["zeros", "00000000", null],
    ["nothing", "", null],
    ["absent", null, null],
  ])("%s: %s", (_, stamp, iso) => expect(stampToIso(stamp)).toBe(iso));
});

describe("numbers are exact to a millionth", () => {
  it.each([
    ["12", 12_000_000n],
    ["0", 0n],
    ["-1.5", -1_500_000n],
    [" 48.1234565 ", 48_123_457n],
    [".5", 500_000n],
    ["7.", 7_000_000n],
    ["1.2e1", 12_000_000n],
    ["999999999999.999999", 999_999_999_999_999_999n],
    ["999999999999.9999995", null],
    ["1234567890123", null],
    ["forty-two", null],
    ["1,5", null],
    [".", null],
    ["", null],
    [null, null],
  ])("%s is %s millionths", (text, value) => expect(toMillionths(text)).toBe(value));
});

describe("values of an observation", () => {
  let settings: CcdaSettings;
  beforeAll(async () => {
    settings = await inlineSettings();
  });

  const LA = `codeSystem="2.16.840.1.113883.6.1"`;
  it.each([
    ["INT", `<value xsi:type="INT" value="2"/>`, [[null, null, 2_000_000n, null]]],
    ["REAL", `<value xsi:type="REAL" value="2.5"/>`, [[null, null, 2_500_000n, null]]],
    ["PQ", `<value xsi:type="PQ" value="2" unit="{score}"/>`, [[null, null, 2_000_000n, null]]],
    [
      "a number in words",
      `<value xsi:type="ST">forty-two</value>`,
      [[null, "forty-two", null, null]],
    ],
    ["a number as text", `<value xsi:type="ST"> 12 </value>`, [[null, null, 12_000_000n, null]]],
    ["BL", `<value xsi:type="BL" value="true"/>`, [[null, "true", null, null]]],
    [
      "TS, not a number",
      `<value xsi:type="TS" value="20150622"/>`,
      [[null, "2015-06-22", null, null]],
    ],
    [
      "CD",
      `<value xsi:type="CD" code="LA6569-3" displayName="Several days" ${LA}/>`,
      [["LA6569-3", "Several days", null, null]],
    ],
    ["CE without a type", `<value code="LA6569-3" ${LA}/>`, [["LA6569-3", null, null, null]]],
    [
      "a SNOMED code with a LOINC translation",
      `<value xsi:type="CD" code="1" codeSystem="2.16.840.1.113883.6.96"><translation code="LA6569-3" ${LA}/></value>`,
      [["LA6569-3", null, null, null]],
    ],
    [
      "a code with its ordinal as translation",
      `<value xsi:type="CO" code="x" codeSystem="2.999.5"><translation xsi:type="INT" value="3"/></value>`,
      [["x", null, 3_000_000n, null]],
    ],
    [
      "code and number, whichever comes first",
      `<value xsi:type="CO" code="LA6569-3" ${LA}/><value xsi:type="INT" value="1"/>`,
      [["LA6569-3", null, 1_000_000n, null]],
    ],
    [
      "two codes are two answers",
      `<value xsi:type="CD" code="LA6568-5" ${LA}/><value xsi:type="CD" code="LA6569-3" ${LA}/>`,
      [
        ["LA6568-5", null, null, null],
        ["LA6569-3", null, null, null],
      ],
    ],
    [
      "two numbers are two answers, the same number twice is one",
      `<value xsi:type="INT" value="1"/><value xsi:type="INT" value="2"/><value xsi:type="REAL" value="1.0"/>`,
      [
        [null, null, 1_000_000n, null],
        [null, null, 2_000_000n, null],
      ],
    ],
    [
      "a flavor beside a value says nothing",
      `<value xsi:type="INT" nullFlavor="UNK"/><value xsi:type="CD" code="LA6568-5" ${LA}/>`,
      [["LA6568-5", null, null, null]],
    ],
    [
      "other, in the patient's words",
      `<value xsi:type="CD" nullFlavor="OTH"><originalText>now and then</originalText></value>`,
      [[null, "now and then", null, "OTH"]],
    ],
    [
      "an interval of one number",
      `<value xsi:type="IVL_INT"><low value="3"/><high value="3"/></value>`,
      [[null, null, 3_000_000n, null]],
    ],
    [
      "an interval",
      `<value xsi:type="IVL_INT"><low value="3"/><high value="5"/></value>`,
      [[null, "3..5", null, null]],
    ],
    [
      "a ratio",
      `<value xsi:type="RTO_PQ_PQ"><numerator value="1"/><denominator value="2"/></value>`,
      [[null, "1/2", null, null]],
    ],
    ["nothing", "", [[null, null, null, "NI"]]],
    ["an element that says nothing", `<value xsi:type="INT"/>`, [[null, null, null, "NI"]]],
  ])("%s", (_, value, expected) => {
    const rows = readInline(
      documentAround(`<entry>${observation("44250-9", value)}</entry>`),
      settings,
    );
    expect(
      rows.intake_response.map((r) => [r.answer_code, r.answer_text, r.answer_num, r.missing]),
    ).toEqual(expected);
  });

  it("an answer given by reference is read from the narrative", () => {
    const entry = `<text><td ID="a1">Several
      days</td></text><entry>${observation("44250-9", `<value xsi:type="CD" nullFlavor="OTH"><originalText><reference value="#a1"/></originalText></value>`)}</entry>`;
    const [answer] = readInline(documentAround(entry), settings).intake_response;
    expect(answer?.answer_text).toBe("Several days");
  });
});
