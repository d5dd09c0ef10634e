import { compileLong } from "./compile-long.ts";
import { compileRecords } from "./compile-records.ts";
import { compileWide } from "./compile-wide.ts";
import { selectColumns } from "./expressions.ts";
import type { FileEntry } from "./layout.ts";
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
    sql: `INSERT INTO ${table} BY NAME
SELECT
  ${columns.join(",\n  ")}
FROM ${scratch.table}
WHERE propool_bad IS NULL`,
  };
}

/** The whole of a compiled entry as one text. */
export function sqlText(steps: readonly Step[]): string {
  return `${steps.map(({ name, sql }) => `-- ${name}\n${sql};`).join("\n\n")}\n`;
}
