import { describe, expect, it } from "vitest";
import { documentAround, observation } from "../golden/ccda/read-inline.ts";
import { settleDocuments } from "../golden/ccda/settle.ts";

const SET = (version: number) =>
  `<setId root="2.999.8" extension="set"/><versionNumber value="${version}"/>`;
const REPLACES = (id: string) =>
  `<relatedDocument typeCode="RPLC"><parentDocument><id root="2.999.8" extension="${id}"/></parentDocument></relatedDocument>`;

interface Said {
  id?: string;
  head?: string;
  person?: string;
  written?: string;
}

const total = (value: number, day = "20240304", id = "") =>
  `<entry>${observation("44261-6", `${id}<effectiveTime value="${day}"/><value xsi:type="INT" value="${value}"/>`)}</entry>`;

function document(
  entries: string,
  { id = "a", head = "", person = "P1", written = "20240401" }: Said,
) {
  const header = `<id root="2.999.8" extension="${id}"/><effectiveTime value="${written}"/>${head}
    <recordTarget><patientRole><id root="2.999.7" extension="${person}"/><patient/></patientRole></recordTarget>`;
  return documentAround(entries, header);
}

describe("the same document again", () => {
  it("is a duplicate with all that it holds", async () => {
    const bytes = document(total(12), {});
    const { records, answers, scores } = await settleDocuments({ "a.xml": bytes, "b.xml": bytes });
    expect(records).toEqual(["a.xml loaded", "b.xml duplicate MAPPING_SAME_AGAIN"]);
    expect(answers).toEqual([
      "a.xml 2024-03-04 phq-9 total=12 reported loaded",
      "b.xml 2024-03-04 phq-9 total=12 reported duplicate MAPPING_SAME_AGAIN",
    ]);
    expect(scores).toEqual(["phq-9 total=12 unverifiable"]);
  });

  it("is quarantined as often as it comes when it is about nobody", async () => {
    const bytes = documentAround(total(12), "");
    const { records } = await settleDocuments({ "a.xml": bytes, "b.xml": bytes });
    expect(records).toEqual([
      "a.xml quarantined SOURCE_NO_PATIENT",
      "b.xml quarantined SOURCE_NO_PATIENT",
    ]);
  });
});

describe("a newer version", () => {
  it("supersedes the older one of its set, with what only the older one holds", async () => {
    const { records, answers, scores } = await settleDocuments({
      "new.xml": document(total(7), { id: "n", head: SET(2) }),
      "old.xml": document(total(12) + total(3, "20240101"), { id: "o", head: SET(1) }),
    });
    expect(records).toEqual(["new.xml loaded", "old.xml superseded MAPPING_NEWER_VERSION"]);
    expect(answers).toEqual([
      "new.xml 2024-03-04 phq-9 total=7 reported loaded",
      "old.xml 2024-03-04 phq-9 total=12 reported superseded MAPPING_NEWER_VERSION",
      "old.xml 2024-01-01 phq-9 total=3 reported superseded MAPPING_NEWER_VERSION",
    ]);
    expect(scores).toEqual(["phq-9 total=7 unverifiable"]);
  });

  it("supersedes the document that it says it replaces", async () => {
    const { records, scores } = await settleDocuments({
      "new.xml": document(total(7), { id: "n", head: REPLACES("o") }),
      "old.xml": document(total(12), { id: "o" }),
    });
    expect(records).toEqual(["new.xml loaded", "old.xml superseded MAPPING_NEWER_VERSION"]);
    expect(scores).toEqual(["phq-9 total=7 unverifiable"]);
  });

  it.each([
    ["of another person under a copied set id", SET(2), SET(1), "P2", "20240401"],
    ["with the same version number", SET(1), SET(1), "P1", "20240401"],
    ["of another person under a copied document id", REPLACES("o"), "", "P2", "20240401"],
  ])("spares a document %s", async (_, head, other, person, written) => {
    const { records } = await settleDocuments({
      "a.xml": document(total(7), { id: "n", head }),
      "b.xml": document(total(12, "20240101"), { id: "o", head: other, person, written }),
    });
    expect(records).toEqual(["a.xml loaded", "b.xml loaded"]);
  });

  it("loses nothing to documents that replace one another, or themselves", async () => {
    const { records } = await settleDocuments({
      "a.xml": document(total(7), { id: "n", head: REPLACES("o") }),
      "b.xml": document(total(12, "20240101"), { id: "o", head: REPLACES("n") }),
      "c.xml": document(total(5, "20230101"), { id: "s", head: REPLACES("s") }),
    });
    expect(records).toEqual(["a.xml loaded", "b.xml loaded", "c.xml loaded"]);
  });
});

describe("the same assessment in every monthly document", () => {
  const month = (n: number, entries: string) =>
    document(entries, { id: `m${n}`, written: `20240${n}01` });

  it.each([
    ["by its id", () => `<id root="2.999.5" extension="same"/>`],
    [
      "by person, instrument, time and answers where its id is new each month",
      (n: number) => `<id root="2.999.5" extension="m${n}"/>`,
    ],
    ["without any id", () => ""],
  ])("loads once %s", async (_, id) => {
    const { scores, answers } = await settleDocuments({
      "2.xml": month(2, total(12, "20240115", id(2))),
      "3.xml": month(3, total(12, "20240115", id(3)) + total(9, "20240215", "")),
      "4.xml": month(4, total(12, "20240115", id(4))),
    });
    expect(scores).toEqual(["phq-9 total=12 unverifiable", "phq-9 total=9 unverifiable"]);
    expect(answers.filter((line) => line.endsWith("duplicate MAPPING_SAME_AGAIN"))).toHaveLength(2);
  });

  it("takes the newest of its versions under one id", async () => {
    const id = `<id root="2.999.5" extension="same"/>`;
    const { scores, answers } = await settleDocuments({
      "2.xml": month(2, total(12, "20240115", id)),
      "3.xml": month(3, total(11, "20240115", id)),
    });
    expect(scores).toEqual(["phq-9 total=11 unverifiable"]);
    expect(answers[0]).toMatch(/superseded MAPPING_NEWER_VERSION$/);
  });

  it("loads once what one document states in two sections under two ids", async () => {
    const panel = (id: string) => `<id root="2.999.5" extension="${id}"/>`;
    const { scores } = await settleDocuments({
      "a.xml": month(
        2,
        `${total(12, "20240115", panel("result"))}</section></component><component><section>${total(12, "20240115", panel("status"))}`,
      ),
    });
    expect(scores).toEqual(["phq-9 total=12 unverifiable"]);
  });
});
