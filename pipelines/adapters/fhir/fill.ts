import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { CONSENTS } from "./consent.ts";
import { FORMS } from "./forms.ts";
import { MACROS } from "./macros.ts";
import { DEVICES, MEASUREMENTS, NO_MEASUREMENTS } from "./measurements.ts";
import { OBSERVATIONS } from "./observations.ts";
import { PEOPLE } from "./people.ts";
import { numberResources } from "./records.ts";
import { ASKED_FOR, ASKED_FORMS } from "./requests.ts";
import { RESOURCES, type ResourceType } from "./resources.ts";
import { RESPONSES } from "./responses.ts";
import { SAME_SITTING } from "./same-sitting.ts";

/** Numbers all resources that were read and fills the intake tables from them. */
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
}
