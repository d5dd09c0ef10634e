import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { CONSENTS } from "./consent.ts";
import { FORMS } from "./forms.ts";
import { ITEM_TABLES } from "./items.ts";
import { MACROS } from "./macros.ts";
import { DEVICES, MEASUREMENTS, NO_MEASUREMENTS } from "./measurements.ts";
import { OBSERVATIONS } from "./observations.ts";
import { PEOPLE } from "./people.ts";
import { numberResources } from "./records.ts";
import { ASKED_FOR, ASKED_FORMS } from "./requests.ts";
import { RESOURCES, type ResourceType, resourceTable } from "./resources.ts";
import { RESPONSES } from "./responses.ts";
import { SAME_SITTING } from "./same-sitting.ts";

/** Numbers all resources that were read, fills the intake tables from them, and gives their memory back to the stages that follow. */
export async function fillIntake(db: DuckDb): Promise<void> {
  for (const macro of MACROS) await db.run(`CREATE OR REPLACE TEMP MACRO ${macro}`);
  for (const type of Object.keys(RESOURCES) as ResourceType[]) await numberResources(db, type);
  const { listed } = await db.one<{ listed: bigint }>(
    "SELECT count(*) AS listed FROM observation_code",
  );
  const statements = [
    ...PEOPLE,
    ...CONSENTS,
    ...DEVICES,
    ...ASKED_FORMS,
    ...FORMS,
    ...ASKED_FOR,
    ...RESPONSES,
    ...(listed > 0n ? MEASUREMENTS : NO_MEASUREMENTS),
    ...OBSERVATIONS,
    ...SAME_SITTING,
  ];
  for (const statement of statements) await db.run(statement);
  for (const type of Object.keys(RESOURCES) as ResourceType[]) {
    await db.run(`DROP VIEW ${resourceTable(type)}_numbered`);
    await db.run(`DROP TABLE ${resourceTable(type)}`);
  }
  for (const table of UNFOLDED) await db.run(`DROP TABLE ${table}`);
}

/** Copies of what was read, as large as the export. */
const UNFOLDED = [
  ...Object.keys(ITEM_TABLES),
  ...["fhir_given", "fhir_spot", "fhir_item_said", "fhir_phrase"],
  ...["fhir_survey", "fhir_survey_again", "fhir_survey_grouped"],
];
