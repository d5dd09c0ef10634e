import { sql } from "kysely";
import type { WarehouseMigration } from "./migration.ts";

/** How the person of an administration is known, and the specialty of its visit. */
export const collectionOrigins: WarehouseMigration = async (db) => {
  for (const [column, comment] of Object.entries(COLUMNS)) {
    await sql.raw(`ALTER TABLE pro_collection ADD COLUMN ${column} VARCHAR`).execute(db);
    await sql.raw(`COMMENT ON COLUMN pro_collection.${column} IS '${comment}'`).execute(db);
  }
};

const COLUMNS = {
  patid_origin: "stated, or derived: the person is known as who answered",
  specialty: "code of the specialty of the visit or its practitioner, as the source has it",
  specialty_origin: "stated, derived, assumed, unknown",
};
