import { INTAKE } from "../intake.ts";

/** What tells copies and versions of documents apart; a table of the adapter's own, beside the intake tables. */
const DOCUMENT = {
  ccda_document: {
    record_key: ["BIGINT", ""],
    patient_key: ["VARCHAR", ""],
    document_id: ["VARCHAR", ""],
    set_id: ["VARCHAR", ""],
    version: ["BIGINT", ""],
    written_at: ["VARCHAR", "ISO"],
    replaces: ["VARCHAR", "ids of the documents it replaces, one a line"],
    hash: ["VARCHAR", "SHA-256 of the file"],
  },
} as const;
export const TABLES = { ...INTAKE, ...DOCUMENT };
export type Table = keyof typeof TABLES;

/** A value of an intake column; a number is counted in millionths, the grid of `answer_num`. */
export type Cell = string | bigint | boolean | null;

export type IntakeRow<T extends Table> = { [C in keyof (typeof TABLES)[T]]?: Cell };

/** Rows by intake table, one array a column in the order of the table's definition. */
export type Columns = Partial<Record<Table, Cell[][]>>;

/** The rows of one document, collected column by column under its record key. */
export class IntakeRows {
  readonly columns: Columns = {};
  readonly recordKey: bigint;

  constructor(recordKey: bigint) {
    this.recordKey = recordKey;
  }

  add<T extends Table>(table: T, row: Omit<IntakeRow<T>, "record_key">): void {
    const names = COLUMN_NAMES[table];
    let columns = this.columns[table];
    if (columns === undefined) {
      columns = names.map(() => []);
      this.columns[table] = columns;
    }
    const cells: Record<string, Cell | undefined> = { ...row, record_key: this.recordKey };
    for (const [i, name] of names.entries()) columns[i]?.push(cells[name] ?? null);
  }

  count(table: Table): number {
    return this.columns[table]?.[0]?.length ?? 0;
  }
}

const COLUMN_NAMES = Object.fromEntries(
  Object.entries(TABLES).map(([table, columns]) => [table, Object.keys(columns)]),
) as Record<Table, string[]>;

/** Where a document stands: a file, or an entry of a package. */
export interface DocumentPlace {
  /** Relative to the export folder. */
  file: string;
  /** Name of the entry of a package. */
  record?: string | undefined;
}

export interface Decision {
  state: "quarantined" | "out_of_scope";
  reason: string;
  pointer?: string | null;
}

/** The record's own row: where it came from and, if it was not simply read, why. */
export function addRecord(
  rows: IntakeRows,
  { file, record = "ClinicalDocument" }: DocumentPlace,
  decision?: Decision,
  kind = "ClinicalDocument",
): void {
  rows.add("intake_record", {
    where_file: file,
    where_record: record,
    kind,
    state: decision?.state ?? null,
    reason: decision?.reason ?? null,
    where_pointer: decision?.pointer ?? null,
  });
}
