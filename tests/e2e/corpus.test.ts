import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../pipelines/run.ts";
import { propool } from "../support/command.ts";

const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const isPresent = existsSync(join(CORPUS, "MANIFEST.csv"));

/** One site for each format, put together from files that other people's systems wrote. */
const SITES = {
  FHIR: {
    format: "fhir",
    files: [
      "fhir/cqframework__ecqm-content-qicore-2025/CMS159_PHQ9_bulk",
      "fhir/paciowg__sample-data/mcc_pnoelle",
      "fhir/HL7__US-Core",
    ],
  },
  CCDA: { format: "ccda", files: ["ccda"] },
  CSV: { format: "csv", files: ["csv/arishmr__isixhosa-phq9/Full_Data.csv"] },
} as const;

const MAPPING = `
source: isiXhosa PHQ-9 data of 47 adolescents
files:
  - match: Full_Data.csv
    kind: wide
    columns: { patient_key: PID }
    person: { sex: gender }
    instruments:
      - instrument: phq-9
        answered_at: { column: PHQ9.date, date_format: "%Y/%m/%d" }
        items: { PHQ9_1: q1, PHQ9_2: q2, PHQ9_3: q3, PHQ9_4: q4, PHQ9_5: q5, PHQ9_6: q6, PHQ9_7: q7, PHQ9_8: q8, PHQ9_9: q9 }
        scores: { total: total }
`;

let directory = "";
const nights: Record<string, RunReport> = {};

describe.skipIf(!isPresent)(
  isPresent
    ? "the main job on real files"
    : `the main job on real files (left out: no corpus at ${CORPUS})`,
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "propool-corpus-"));
      for (const [site, { format, files }] of Object.entries(SITES))
        await makeSite(site, format, files);
      const hub = join(directory, "hub");
      const sites = Object.keys(SITES).map((site) => join(directory, site));
      const made = await propool("init", "hub", hub, "--network", "REAL", "--with", ...sites);
      expect(made.exitCode, made.err).toBe(0);
      for (const site of Object.keys(SITES)) {
        const { out, err, exitCode } = await propool(
          "run",
          join(directory, site),
          "--json",
          "--today",
          "2026-11-22",
        );
        expect(exitCode, err).toBe(0);
        nights[site] = (JSON.parse(out) as RunReport[])[0] as RunReport;
      }
    }, 60_000);
    afterAll(() => rm(directory, { recursive: true, force: true }));

    it.each([
      [
        "FHIR",
        {
          read: 415,
          loaded: 369,
          // The eleven Observations and the panel that US Core's response gives a second time.
          duplicate: 12,
          superseded: 0,
          out_of_scope: 27,
          quarantined: 7,
          withdrawn: 0,
        },
      ],
      [
        "CCDA",
        {
          read: 63,
          loaded: 27,
          duplicate: 0,
          superseded: 2,
          out_of_scope: 1,
          quarantined: 33,
          withdrawn: 0,
        },
      ],
      [
        "CSV",
        {
          read: 47,
          loaded: 47,
          duplicate: 0,
          superseded: 0,
          out_of_scope: 0,
          quarantined: 0,
          withdrawn: 0,
        },
      ],
    ])("%s: every record of the export ends in one state", (site, ledger) => {
      expect(nights[site]?.ledgers.records).toEqual(ledger);
    });

    it("says why what is quarantined is quarantined", () => {
      const reasons = Object.fromEntries(
        Object.entries(nights).map(([site, { issues }]) => [
          site,
          Object.fromEntries(issues.map(({ code, count }) => [code, count])),
        ]),
      );
      expect(reasons).toEqual({
        // Procedures under SNOMED CT, which PX_TYPE has no code for; a visit without a period; two totals of 300; a
        // total dated 2027. Items of PROMIS forms that the catalogue does not have (fatigue 7a, pain interference 6b). A form
        // that states its raw sum of 32 as the T-score.
        FHIR: {
          MAPPING_CODE_SYSTEM_UNKNOWN: 3,
          MAPPING_NO_DATE: 1,
          MAPPING_SAME_AGAIN: 12,
          MAPPING_SCORE_OUT_OF_RANGE: 2,
          MAPPING_UNMAPPED_CODE: 65,
          QUALITY_DATE_IN_FUTURE: 1,
          SCORE_MISMATCH: 1,
        },
        // 29 of the files are fragments of documents and name no patient.
        CCDA: { MAPPING_CODE_SYSTEM_UNKNOWN: 4, MAPPING_NO_PATIENT: 15, SOURCE_NO_PATIENT: 29 },
        CSV: {},
      });
    });

    it("pools the three sites and answers a query", async () => {
      const hub = join(directory, "hub");
      const pooled = await propool("pool", hub, "--json");
      expect(pooled.exitCode, pooled.err).toBe(0);
      const { out, err, exitCode } = await propool(
        "query",
        hub,
        "SELECT datamartid, instrument, status, count(*) AS scores FROM pro_score GROUP BY ALL ORDER BY ALL",
        "--json",
      );
      expect(exitCode, err).toBe(0);
      expect(JSON.parse(out)).toEqual([
        { datamartid: "CCDA", instrument: "audit-c", status: "unverifiable", scores: 3 },
        { datamartid: "CCDA", instrument: "dast-10", status: "unverifiable", scores: 2 },
        { datamartid: "CCDA", instrument: "gad-7", status: "unverifiable", scores: 5 },
        { datamartid: "CCDA", instrument: "hark", status: "unverifiable", scores: 2 },
        { datamartid: "CCDA", instrument: "pain-nrs", status: "unverifiable", scores: 11 },
        // The one that matches has its items in a text table.
        { datamartid: "CCDA", instrument: "phq-2", status: "match", scores: 1 },
        { datamartid: "CCDA", instrument: "phq-2", status: "unverifiable", scores: 9 },
        { datamartid: "CCDA", instrument: "phq-9", status: "unverifiable", scores: 1 },
        { datamartid: "CSV", instrument: "phq-9", status: "match", scores: 47 },
        { datamartid: "FHIR", instrument: "facit-pal", status: "unverifiable", scores: 1 },
        { datamartid: "FHIR", instrument: "phq-9", status: "match", scores: 6 },
        { datamartid: "FHIR", instrument: "phq-9", status: "unverifiable", scores: 117 },
        { datamartid: "FHIR", instrument: "promis-fatigue", status: "unverifiable", scores: 5 },
        {
          datamartid: "FHIR",
          instrument: "promis-pain-interference-8a",
          status: "unverifiable",
          scores: 5,
        },
        ...["match", "mismatch"].map((status) => ({
          datamartid: "FHIR",
          instrument: "promis-physical-function-10a",
          status,
          scores: 1,
        })),
      ]);
    });
  },
);

async function makeSite(site: string, format: string, files: readonly string[]): Promise<void> {
  const folder = join(directory, site);
  const { exitCode, err } = await propool(
    "init",
    "site",
    folder,
    "--format",
    format,
    "--site",
    site,
    "--network",
    "REAL",
  );
  expect(exitCode, err).toBe(0);
  if (format === "csv") await writeFile(join(folder, "mapping.yaml"), MAPPING);
  for (const file of files) {
    const target = join(folder, "export", basename(file));
    await mkdir(join(folder, "export"), { recursive: true });
    await cp(join(CORPUS, file), target, { recursive: true });
    await chmod(target, 0o755);
  }
}
