import { beforeAll, describe, expect, it } from "vitest";
import type { CcdaSettings } from "../../pipelines/adapters/ccda/settings.ts";
import {
  documentAround,
  type InlineRows,
  inlineSettings,
  observation,
  readInline,
} from "../golden/ccda/read-inline.ts";
import { settleDocument } from "../golden/ccda/settle.ts";

let settings: CcdaSettings;
beforeAll(async () => {
  settings = await inlineSettings();
});

const ROLE = (code: string) => `<code code="${code}" codeSystem="2.16.840.1.113883.5.111"/>`;
const person = (inside = "<patient/>") =>
  `<recordTarget><patientRole><id root="2.999.7" extension="P1"/>${inside}</patientRole></recordTarget>`;
const author = (inside: string) =>
  `<author><time value="20240304"/><assignedAuthor>${inside}</assignedAuthor></author>`;
const template = (oid: string) => `<templateId root="${oid}"/>`;
const total = (day = "20240304", inside = "") =>
  `<entry>${observation("44261-6", `${day === "" ? "" : `<effectiveTime value="${day}"/>`}<value xsi:type="INT" value="5"/>${inside}`)}</entry>`;
const read = (header: string, entries = total()): InlineRows =>
  readInline(
    documentAround(entries, header).replace(
      "<ClinicalDocument ",
      `<ClinicalDocument xmlns:sdtc="urn:hl7-org:sdtc" `,
    ),
    settings,
  );

describe("what kind of document it is", () => {
  const kind = (header: string) => {
    const [record] = read(header + person()).intake_record;
    return [record?.kind, record?.state, record?.reason];
  };
  it.each([
    ["2.16.840.1.113883.10.20.22.1.2", "CCD"],
    ["2.16.840.1.113883.10.20.22.1.14", "referral"],
    ["2.16.840.1.113883.10.20.22.1.8", "discharge summary"],
    ["2.16.840.1.113883.10.20.22.1.9", "progress note"],
    ["2.16.840.1.113883.10.20.22.1.15", "care plan"],
    ["2.16.840.1.113883.10.20.22.1.4", "consultation"],
    ["2.16.840.1.113883.10.20.29.1", "patient-generated"],
    ["2.16.840.1.113883.3.88.11.32.1", "C32"],
    ["2.16.840.1.113883.10.20.24.1.1", "QRDA I"],
    ["2.999.404", "ClinicalDocument"],
  ])("%s is read as %s", (oid, name) => {
    expect(kind(template(oid))).toEqual([name, null, null]);
  });

  it("a report about many people is out of scope by name", () => {
    const rows = read(template("2.16.840.1.113883.10.20.27.1.1"));
    expect(rows.intake_record[0]).toMatchObject({
      kind: "QRDA III",
      state: "out_of_scope",
      reason: "SOURCE_AGGREGATE",
    });
    expect(rows.intake_response).toEqual([]);
  });
});

describe.concurrent("who answered", () => {
  const DATA_ENTERER = `<dataEnterer><assignedEntity><id root="2.999.6" extension="nurse"/></assignedEntity></dataEnterer>`;
  it.each([
    ["the patient by code", author(ROLE("ONESELF")), "", "SF"],
    [
      "the patient by the patient's own id",
      author(`<id root="2.999.7" extension="P1"/>`),
      "",
      "SF",
    ],
    ["the patient, put in by somebody else", author(ROLE("ONESELF")) + DATA_ENTERER, "", "SA"],
    ["the mother", author(ROLE("MTH")), "", "PR"],
    ["the mother, put in by somebody else", author(ROLE("MTH")) + DATA_ENTERER, "", "PA"],
    [
      "a clinician, which says nothing about who answered",
      author(`<id root="2.999.6" extension="dr"/>`),
      "",
      "NI",
    ],
    ["a device", author(`<assignedAuthoringDevice/>`), "", "NI"],
    [
      "an informant of the observation",
      "",
      `<informant><relatedEntity classCode="PRS">${ROLE("DAUC")}</relatedEntity></informant>`,
      "PR",
    ],
    [
      "an informing participant",
      "",
      `<participant typeCode="INF"><participantRole>${ROLE("ONESELF")}</participantRole></participant>`,
      "SF",
    ],
    [
      "a participant who is only told",
      "",
      `<participant typeCode="IND"><participantRole>${ROLE("MTH")}</participantRole></participant>`,
      "NI",
    ],
    ["nobody", "", "", "NI"],
  ])("%s", async (_, header, inside, mode) => {
    const content = documentAround(total("20240304", inside), header + person());
    const { facts } = await settleDocument(content);
    expect(facts.map((fact) => fact.pro_mode)).toEqual([mode]);
  });

  it("takes method and language from their codes", async () => {
    const inside = `<languageCode code="es-US"/><methodCode code="paper" codeSystem="2.999.1"/>`;
    const { facts } = await settleDocument(documentAround(total("20240304", inside)));
    expect(facts.map((fact) => [fact.pro_method, fact.pro_method_origin, fact.language])).toEqual([
      ["PA", "stated", "es-US"],
    ]);
  });
});

describe("races of a person", () => {
  const race = (codes: string) =>
    read(person(`<patient>${codes}</patient>`)).intake_patient[0]?.race;
  it.each([
    ["one", `<raceCode code="2106-3"/>`, "2106-3"],
    ["two of the list", `<raceCode code="2106-3"/><sdtc:raceCode code="2028-9"/>`, "multiple race"],
    [
      "one and its more precise name",
      `<raceCode code="2106-3"/><sdtc:raceCode code="2108-9"/>`,
      "2106-3",
    ],
    ["a precise name first", `<raceCode code="2108-9"/><sdtc:raceCode code="2106-3"/>`, "2106-3"],
    ["a refusal to say", `<raceCode nullFlavor="ASKU"/>`, "ASKU"],
    ["none", "", null],
  ])("%s", (_, codes, expected) => {
    expect(race(codes)).toBe(expected);
  });
});

describe("when it was answered, where the observation does not say", () => {
  const encounter = (low: string, high: string) =>
    `<componentOf><encompassingEncounter><id root="2.999.3" extension="e"/><effectiveTime><low value="${low}"/><high value="${high}"/></effectiveTime></encompassingEncounter></componentOf>`;
  const service = (low: string, high: string) =>
    `<documentationOf><serviceEvent><effectiveTime><low value="${low}"/><high value="${high}"/></effectiveTime></serviceEvent></documentationOf>`;
  const WRITTEN = `<effectiveTime value="20240501"/>`;
  it.each([
    [
      "the visit",
      WRITTEN + service("20240401", "20240401") + encounter("202403041000", "202403041100"),
      "2024-03-04T10:00:00",
    ],
    [
      "the service, if it was given on one day",
      WRITTEN + service("20240401", "20240401"),
      "2024-04-01",
    ],
    [
      "not a service of years, but when it was written",
      WRITTEN + service("19750501", "20240401"),
      "2024-05-01",
    ],
    ["nothing", "", null],
  ])("%s", (_, header, expected) => {
    const [row] = read(header + person(), total("")).intake_administration;
    expect(row?.answered_at).toBe(expected);
    expect(row?.answered_origin).toBe(expected === null ? null : "derived");
  });
});

describe("encounters", () => {
  const visit = (id: string, day: string, mood = "EVN") =>
    `<entry><encounter classCode="ENC" moodCode="${mood}">${id}<code code="99213" codeSystem="2.16.840.1.113883.6.12"><translation code="AMB" codeSystem="2.16.840.1.113883.5.4"/></code><effectiveTime value="${day}"/><participant typeCode="LOC"><participantRole classCode="SDLOC"><code code="1160-1" codeSystem="2.16.840.1.113883.6.259"/><playingEntity><name>Clinic</name></playingEntity></participantRole></participant></encounter></entry>`;
  const ID = (extension: string) => `<id root="2.999.3" extension="${extension}"/>`;

  it("of the body are read with their place; planned ones and those without a day are not", () => {
    const rows = read(
      person(),
      visit(ID("v"), "202403041000") + visit(ID("plan"), "20250101", "INT") + visit(ID("w"), ""),
    );
    expect(rows.intake_encounter).toHaveLength(1);
    expect(rows.intake_encounter[0]).toMatchObject({
      encounter_key: "2.999.3|v",
      start_at: "2024-03-04T10:00:00",
      class: "AMB",
      facility_type: "1160-1",
      location: "Clinic",
    });
  });

  it("without an id are known by their start", () => {
    const rows = read(person(), visit("", "20240304"));
    expect(rows.intake_encounter[0]?.encounter_key).toBe("2024-03-04");
  });

  it("take the answers of their day; of two on one day nobody can say which", () => {
    const key = (entries: string) =>
      read(person(), entries).intake_administration[0]?.encounter_key;
    expect(key(visit(ID("v"), "202403041000") + total())).toBe("2.999.3|v");
    expect(key(visit(ID("v"), "20240305") + total())).toBeNull();
    expect(key(visit(ID("v"), "20240304") + visit(ID("w"), "20240304") + total())).toBeNull();
  });
});

describe("problems and procedures", () => {
  const problem = (oid: string, id: string, code: string) =>
    `<entry><act><entryRelationship typeCode="SUBJ"><observation>${template(oid)}${id}<effectiveTime><low value="20200101"/></effectiveTime><value xsi:type="CD" code="${code}" codeSystem="2.16.840.1.113883.6.96"/></observation></entryRelationship></act></entry>`;
  const NOW = "2.16.840.1.113883.10.20.22.4.4";
  const ID = `<id root="2.999.4" extension="same"/>`;

  it.each([
    ["under one copied id are two", ID, ["2.999.4|same|35489007", "2.999.4|same|21897009"]],
    [
      "without an id are known by code and onset",
      "",
      ["2020-01-01|35489007", "2020-01-01|21897009"],
    ],
  ])("%s", (_, id, keys) => {
    const rows = read(person(), problem(NOW, id, "35489007") + problem(NOW, id, "21897009"));
    expect(rows.intake_condition.map((row) => row.condition_key)).toEqual(keys);
  });

  it("are found by the templates of C32 as well", () => {
    const rows = read(person(), problem("2.16.840.1.113883.10.20.1.28", ID, "35489007"));
    expect(rows.intake_condition.map((row) => row.code)).toEqual(["35489007"]);
  });
});

describe("a score in the interpretation", () => {
  const value = (inside: string) => {
    const entries = `<entry>${observation("44250-9", `<effectiveTime value="20240304"/>${inside}`)}</entry>`;
    return read(person(), entries).intake_response.map((row) => row.answer_num ?? row.missing);
  };
  it.each([
    [
      "counts where there is no value",
      `<interpretationCode code="score" displayName="2"/>`,
      [2_000_000n],
    ],
    [
      "does not count beside a value",
      `<value xsi:type="INT" value="1"/><interpretationCode code="score" displayName="2"/>`,
      [1_000_000n],
    ],
    ["is not any other interpretation", `<interpretationCode code="H" displayName="2"/>`, ["NI"]],
  ])("%s", (_, inside, expected) => {
    expect(value(inside)).toEqual(expected);
  });
});
