import { INTAKE, type IntakeTable, intakeColumns } from "../intake.ts";

/** A value of an intake column; a number is counted in millionths, the grid of `answer_num`. */
export type Cell = string | bigint | boolean | null;

export type IntakeRow<T extends IntakeTable> = { [C in keyof (typeof INTAKE)[T]]?: Cell };

/** Rows by intake table, one array a column in the order of the table's definition. */
export type Columns = Partial<Record<IntakeTable, Cell[][]>>;

/** The rows of one document, collected column by column under its record key. */
export class IntakeRows {
  readonly columns: Columns = {};
  readonly recordKey: bigint;

  constructor(recordKey: bigint) {
    this.recordKey = recordKey;
  }

  add<T extends IntakeTable>(table: T, row: Omit<IntakeRow<T>, "record_key">): void {
    const names = COLUMN_NAMES[table];
    let columns = this.columns[table];
    if (columns === undefined) {
      columns = names.map(() => []);
      this.columns[table] = columns;
    }
    const cells: Record<string, Cell | undefined> = { ...row, record_key: this.recordKey };
    for (const [i, name] of names.entries()) columns[i]?.push(cells[name] ?? null);
  }

  count(table: IntakeTable): number {
    return this.columns[table]?.[0]?.length ?? 0;
  }
}

const TABLES = Object.keys(INTAKE) as IntakeTable[];

const COLUMN_NAMES = Object.fromEntries(
  TABLES.map((table) => [table, intakeColumns(table)]),
) as Record<IntakeTable, string[]>;

/** The record's own row: where it came from and, if it was not simply read, why. */
export function addRecord(
  rows: IntakeRows,
  file: string,
  decision?: { state: "quarantined" | "out_of_scope"; reason: string; pointer?: string | null },
): void {
  rows.add("intake_record", {
    where_file: file,
    where_record: "ClinicalDocument",
    kind: "ClinicalDocument",
    state: decision?.state ?? null,
    reason: decision?.reason ?? null,
    where_pointer: decision?.pointer ?? null,
  });
}
