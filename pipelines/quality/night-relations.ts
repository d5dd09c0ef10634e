import type { Relation } from "./relation.ts";

const place = "r.where_file || ' ' || r.where_record";

/** A time with seconds, in the source's own zone; null for anything coarser. */
const instant = (column: string) => `CASE WHEN length(${column}) >= 19 THEN
          coalesce(epoch(TRY_CAST(${column} AS TIMESTAMPTZ)), epoch(TRY_CAST(${column} AS TIMESTAMP))) END`;

/**
 * Relations over a night's identified tables: what was refused, the source's own dates before they are shifted, its own words. A
 * failing row is named by its place in the export; `datamartid` comes from the run.
 */
export const NIGHT_RELATIONS = {
  read_answer: {
    level: "night",
    row: "an answer or reported score of tonight's export",
    key: "place",
    counted: `SELECT getvariable('datamartid') AS datamartid, state, reason, kind, count(*) AS alike FROM mapped_response GROUP BY ALL`,
    sql: `SELECT getvariable('datamartid') AS datamartid, m.state, m.reason, m.kind,
        ${place} || coalesce(' ' || m.where_pointer, '') AS place
      FROM mapped_response m JOIN intake_record r USING (record_key)`,
  },
  read_record: {
    level: "night",
    row: "a record of tonight's export",
    key: "place",
    sql: `SELECT getvariable('datamartid') AS datamartid, r.state, r.reason, r.kind, ${place} AS place FROM ledger_record r`,
  },
  read_patient: {
    level: "night",
    row: "a person of tonight's export",
    key: "place",
    sql: `SELECT getvariable('datamartid') AS datamartid, m.state, m.withheld, m.born, ${place} AS place
      FROM mapped_patient m JOIN intake_record r USING (record_key)`,
  },
  read_administration: {
    level: "night",
    row: "a questionnaire of tonight's export",
    key: "place",
    sql: `SELECT getvariable('datamartid') AS datamartid, m.state, m.reason, m.instrument, m.pro_date, m.pro_time, m.items_answered,
        ${instant("m.answered")} - ${instant("m.started_at")} AS seconds, ${place} AS place
      FROM mapped_administration m JOIN intake_record r USING (record_key)`,
  },
  read_date: {
    level: "night",
    row: "a date of a record that loads, as the source gave it",
    key: "place",
    sql: `SELECT getvariable('datamartid') AS datamartid, d.field, d.day, d.field || ' ' || ${place} AS place FROM (
        SELECT record_key, 'ENCOUNTER.ADMIT_DATE' AS field, admitted AS day FROM mapped_encounter WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'ENCOUNTER.DISCHARGE_DATE', discharged FROM mapped_encounter WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'CONDITION.ONSET_DATE', onset FROM mapped_condition WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'CONDITION.REPORT_DATE', recorded FROM mapped_condition WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'CONDITION.RESOLVE_DATE', resolved FROM mapped_condition WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'PROCEDURES.PX_DATE', performed FROM mapped_procedure WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'DEMOGRAPHIC.BIRTH_DATE', born FROM mapped_patient WHERE state = 'loaded' AND withheld IS NULL
        UNION ALL SELECT record_key, 'DEATH.DEATH_DATE', died FROM mapped_patient WHERE state = 'loaded'
        UNION ALL SELECT record_key, 'PRO_CM.PRO_DATE', pro_date FROM mapped_administration WHERE state = 'loaded'
      ) d JOIN intake_record r USING (record_key) WHERE d.day IS NOT NULL`,
  },
} as const satisfies Record<string, Relation>;
