import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../pipelines/run.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { propool } from "../support/command.ts";
import { temporary } from "../support/site.ts";

/** Two nights of a FHIR site whose patients were asked, answered, and measured themselves. */

const LOINC = "http://loinc.org";
const code = (value: string, system = LOINC) => ({ coding: [{ system, code: value }] });
const subject = { reference: "Patient/ann" };
const quantity = (value: number, unit: string) => ({ valueQuantity: { value, code: unit } });
const measured = (id: string, loinc: string, more: object) => ({
  resourceType: "Observation",
  id,
  status: "final",
  code: code(loinc),
  subject,
  effectiveDateTime: "2024-03-04T07:10:00-05:00",
  ...more,
});
const phq2 = (id: string, more: object) => ({
  resourceType: "QuestionnaireResponse",
  id,
  status: "completed",
  subject,
  authored: "2024-03-05T09:00:00-05:00",
  questionnaire: "http://x.example/Questionnaire/phq-2-55757-9",
  item: ["44250-9", "44255-8"].map((linkId) => ({ linkId, answer: [{ valueInteger: 1 }] })),
  ...more,
});
const part = (loinc: string, value: number) => ({
  code: code(loinc),
  ...quantity(value, "mm[Hg]"),
});
const cuff = { device: { reference: "Device/cuff" }, performer: [subject] };
const pressure = (component: object[], more = {}) =>
  measured("bp", "85354-9", { ...cuff, component, ...more });

const FIRST: object[] = [
  { resourceType: "Patient", id: "ann" },
  { resourceType: "Device", id: "cuff", type: code("43770009", "http://snomed.info/sct") },
  {
    resourceType: "Device",
    id: "band",
    deviceName: [{ name: "Ann's Fitbit Charge", type: "user-friendly-name" }],
  },
  // Orders: one that a task carries out, one of another kind, one drafted, one without a day, one revoked.
  {
    resourceType: "ServiceRequest",
    id: "order",
    status: "active",
    intent: "order",
    subject,
    code: code("44249-1"),
    authoredOn: "2024-03-01",
  },
  {
    resourceType: "Task",
    id: "task",
    status: "requested",
    intent: "order",
    for: subject,
    basedOn: [{ reference: "ServiceRequest/order" }],
    authoredOn: "2024-03-02T08:00:00-05:00",
    restriction: { period: { end: "2024-03-09" } },
  },
  {
    resourceType: "ServiceRequest",
    id: "xray",
    status: "active",
    intent: "order",
    subject,
    code: code("36643-5"),
    authoredOn: "2024-03-01",
  },
  {
    resourceType: "ServiceRequest",
    id: "plan",
    status: "active",
    intent: "plan",
    subject,
    code: { text: "GAD-7, please" },
    authoredOn: "2024-03-01",
  },
  {
    resourceType: "ServiceRequest",
    id: "dayless",
    status: "active",
    intent: "order",
    subject,
    code: code("44249-1"),
  },
  {
    resourceType: "CommunicationRequest",
    id: "letter",
    status: "completed",
    subject,
    authoredOn: "2024-03-03",
    medium: [{ coding: [{ code: "phone" }] }],
    payload: [
      { contentReference: { reference: "Questionnaire/phq-2-55757-9" } },
      { contentReference: { reference: "Questionnaire/gad" } },
    ],
  },
  {
    resourceType: "Questionnaire",
    id: "gad",
    url: "http://x.example/Questionnaire/gad",
    code: [{ system: LOINC, code: "69737-5" }],
  },
  {
    resourceType: "Task",
    id: "done",
    status: "completed",
    intent: "order",
    for: subject,
    focus: { reference: "Questionnaire/phq-2-55757-9" },
    authoredOn: "2024-03-03",
    output: [{ valueReference: { reference: "QuestionnaireResponse/led" } }],
  },
  {
    resourceType: "Task",
    id: "mistake",
    status: "entered-in-error",
    intent: "order",
    for: subject,
    focus: { reference: "Questionnaire/gad" },
    authoredOn: "2024-03-03",
  },
  phq2("led", {}),
  phq2("follows", {
    authored: "2024-03-07",
    basedOn: [{ reference: "CommunicationRequest/letter" }],
  }),
  // Measurements: at home with a device, by the person alone, of the clinic, of nobody said, of a code that is not listed.
  pressure([part("8480-6", 128), part("8462-4", 82)]),
  measured("steps", "41950-7", {
    device: { reference: "Device/band" },
    effectiveDateTime: undefined,
    effectivePeriod: { start: "2024-03-04", end: "2024-03-05" },
    ...quantity(8123, "{steps}"),
  }),
  measured("weight-own", "29463-7", { performer: [subject], ...quantity(71.4, "kg") }),
  measured("weight-clinic", "29463-7", {
    performer: [{ reference: "Practitioner/x" }],
    ...quantity(71.9, "kg"),
  }),
  measured("sleep", "93832-4", { ...quantity(7.5, "h") }),
  measured("pulse", "8867-4", { ...quantity(64, "/min") }),
  measured("steps-unfinished", "41950-7", { status: "preliminary", ...cuff }),
  measured("steps-huge", "41950-7", { ...cuff, ...quantity(1e11, "{steps}") }),
  {
    resourceType: "Condition",
    id: "c",
    subject,
    code: code("F32.1", "http://hl7.org/fhir/sid/icd-10-cm"),
    clinicalStatus: code("active", "http://x.example"),
  },
  {
    resourceType: "Encounter",
    id: "e",
    class: { code: "AMB" },
    subject,
    period: { start: "2024-03-01" },
  },
  {
    resourceType: "Procedure",
    id: "p",
    status: "completed",
    subject,
    code: code("96127", "http://www.ama-assn.org/go/cpt"),
  },
];

/** The next night takes back a form, a visit, a condition, a procedure, a measurement, a request, and one of two pressures. */
const withdrawn = FIRST.filter((one) =>
  ["c", "e", "p", "weight-own", "done", "follows"].includes((one as { id: string }).id),
);
const SECOND: object[] = [
  ...withdrawn.map((one) => ({
    ...one,
    status: "entered-in-error",
    verificationStatus: code("entered-in-error", "http://x.example"),
  })),
  pressure([part("8480-6", 131)], { meta: { lastUpdated: "2024-04-01T00:00:00Z" } }),
];

const SITE = `observations:
  - { code: "41950-7", table: obs_gen }
  - { code: "93832-4", table: obs_gen, source: PD }
  - { code: "29463-7", table: obs_clin }
  - { code: "8480-6", table: obs_clin }
  - { code: "8462-4", table: obs_clin }
`;

let root: { directory: string; remove(): Promise<void> };
const nights: { report: RunReport; rows: Record<string, string[]> }[] = [];

beforeAll(async () => {
  root = await temporary();
  const site = join(root.directory, "clinic");
  await propool("init", "site", site, "--format", "fhir", "--site", "CLINIC", "--name", "Clinic");
  await appendFile(join(site, "site.yaml"), `\n${SITE}`);
  for (const resources of [FIRST, SECOND]) {
    await rm(join(site, "export"), { recursive: true, force: true });
    await mkdir(join(site, "export"));
    await writeFile(
      join(site, "export", "all.ndjson"),
      resources.map((one) => `${JSON.stringify(one)}\n`).join(""),
    );
    const told = await propool("run", site, "--json", "--today", "2024-06-01");
    expect(told.exitCode, told.err).toBe(0);
    const [report] = JSON.parse(told.out) as RunReport[];
    nights.push({
      report: report as RunReport,
      rows: await look(join(site, "store/store.duckdb")),
    });
  }
}, 60_000);
afterAll(() => root.remove());

/** The rows of the store without tokens and shifted days: intervals tell what the days were. */
const LOOKS = {
  asked: `SELECT concat_ws(' ', r.instrument, r.kind, r.status, r.channel, 'due', date_diff('day', r.request_date, r.due_date),
      CASE WHEN c.pro_seq IS NOT NULL THEN 'answered' END, r.request_date_origin)
    FROM pro_request r LEFT JOIN pro_collection c ON c.pro_seq = r.pro_seq AND c.pro_requestid = r.pro_requestid ORDER BY ALL`,
  clinical: `SELECT concat_ws(' ', obsclin_code, CAST(obsclin_result_num AS DOUBLE), obsclin_result_modifier, obsclin_result_unit, obsclin_source, obsclin_start_time, c.device, c.channel,
      c.setting, c.source_origin) FROM obs_clin JOIN obs_collection c ON c.obsid = obsclinid ORDER BY ALL`,
  general: `SELECT concat_ws(' ', obsgen_code, obsgen_result_num::DOUBLE, obsgen_result_unit, obsgen_source, obsgen_start_time,
      date_diff('day', obsgen_start_date, obsgen_stop_date), c.device, c.channel, c.source_origin)
    FROM obs_gen JOIN obs_collection c ON c.obsid = obsgenid ORDER BY ALL`,
  counts: `SELECT unnest(['condition', 'encounter', 'procedures', 'pro_collection']) || ' ' || unnest([(SELECT count(*) FROM condition),
      (SELECT count(*) FROM encounter), (SELECT count(*) FROM procedures), (SELECT count(*) FROM pro_collection)])`,
};

async function look(file: string): Promise<Record<string, string[]>> {
  const db = await DuckDb.open(file, { readOnly: true });
  try {
    const rows: Record<string, string[]> = {};
    for (const [name, sql] of Object.entries(LOOKS)) {
      rows[name] = (await db.connection.runAndReadAll(sql)).getRows().map(([one]) => String(one));
    }
    return rows;
  } finally {
    db.close();
  }
}

const endings = (night: number, kind: RegExp) =>
  nights[night]?.report.lines
    .filter(({ level, kind: one }) => level === "record" && kind.test(one))
    .map(({ kind: one, state, reason, count }) => `${one} ${state} ${reason ?? "-"} ${count}`);

describe("what people were asked", () => {
  it("is a row a request and instrument: tasks for their order, messages for each form", () => {
    expect(nights[0]?.rows.asked).toEqual([
      "gad-7 message completed phone due stated",
      "gad-7 order draft due stated",
      "phq-2 message completed phone due answered stated",
      "phq-2 task completed due answered stated",
      "phq-9 task open due 7 stated",
    ]);
  });

  it("ends in one state a record", () => {
    expect(endings(0, /Request|Task/)).toEqual([
      "CommunicationRequest loaded - 1",
      "ServiceRequest duplicate MAPPING_REQUEST_CARRIED_OUT 1",
      "ServiceRequest loaded - 1",
      "ServiceRequest out_of_scope SOURCE_ASKED_FOR 1",
      "ServiceRequest quarantined MAPPING_NO_DATE 1",
      "Task loaded - 2",
      "Task withdrawn SOURCE_ENTERED_IN_ERROR 1",
    ]);
  });
});

describe("what people measured themselves", () => {
  it("loads with device and channel where the site lists the code", () => {
    expect(nights[0]?.rows.clinical).toEqual([
      "29463-7 71.4 EQ kg PR 07:10 home derived",
      "8462-4 82.0 EQ mm[Hg] PD 07:10 blood-pressure-monitor device home derived",
      "8480-6 128.0 EQ mm[Hg] PD 07:10 blood-pressure-monitor device home derived",
    ]);
    expect(nights[0]?.rows.general).toEqual([
      "41950-7 8123.0 {#} PD 1 watch wearable derived",
      "93832-4 7.5 h PD 07:10 assumed",
    ]);
  });

  it("leaves out what the clinic measured, what is not finished and what nobody listed", () => {
    expect(endings(0, /Observation/)).toEqual([
      "Observation loaded - 4",
      "Observation out_of_scope MAPPING_NOT_PATIENT_GENERATED 1",
      "Observation out_of_scope SOURCE_NOT_A_SURVEY 1",
      "Observation out_of_scope SOURCE_STATUS_INCOMPLETE 1",
      "Observation quarantined MAPPING_NUMBER_TOO_LARGE 1",
    ]);
  });
});

describe("what a source takes back", () => {
  it("was there, and is gone from every table", () => {
    expect(nights[0]?.rows.counts).toEqual([
      "condition 1",
      "encounter 1",
      "procedures 1",
      "pro_collection 2",
    ]);
    expect(nights[1]?.rows.counts).toEqual([
      "condition 0",
      "encounter 0",
      "procedures 0",
      "pro_collection 1",
    ]);
    expect(nights[1]?.report.ledgers.records).toMatchObject({ read: 7, withdrawn: 6, loaded: 1 });
    expect(nights[1]?.rows.asked).toHaveLength(4);
    expect(nights[1]?.rows.clinical).toEqual([
      // Its device is not delivered again: what it was is not known.
      "8480-6 131.0 EQ mm[Hg] PD 07:10 home derived",
    ]);
    expect(nights[1]?.rows.general).toEqual(nights[0]?.rows.general);
  });
});
