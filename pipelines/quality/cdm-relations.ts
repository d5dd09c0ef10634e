import type { Relation } from "./relation.ts";

/** Relations over the shape of the CDM tables, from the tables that `measureCdm` makes. */
export const CDM_RELATIONS = {
  cdm_table: {
    level: "store",
    row: "a table of the CDM that propool fills",
    key: "name",
    sql: "SELECT * FROM cdm_table",
  },
  cdm_field: {
    level: "store",
    row: "a field of these tables",
    key: "name",
    sql: "SELECT * FROM cdm_field",
  },
  cdm_reference: {
    level: "store",
    row: "a field that refers to a person or a visit",
    key: "name",
    sql: "SELECT * FROM cdm_reference",
  },
  id_length: {
    level: "store",
    row: "an id that several tables share",
    key: "field",
    sql: `SELECT datamartid, field, min(shortest) AS shortest, max(longest) AS longest FROM cdm_field
      WHERE field IN ('PATID', 'ENCOUNTERID', 'PROCEDURESID') AND filled > 0 GROUP BY datamartid, field`,
  },
} as const satisfies Record<string, Relation>;
