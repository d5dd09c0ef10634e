import { ident } from "../../../warehouse/sql.ts";
import { compileLong } from "./compile-long.ts";
import { compileRecords } from "./compile-records.ts";
import { compileWide } from "./compile-wide.ts";
import { selectColumns, surveyKey, value } from "./expressions.ts";
import type { AdministrationsEntry, FileEntry, LongEntry, WideEntry } from "./layout.ts";
import { type ScratchFile, type Step, statementOf } from "./scratch.ts";
import type { Columns, Source } from "./source.ts";

/** The statements that fill the intake tables from one file; pure, so that a steward can read what will run. */
export function compileFile(entry: FileEntry, scratch: ScratchFile): Step[] {
  // People first: to tell them apart takes room, which DuckDB would make by spilling the records of a large file.
  const people = "person" in entry ? compilePerson(entry, scratch) : [];
  return [...people, ...compileRecords(entry, scratch), ...compileLayout(entry, scratch)];
}

function compileLayout(entry: FileEntry, scratch: ScratchFile): Step[] {
  switch (entry.kind) {
    case "patients":
      return [compileRows(entry, scratch, "intake_patient")];
    case "encounters":
      return [compileRows(entry, scratch, "intake_encounter")];
    case "conditions":
      return [compileRows(entry, scratch, "intake_condition")];
    case "administrations":
      return compileAdministrations(entry, scratch);
    case "wide":
      return compileWide(entry, scratch);
    case "long":
      return compileLong(entry, scratch);
    default: {
      const unknown: never = entry;
      throw new TypeError(`no such kind: ${(unknown as FileEntry).kind}`);
    }
  }
}

/** One row of the file is one row of the intake table. */
function compileRows(entry: FileEntry, scratch: ScratchFile, table: string): Step {
  const columns = [
    `rowid + ${scratch.firstRecordKey} AS record_key`,
    ...selectColumns(entry, entry.columns),
  ];
  return {
    name: `${scratch.file}: ${entry.kind}`,
    isByRow: true,
    sql: `INSERT INTO ${table} BY NAME
SELECT
  ${columns.join(",\n  ")}
FROM ${scratch.table}
WHERE propool_bad IS NULL`,
  };
}

/** One row is one administration; of rows with the same key the last one counts. */
function compileAdministrations(entry: AdministrationsEntry, scratch: ScratchFile): Step[] {
  const { survey_key, ...columns } = entry.columns as Columns & { survey_key: Source };
  const key = value(entry, "survey_key", survey_key);
  const rows = `SELECT
    rowid + ${scratch.firstRecordKey} AS record_key,
    ${surveyKey(key)} AS administration_key,
    ${key} AS source_id,
    ${selectColumns(entry, columns).join(",\n    ")}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL`;
  const origin = columns.answered_at
    ? ",\n  CASE WHEN answered_at IS NOT NULL THEN 'stated' END AS answered_origin"
    : "";
  return [
    {
      name: `${scratch.file}: administrations`,
      sql: `INSERT INTO intake_administration BY NAME
WITH given AS (
  ${rows}
)
SELECT
  *${origin}
FROM given
WHERE administration_key IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY administration_key ORDER BY record_key DESC) = 1
ORDER BY record_key`,
    },
    {
      name: `${scratch.file}: rows without a key, and older rows of a key`,
      sql: `UPDATE intake_record SET
  state = CASE WHEN given.administration_key IS NULL THEN 'quarantined' ELSE 'superseded' END,
  reason = CASE WHEN given.administration_key IS NULL THEN 'MAPPING_NO_KEY' ELSE 'MAPPING_NEWER_VERSION' END
FROM (
  ${rows}
) AS given
WHERE given.record_key = intake_record.record_key
  AND given.record_key NOT IN (SELECT record_key FROM intake_administration)`,
    },
  ];
}

/** What the answers say of their people: one row for each different statement, at the record that makes it first. */
function compilePerson(entry: WideEntry | LongEntry, scratch: ScratchFile): Step[] {
  if (!entry.person) return [];
  const { patient_key } = entry.columns;
  const columns = selectColumns(entry, { patient_key, ...entry.person });
  const names = Object.entries(entry.person).flatMap(([name, source]) => (source ? [name] : []));
  // A later form of the same person may leave out what an earlier one said (REDCap says it once): that contradicts nothing.
  const filled = names.map(
    (name) =>
      `coalesce(${ident(name)}, arg_min(${ident(name)}, key) OVER (PARTITION BY patient_key)) AS ${ident(name)}`,
  );
  return [
    {
      name: `${scratch.file}: people`,
      sql: `INSERT INTO intake_patient BY NAME
WITH stated AS (
  SELECT
    rowid + ${scratch.firstRecordKey} AS key,
    ${columns.join(",\n    ")}
  FROM ${scratch.table}
  WHERE propool_bad IS NULL
),
different AS (
  SELECT min(key) AS key, * EXCLUDE (key)
  FROM stated
  GROUP BY ALL
),
filled AS (
  SELECT
    ${["key", "patient_key", ...filled].join(",\n    ")}
  FROM different
)
SELECT min(key) AS record_key, * EXCLUDE (key)
FROM filled
GROUP BY ALL
ORDER BY record_key`,
    },
  ];
}

/** The whole of a compiled entry as one text. */
export function sqlText(steps: readonly Step[]): string {
  return `${steps.map((step) => `-- ${step.name}\n${statementOf(step)};`).join("\n\n")}\n`;
}
