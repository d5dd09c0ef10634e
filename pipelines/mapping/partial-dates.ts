/** A year, or a year and month, that a calendar could have. */
const PARTIAL = "[12][0-9]{3}(-(0[1-9]|1[0-2]))?";

interface DateColumn {
  table: string;
  column: string;
  /** Mapped table, the source's text and the row's key as the staged table has it. */
  from: string;
  text: string;
  key: string;
  where?: string;
}

const person = { from: "mapped_patient", key: "patient_key" };
const encounter = { from: "mapped_encounter", key: "patient_key || '|' || encounter_key" };
const condition = { from: "mapped_condition", key: "patient_key || '|' || condition_key" };
const procedure = { from: "mapped_procedure", key: "patient_key || '|' || procedure_key" };
const observation = (table: string) => ({
  table,
  from: "mapped_observation",
  key: "obs_key",
  text: "end_at",
  where: `cdm_table = '${table}'`,
});

/** Every date column that may be empty; where the CDM asks for a day, a record without one is set aside. */
const DATES: readonly DateColumn[] = [
  {
    table: "demographic",
    column: "birth_date",
    ...person,
    text: "birth_date",
    where: "withheld IS NULL",
  },
  { table: "death", column: "death_date", ...person, text: "death_date", where: "deceased" },
  { table: "encounter", column: "discharge_date", ...encounter, text: "end_at" },
  { table: "condition", column: "report_date", ...condition, text: "recorded_at" },
  { table: "condition", column: "resolve_date", ...condition, text: "resolved_at" },
  { table: "condition", column: "onset_date", ...condition, text: "onset_at" },
  { table: "procedures", column: "px_date", ...procedure, text: "performed_at" },
  { column: "obsclin_stop_date", ...observation("obs_clin") },
  { column: "obsgen_stop_date", ...observation("obs_gen") },
  {
    table: "pro_request",
    column: "due_date",
    from: "mapped_request",
    key: "request",
    text: "due_at",
  },
];

/** The staged table of dates whose day the source does not know; the column that each stands for is empty. */
export const STAGE_PARTIAL_DATES = `CREATE TABLE cdm_partial_date AS\n${DATES.map(stage).join("\nUNION ALL\n")}`;

function stage({ table, column, from, text, key, where }: DateColumn): string {
  return `    SELECT '${table}' AS table_name, '${column}' AS column_name, ${key} AS row_key, patient_key AS patid, ${text} AS date_value
    FROM ${from} WHERE state = 'loaded' AND length(${text}) IN (4, 7) AND regexp_full_match(${text}, '${PARTIAL}')${where ? ` AND ${where}` : ""}`;
}
