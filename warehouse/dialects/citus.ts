import { type Kysely, sql } from "kysely";
import { incoming } from "../merge.ts";
import { TABLE_NAMES, tableShape } from "../schema.ts";
import { ident, text } from "../sql.ts";

/** Citus is PostgreSQL whose tables are spread over machines; it is known by its extension. */
export async function hasCitus(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM pg_extension WHERE extname = 'citus'`.execute(db);
  return rows.length > 0;
}

/**
 * Spreads every table of people by `patid`, co-located, so that all rows of a person lie on one machine; small tables are on all of
 * them. Tables that are spread already stay as they are.
 */
export async function distributeTables(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT logicalrelid::text AS name FROM pg_dist_partition
  `.execute(db);
  const spread = new Set(rows.map(({ name }) => name.replaceAll('"', "")));
  const [first = "demographic"] = TABLE_NAMES;
  for (const table of [...TABLE_NAMES, ...PEOPLE].filter((name) => !spread.has(name))) {
    const isOfPeople = PEOPLE.includes(table) || "patid" in tableShape(table as never).columns;
    const colocated = table === first ? "" : `, colocate_with => ${text(first)}`;
    const call = isOfPeople
      ? `create_distributed_table(${text(ident(table))}, 'patid'${colocated})`
      : `create_reference_table(${text(ident(table))})`;
    await sql.raw(`SELECT ${call}`).execute(db);
  }
  for (const table of SMALL.filter((name) => !spread.has(name)))
    await sql.raw(`SELECT create_reference_table(${text(table)})`).execute(db);
}

const PEOPLE = ["person_link"];
const SMALL = ["person_review", "submission", "submission_table", "publication"];

/** How a staging table is spread, so that merging joins rows on the machine on which they lie. */
export function distributeStaging(table: (typeof TABLE_NAMES)[number]): string {
  const name = text(ident(incoming(table)));
  return "patid" in tableShape(table).columns
    ? `SELECT create_distributed_table(${name}, 'patid', colocate_with => 'demographic')`
    : `SELECT create_reference_table(${name})`;
}
