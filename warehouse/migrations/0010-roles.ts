import { sql } from "kysely";
import type { WarehouseMigration } from "./migration.ts";

/**
 * Two roles without a login, for the accounts of a hub to be put into: `propool_loader` writes rows, `propool_analyst` reads. A database user
 * who may not make roles leaves them out, and an administrator may run these lines later.
 */
export const roles: WarehouseMigration = async (db, can) => {
  if (!can.roles) return;
  await sql.raw(ROLES).execute(db);
  // What analysts ask for first: the scores of an instrument. It is small beside the table.
  await sql`
    CREATE INDEX pro_cm_detail_score ON pro_cm_detail (instrument, name) WHERE kind = 'score'
  `.execute(db);
};

const ROLES = `DO $$
BEGIN
  BEGIN
    CREATE ROLE propool_loader NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  BEGIN
    CREATE ROLE propool_analyst NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO propool_loader, propool_analyst', current_schema());
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO propool_loader', current_schema());
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO propool_analyst', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO propool_loader', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO propool_analyst', current_schema());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'this user may not make roles: propool_loader and propool_analyst were left out';
END $$`;
