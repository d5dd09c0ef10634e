import { compileLong } from "./compile-long.ts";
import { compileRecords } from "./compile-records.ts";
import { compileWide } from "./compile-wide.ts";
import { selectColumns } from "./expressions.ts";
import type { FileEntry, LongEntry, WideEntry } from "./layout.ts";
import type { ScratchFile, Step } from "./scratch.ts";

/** The statements that fill the intake tables from one file; pure, so that a steward can read what will run. */
export function compileFile(entry: FileEntry, scratch: ScratchFile): Step[] {
  return [...compileRecords(entry, scratch), ...compileLayout(entry, scratch)];
}

function compileLayout(entry: FileEntry, scratch: ScratchFile): Step[] {
  switch (entry.kind) {
    case "patients":
      return [compileRows(entry, scratch, "intake_patient")];
    case "encounters":
      return [compileRows(entry, scratch, "intake_encounter")];
    case "conditions":
      return [compileRows(entry, scratch, "intake_condition")];
    case "wide":
      return [...compilePerson(entry, scratch), ...compileWide(entry, scratch)];
    case "long":
      return [...compilePerson(entry, scratch), ...compileLong(entry, scratch)];
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
    sql: `INSERT INTO ${table} BY NAME
SELECT
  ${columns.join(",\n  ")}
FROM ${scratch.table}
WHERE propool_bad IS NULL`,
  };
}

/** What the answers say of their people: one row for each different statement, at the record that makes it first. */
function compilePerson(entry: WideEntry | LongEntry, scratch: ScratchFile): Step[] {
  if (!entry.person) return [];
  const { patient_key } = entry.columns;
  const columns = selectColumns(entry, { patient_key, ...entry.person });
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
)
SELECT min(key) AS record_key, * EXCLUDE (key)
FROM stated
GROUP BY ALL
ORDER BY record_key`,
    },
  ];
}

/** The whole of a compiled entry as one text. */
export function sqlText(steps: readonly Step[]): string {
  return `${steps.map(({ name, sql }) => `-- ${name}\n${sql};`).join("\n\n")}\n`;
}
