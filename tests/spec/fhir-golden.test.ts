import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INTAKE, type IntakeTable } from "../../pipelines/adapters/intake.ts";
import { intakeRows, withFhir } from "../golden/fhir/read-golden.ts";
import { strayAnswers } from "../support/given-answers.ts";

const ROOT = join(import.meta.dirname, "../golden/fhir");

describe.each([
  ["form-codes", "link ids take their codes from the form, at any depth"],
  ["link-ids", "link ids that are LOINC codes need no form"],
  ["observations", "panels with members or components, totals that stand alone"],
  ["bundle", "Bundles, single resources, an empty search"],
  ["versions", "DSTU2, STU3 and R5 in the members in which they differ from R4"],
  ["one-sitting", "responses that arrive again as Observations, older versions, withdrawn answers"],
  ["own-forms", "contained forms, forms known by name, adaptive forms, answers of every type"],
  ["people", "patients, encounters, conditions, procedures"],
])("the export %s (%s)", (name) => {
  it("gives the intake rows that were checked by hand", async () => {
    const path = join(ROOT, name, "export");
    const files = (await readdir(path)).toSorted();
    const codes = [{ code: "q-own", instrument: "phq-9", item: "PHQ9_3" }];
    const tables = await withFhir({ folder: { path, files }, codes }, async (db) => {
      const found: string[] = [];
      for (const table of Object.keys(INTAKE) as IntakeTable[]) {
        const rows = (await intakeRows(db, table)).map((row) => `  ${JSON.stringify(row)}`);
        if (rows.length > 0) found.push(`"${table}": [\n${rows.join(",\n")}\n]`);
      }
      expect(await strayAnswers(db)).toBe(0);
      return found;
    });
    await expect(`{\n${tables.join(",\n")}\n}\n`).toMatchFileSnapshot(
      join(ROOT, name, "expected.json"),
    );
  });
});
