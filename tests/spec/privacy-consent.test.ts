import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { siteSchema } from "../../pipelines/configuration/site.ts";
import { prepare } from "../../pipelines/intake.ts";
import { decideConsent } from "../../pipelines/privacy/consent.ts";
import { loadTokenKeys } from "../../pipelines/privacy/tokens.ts";
import type { RunReport } from "../../pipelines/run.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { withFhir } from "../golden/fhir/read-golden.ts";
import { propool } from "../support/command.ts";
import { PEOPLE, type Person, siteIn, type TestSite, temporary } from "../support/site.ts";
import { filesIn, inStore, placesOf } from "../support/site-look.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const TODAY = ["--today", "2024-06-01"];

const purpose = (code: string) => [
  { system: "http://terminology.hl7.org/CodeSystem/v3-ActReason", code },
];
const active = { status: "active", dateTime: "2024-01-01" };

/** What each person stated, and whether research may load them where everybody may refuse, and where everybody is asked. */
const STATED: Record<string, { consents: object[]; optOut: string | null; optIn: string | null }> =
  {
    nothing: { consents: [], optOut: null, optIn: "CONSENT_NOT_GIVEN" },
    permit: { consents: [{ ...active, provision: { type: "permit" } }], optOut: null, optIn: null },
    deny: {
      consents: [{ ...active, provision: { type: "deny" } }],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "permit of research alone": {
      consents: [{ ...active, provision: { type: "permit", purpose: purpose("HRESCH") } }],
      optOut: null,
      optIn: null,
    },
    "permit of something else": {
      consents: [{ ...active, provision: { type: "permit", purpose: purpose("PUBHLTH") } }],
      optOut: null,
      optIn: "CONSENT_NOT_GIVEN",
    },
    "refusal of something else": {
      consents: [{ ...active, provision: { type: "deny", purpose: purpose("PUBHLTH") } }],
      optOut: null,
      optIn: "CONSENT_NOT_GIVEN",
    },
    "permit but research": {
      consents: [
        {
          ...active,
          provision: { type: "permit", provision: [{ type: "deny", purpose: purpose("HRESCH") }] },
        },
      ],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "refusal but research": {
      consents: [
        {
          ...active,
          provision: { type: "deny", provision: [{ type: "permit", purpose: purpose("HRESCH") }] },
        },
      ],
      optOut: null,
      optIn: null,
    },
    "permit but a kind of data, which cannot be kept": {
      consents: [
        {
          ...active,
          provision: {
            type: "permit",
            provision: [{ type: "deny", class: [{ code: "Observation" }] }],
          },
        },
      ],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "permit, and later a refusal": {
      consents: [
        { ...active, dateTime: "2024-03-01", provision: { type: "deny" } },
        { ...active, provision: { type: "permit" } },
      ],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "refusal, and later a permit": {
      consents: [
        { ...active, provision: { type: "deny" } },
        { ...active, dateTime: "2024-03-01", provision: { type: "permit" } },
      ],
      optOut: null,
      optIn: null,
    },
    "permit and refusal on one day": {
      consents: [
        { ...active, provision: { type: "permit" } },
        { ...active, provision: { type: "deny" } },
      ],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "permit that is over": {
      consents: [{ ...active, provision: { type: "permit", period: { end: "2024-12-31" } } }],
      optOut: null,
      optIn: "CONSENT_NOT_GIVEN",
    },
    "refusal that was a draft": {
      consents: [{ ...active, status: "draft", provision: { type: "deny" } }],
      optOut: null,
      optIn: "CONSENT_NOT_GIVEN",
    },
    "proposal that was rejected": {
      consents: [{ ...active, status: "rejected", provision: { type: "permit" } }],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "refusal in R5": {
      consents: [{ status: "active", date: "2024-01-01", decision: "deny" }],
      optOut: "CONSENT_REFUSED",
      optIn: "CONSENT_REFUSED",
    },
    "refusal in R5 but for research": {
      consents: [
        {
          status: "active",
          date: "2024-01-01",
          decision: "deny",
          provision: [{ purpose: purpose("HRESCH") }],
        },
      ],
      optOut: null,
      optIn: null,
    },
  };

describe("FHIR Consent", () => {
  const titles = Object.keys(STATED);
  const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  let decided: Record<"opt-out" | "opt-in", Map<string, string>>;

  beforeAll(async () => {
    const files = {
      "Patient.ndjson": lines(titles.map((_, i) => ({ resourceType: "Patient", id: `p${i}` }))),
      "Consent.ndjson": lines(
        titles.flatMap((title, i) =>
          (STATED[title]?.consents ?? []).map((consent) => ({
            resourceType: "Consent",
            ...("decision" in consent
              ? { subject: { reference: `Patient/p${i}` } }
              : { patient: { reference: `Patient/p${i}` } }),
            ...consent,
          })),
        ),
      ),
    };
    decided = await withFhir({ files }, async (db) => {
      await loadTokenKeys(db, { generations: [new Uint8Array(32)], linkage: null }, ["patid"]);
      const decide = async (rule: string) => {
        const identity = { site: "A", name: "a", network: "N", format: "fhir", consent: { rule } };
        const site = { ...siteSchema.parse(identity), consentFile: null };
        await decideConsent(db, site, { store: null, barred: [] });
        const rows = await db.all<{ patient_key: string; reason: string }>(
          "SELECT patient_key, reason FROM refused",
        );
        return new Map(rows.map((row) => [row.patient_key, row.reason]));
      };
      return { "opt-out": await decide("opt-out"), "opt-in": await decide("opt-in") };
    });
  });

  it.each(titles)("decides after a %s", (title) => {
    const key = `p${titles.indexOf(title)}`;
    const { optOut, optIn } = STATED[title] ?? {};
    expect(decided["opt-out"].get(key) ?? null, "opt-out").toBe(optOut);
    expect(decided["opt-in"].get(key) ?? null, "opt-in").toBe(optIn);
  });
});

const [RESEARCH, QUALITY, SURVEILLANCE] = ["research", "quality-improvement", "surveillance"];
/** A person by what was stated of them and where, and the purposes for which they are left out. */
const PURPOSES: [
  title: string,
  stated: { from: "fhir" | "list" | "column"; decision: string; purpose?: string },
  optOut: (string | undefined)[],
  optIn: (string | undefined)[],
][] = [
  [
    "FHIR Consent that denies research",
    { from: "fhir", decision: "deny", purpose: "HRESCH" },
    [RESEARCH],
    [RESEARCH, QUALITY, SURVEILLANCE],
  ],
  [
    "FHIR Consent that permits quality improvement",
    { from: "fhir", decision: "permit", purpose: "HQUALIMP" },
    [],
    [RESEARCH, SURVEILLANCE],
  ],
  [
    "line of the list that denies surveillance",
    { from: "list", decision: "no", purpose: "surveillance" },
    [SURVEILLANCE],
    [RESEARCH, QUALITY, SURVEILLANCE],
  ],
  [
    "line of the list that permits research",
    { from: "list", decision: "yes", purpose: "research" },
    [],
    [QUALITY, SURVEILLANCE],
  ],
  [
    "line of the list for a purpose that nobody knows",
    { from: "list", decision: "no", purpose: "marketing" },
    [],
    [RESEARCH, QUALITY, SURVEILLANCE],
  ],
  [
    "column that refuses",
    { from: "column", decision: "opt-out" },
    [RESEARCH, QUALITY, SURVEILLANCE],
    [RESEARCH, QUALITY, SURVEILLANCE],
  ],
  ["column that agrees", { from: "column", decision: "yes" }, [], []],
];

describe("a statement about a purpose", () => {
  let remove: () => Promise<void>;
  let left: Map<string, (string | undefined)[]>;
  beforeAll(async () => {
    const folder = await temporary();
    remove = folder.remove;
    const list = join(folder.directory, "consent.csv");
    const of = (from: string) => PURPOSES.filter(([, stated]) => stated.from === from);
    const listed = of("list").map(
      ([title, { decision, purpose: one }]) => `${title},${decision},${one},\n`,
    );
    await writeFile(list, `patient_key,decision,purpose,decided_at\n${listed.join("")}`);
    const db = await DuckDb.open(":memory:", { small: true });
    try {
      await prepare(db, { words: {}, codes: [] }, "2024-06-01");
      await loadTokenKeys(db, { generations: [new Uint8Array(32)], linkage: null }, ["patid"]);
      for (const [title, { from, decision }] of PURPOSES)
        await db.run("INSERT INTO intake_patient (patient_key, consent) VALUES (?, ?)", [
          title,
          from === "column" ? decision : null,
        ]);
      for (const [title, { decision, purpose: one }] of of("fhir"))
        await db.run(
          "INSERT INTO intake_consent (patient_key, decision, purpose) VALUES (?, ?, ?)",
          [title, decision, one ?? null],
        );
      left = new Map();
      for (const rule of ["opt-out", "opt-in"])
        for (const one of [RESEARCH, QUALITY, SURVEILLANCE]) {
          const identity = { site: "A", name: "a", network: "N", format: "fhir" };
          const site = siteSchema.parse({ ...identity, consent: { rule, purpose: one } });
          await decideConsent(db, { ...site, consentFile: list }, { store: null, barred: [] });
          for (const { key } of await db.all<{ key: string }>(
            "SELECT patient_key AS key FROM refused",
          ))
            left.set(`${rule} ${key}`, [...(left.get(`${rule} ${key}`) ?? []), one]);
        }
    } finally {
      db.close();
    }
  });
  afterAll(() => remove());

  it.each(PURPOSES)("is looked at by networks of that purpose: a %s", (title, _, optOut, optIn) => {
    expect(left.get(`opt-out ${title}`) ?? [], "opt-out").toEqual(optOut);
    expect(left.get(`opt-in ${title}`) ?? [], "opt-in").toEqual(optIn);
  });
});

describe("a site whose people may refuse", () => {
  let directory: string;
  let remove: () => Promise<void>;
  let site: TestSite;
  const [anna, ben, carl] = PEOPLE as unknown as [Person, Person, Person];
  const yaml = (path: string) => readFile(path, "utf8");

  beforeAll(async () => {
    ({ directory, remove } = await temporary());
    site = await siteIn(directory, "fhir");
    await propool("keys", "new", site.directory, "--linkage");
  });
  afterAll(() => remove());

  async function night(of: TestSite, ...more: string[]): Promise<RunReport> {
    const told = await propool("run", of.directory, "--json", ...TODAY, ...more);
    expect(told.exitCode, told.err).toBe(0);
    return (JSON.parse(told.out) as RunReport[])[0] as RunReport;
  }
  const people = (of: TestSite) =>
    inStore(of, async (db) => {
      const rows = await db.all<{ patid: string }>("SELECT patid FROM demographic ORDER BY patid");
      return rows.map((row) => row.patid);
    });
  /** Every place in the site's folder in which a token stands, as value or as bytes. */
  const places = (of: TestSite, token: string) => placesOf([token], of, []);
  const reasons = (report: RunReport) =>
    Object.fromEntries(
      report.lines
        .filter(({ reason }) => reason?.startsWith("CONSENT"))
        .map((line) => [`${line.level} ${line.kind} ${line.state} ${line.reason}`, line.count]),
    );
  const listed = async (of: TestSite, rows: string) => {
    await of.write("consent.csv", `patient_key,decision,purpose,decided_at\n${rows}`);
    const content = await yaml(of.path("site.yaml"));
    if (!/^consent:/m.test(content))
      await of.write("site.yaml", `${content}\nconsent: { list: consent.csv }\n`);
  };
  let whole: string[];

  it("counts whoever refuses by the list as out of scope, with all records and answers, and makes no token", async () => {
    await listed(site, `${carl.key},no,,\n`);
    const report = await night(site);
    expect(reasons(report)).toEqual({
      "record Patient out_of_scope CONSENT_REFUSED": 1,
      "record QuestionnaireResponse out_of_scope CONSENT_REFUSED": 1,
      "answer phq-9 out_of_scope CONSENT_REFUSED": 10,
    });
    expect(await people(site)).toHaveLength(2);
    expect(report.store.hash_token).toBe(2);
    // What a refusing person is called is searched all the same.
    expect(report.audit.identifiers).toBeGreaterThan(15);
  });

  it("loads whoever agrees later, and takes out again whoever refuses later", async () => {
    await listed(site, `${carl.key},no,,2024-01-01\n${carl.key},yes,,2024-02-01\n`);
    await night(site);
    whole = await people(site);
    expect(whole).toHaveLength(3);
    // A study told numbers of all three; who leaves is somebody in them, and nobody's token.
    const released = { token_key_fingerprint: null, people: whole };
    await mkdir(site.path("releases"), { mode: 0o700 });
    await writeFile(site.path("releases/people.json"), JSON.stringify(released));
    await listed(site, `${ben.key},no,research,\n`);
    await night(site);
    const left = await people(site);
    expect(left).toHaveLength(2);
    const gone = whole.find((patid) => !left.includes(patid)) ?? "";
    const found = await places(site, gone);
    // The tombstone alone: the store's facts for the next submissions, and the manifest of a later format.
    expect(
      found.filter((place) => !/store\.duckdb|FHIR-00000[12]\/|manifest\.json/.test(place)),
    ).toEqual([]);
    const facts = await inStore(site, (db) =>
      db.one<{ facts: string }>("SELECT facts FROM propool_store"),
    );
    expect(JSON.parse(facts.facts).withdrawn).toEqual([gone]);
    expect(JSON.parse(await yaml(site.path("releases/people.json"))).people).toEqual(
      whole.map((patid) => (patid === gone ? null : patid)),
    );
    await rm(site.path("releases"), { recursive: true });
    // Agreeing again makes them a person again, and no tombstone.
    await listed(site, "");
    await night(site);
    expect(await people(site)).toEqual(whole);
  });

  it("says that a list cannot be read, without a word of it", async () => {
    const broken = { ...site, directory: join(directory, "broken") };
    await cp(site.directory, broken.directory, { recursive: true });
    await writeFile(join(broken.directory, "consent.csv"), `key\n${anna.key}\n`);
    const told = await propool("run", broken.directory, ...TODAY);
    expect(told).toMatchObject({ exitCode: 10 });
    expect(told.err).toContain("CONFIG_CONSENT");
    expect(told.err).not.toContain(anna.key);
  });

  describe("after a withdrawal by command", () => {
    let gone: string;
    beforeAll(async () => {
      const told = await propool(
        ...["preview", site.path("export/QuestionnaireResponse.ndjson"), "--site", site.directory],
        ...["--format", "csv", ...TODAY],
      );
      gone = told.out.split("\n")[1]?.split(",")[3] ?? "";
      expect(whole).toContain(gone);
    });

    it("holds nothing of the person, in values or in bytes of the store, and keeps them out", async () => {
      const told = await propool("withdraw", site.directory, "--token", gone, "--json");
      expect(told).toMatchObject({ exitCode: 0, err: "" });
      expect(JSON.parse(told.out)).toMatchObject({ named: 1, held: 1, patids: [gone] });
      expect(await readdir(site.path("outbox"))).toEqual([]);
      const rows = await inStore(site, async (db) => {
        const tables = await db.all<{ name: string }>(
          "SELECT table_name AS name FROM duckdb_columns() WHERE column_name = 'patid' AND database_name = current_database() AND NOT internal",
        );
        const counts = await Promise.all(
          tables.map(({ name }) => db.all(`SELECT 1 FROM ${name} WHERE patid = '${gone}'`)),
        );
        return counts.flat().length;
      });
      expect(rows).toBe(0);

      const report = await night(site);
      expect(Object.keys(reasons(report))).toContain("record Patient withdrawn CONSENT_WITHDRAWN");
      expect(await people(site)).toEqual(whole.filter((patid) => patid !== gone));
      const found = await places(site, gone);
      expect(found.filter((place) => !/store\.duckdb|manifest\.json/.test(place))).toEqual([]);
      for (const file of (await filesIn(site.path("outbox"))).filter((name) =>
        name.endsWith(".parquet"),
      ))
        expect((await readFile(site.path("outbox", file))).toString("latin1")).not.toContain(gone);
    });

    it("keeps them out of a store that is made anew, and under a rotated key", async () => {
      const before = (await people(site)).length;
      await night(site, "--full");
      expect(await people(site)).toHaveLength(before);
      await propool("keys", "rotate", site.directory, ...TODAY);
      const report = await night(site);
      expect(Object.keys(reasons(report))).toContain("record Patient withdrawn CONSENT_WITHDRAWN");
      expect(await people(site)).toHaveLength(before);
    });

    it("keeps them out of a store that is made anew after damage, or after it was lost", async () => {
      const before = (await people(site)).length;
      await writeFile(site.path("store/store.duckdb"), "damaged");
      const told = await propool("run", site.directory, ...TODAY);
      expect(told.err).toContain("WAREHOUSE_DAMAGED");
      const kept = site.path("keys/withdrawn.json");
      const content = await readFile(kept, "utf8");
      for (const more of ["--full", "--full", ""]) {
        const report = await night(site, ...(more ? [more] : []));
        expect(Object.keys(reasons(report))).toContain(
          "record Patient withdrawn CONSENT_WITHDRAWN",
        );
        expect(await people(site)).toHaveLength(before);
        if (more) await rm(site.path("store"), { recursive: true });
      }
      expect((await stat(kept)).mode & 0o77).toBe(0);
      await writeFile(kept, "{");
      expect(await propool("run", site.directory, ...TODAY)).toMatchObject({
        exitCode: 10,
        err: expect.stringContaining("CONFIG_WITHDRAWN"),
      });
      await writeFile(kept, content);
    });

    it("refuses to make a store anew with another key, which would load them again, and says what to do", async () => {
      const key = await readFile(site.path("keys/token.key"), "utf8");
      const before = await readFile(site.path("store/store.duckdb"));
      const lost = `${"5".repeat(64)}\n`;
      await writeFile(site.path("keys/token.key"), lost);
      for (const command of [
        ["run", site.directory, "--full", ...TODAY],
        ["run", site.directory, ...TODAY],
        ["keys", "rotate", site.directory, ...TODAY],
      ]) {
        const told = await propool(...command);
        expect(told, command.join(" ")).toMatchObject({ exitCode: 10 });
        expect(told.err).toContain("CONFIG_KEY_CHANGED");
        expect(told.err).toMatch(/restore keys\/token\.key.*list of consents/s);
      }
      expect(await readFile(site.path("keys/token.key"), "utf8")).toBe(lost);
      expect((await readFile(site.path("store/store.duckdb"))).equals(before)).toBe(true);
      await writeFile(site.path("keys/token.key"), key);
    });

    it("takes keys of people from a file, and refuses nonsense", async () => {
      await writeFile(join(directory, "leavers.txt"), `${anna.key}\n${ben.key}\n${carl.key}\n`);
      const told = await propool(
        "withdraw",
        site.directory,
        "--list",
        join(directory, "leavers.txt"),
        "--json",
      );
      expect(JSON.parse(told.out)).toMatchObject({ named: 3, held: 2 });
      expect(await people(site)).toEqual([]);
      expect(await propool("withdraw", site.directory)).toMatchObject({ exitCode: 2 });
      expect(await propool("withdraw", site.directory, "--token", "x")).toMatchObject({
        exitCode: 2,
      });
    });
  });
});
