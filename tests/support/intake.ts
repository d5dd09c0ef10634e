import { INTAKE, type IntakeTable, intakeColumns } from "../../pipelines/adapters/intake.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { drawLedgers, type Ledgers, settleRecords } from "../../pipelines/quality/ledger.ts";
import { DuckDb, type Row } from "../../warehouse/duckdb.ts";

export type Cells = Record<string, string | number | boolean | null>;

/** One person answering one questionnaire: a record with its administration and answers; PHQ-9 on 4 March 2024 unless said. */
export interface Administration {
  cells?: Cells;
  /** As intake_response has them; the item's code is an id of the catalogue (PHQ9_1, total) unless item_system says otherwise. */
  answers?: readonly Cells[];
}

/** What a site reads in one case. Keys of persons are the case's own: two cases never meet. */
export interface Case {
  /** Each is one record. Left out: the person p1, born on 1 January 1970. */
  patients?: readonly Cells[];
  encounters?: readonly Cells[];
  conditions?: readonly Cells[];
  procedures?: readonly Cells[];
  administrations?: readonly Administration[];
  /** Persons whom an earlier night brought. */
  known?: readonly string[];
}

/** What became of a case: a line of text each. */
export interface Mapped {
  /** `kind state reason` */
  records: string[];
  /** `table state reason` of patients, encounters, conditions and procedures. */
  people: string[];
  /** `state reason` */
  administrations: string[];
  /** All columns of the administrations. */
  facts: Record<string, unknown>[];
  /** `name value answer_state state reason` */
  answers: string[];
  /** `score origin value status delta preferred`, the last as the word itself. */
  scores: string[];
  /** `score value items_missing prorated standard_error scale` */
  details: string[];
}

export const TODAY = "2024-06-30";
export const LOINC = "http://loinc.org";

/** Answers by number to items that are numbered: `numbers("PHQ9_", [0, 1, null])`; where there is null there is no answer. */
export function numbers(prefix: string, values: readonly (number | null)[]): Cells[] {
  return values.flatMap((value, i) =>
    value === null ? [] : [{ item_code: `${prefix}${i + 1}`, answer_num: value }],
  );
}

/** Maps, scores and settles all cases in one database, proves the ledgers, and tells what became of each. */
export async function mapCases<Title extends string>(
  cases: Record<Title, Case>,
  { directory, ...settings }: { directory?: string; [key: string]: unknown } = {},
): Promise<Record<Title, Mapped> & { ledgers: Ledgers }> {
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    const identity = { site: "TEST", name: "test", network: "TEST", format: "fhir" };
    const site = {
      ...siteSchema.parse({ ...identity, ...settings }),
      ...(directory === undefined ? {} : { directory }),
    } as Site;
    await prepare(db, site, TODAY);
    const owners = await fill(db, cases);
    await mapRecords(db, site);
    await settleRecords(db);
    const { ledgers } = await drawLedgers(db);
    return { ...(await tell(db, owners, Object.keys(cases))), ledgers } as never;
  } finally {
    db.close();
  }
}

const PEOPLE = ["patient", "encounter", "condition", "procedure"] as const;

type Rows = Partial<Record<IntakeTable, Cells[]>>;

/** Returns the case of each record, by record key less one. */
async function fill(db: DuckDb, cases: Record<string, Case>): Promise<string[]> {
  const owners: string[] = [];
  const rows: Rows = {};
  for (const [title, one] of Object.entries(cases)) {
    addCase(rows, one, {
      own: (cells) => ({
        ...cells,
        patient_key: cells.patient_key === null ? null : `${title}/${cells.patient_key ?? "p1"}`,
      }),
      record: (kind) => {
        const key = owners.push(title);
        const place = { where_file: "export", where_record: `line ${key}` };
        add(rows, "intake_record", { record_key: key, ...place, kind });
        return key;
      },
    });
    for (const person of one.known ?? [])
      await db.run("INSERT INTO known_patient VALUES (?)", [`${title}/${person}`]);
  }
  for (const [table, list] of Object.entries(rows)) await insert(db, table as IntakeTable, list);
  return owners;
}

interface Owner {
  /** Makes the keys of persons the case's own. */
  own: (cells: Cells) => Cells;
  /** Adds a record of the case and returns its key. */
  record: (kind: string) => number;
}

function addCase(rows: Rows, one: Case, { own, record }: Owner): void {
  for (const table of PEOPLE) {
    const list = one[`${table}s`] ?? (table === "patient" ? [{ birth_date: "1970-01-01" }] : []);
    for (const row of list)
      add(rows, `intake_${table}`, { record_key: record(table), ...own(row) });
  }
  for (const { cells = {}, answers = [] } of one.administrations ?? []) {
    const key = record("administration");
    add(rows, "intake_administration", administration(key, own(cells)));
    for (const answer of answers) add(rows, "intake_response", response(key, answer));
  }
}

function add(rows: Rows, table: IntakeTable, cells: Cells): void {
  const unknown = Object.keys(cells).filter((name) => !intakeColumns(table).includes(name));
  if (unknown.length > 0) throw new TypeError(`${table} has no ${unknown.join(", ")}`);
  const list = rows[table] ?? [];
  list.push(cells);
  rows[table] = list;
}

function administration(key: number, cells: Cells): Cells {
  return {
    record_key: key,
    administration_key: `${key}`,
    instrument_code: "phq-9",
    instrument_system: "propool",
    answered_at: "2024-03-04",
    ...cells,
  };
}

function response(key: number, cells: Cells): Cells {
  return {
    record_key: key,
    administration_key: `${key}`,
    item_system: "propool",
    origin: "reported",
    ...cells,
  };
}

/** All rows at once, as one JSON text: a statement a row would take most of the time of a test. */
async function insert(db: DuckDb, table: IntakeTable, rows: Cells[]): Promise<void> {
  const types = Object.entries(INTAKE[table]).map(([name, [type]]) => [name, type]);
  const structure = JSON.stringify([Object.fromEntries(types)]);
  await db.run(
    `INSERT INTO ${table} BY NAME SELECT unnest(from_json(?, '${structure}'), max_depth := 2)`,
    [JSON.stringify(rows)],
  );
}

/** A decimal as text without the zeros behind it. */
const plain = (column: string) =>
  `regexp_replace(regexp_replace(CAST(${column} AS VARCHAR), '(\\.[0-9]*?)0+$', '\\1'), '\\.$', '')`;
const score = `score, origin, ${plain("value")}, status, ${plain("delta")}, CASE WHEN preferred THEN 'preferred' END`;
const detail = `score, ${plain("value")}, items_missing, CASE WHEN prorated THEN 'prorated' END, ${plain("standard_error")}, scale`;
const part = (table: string) =>
  `SELECT record_key, row_key, '${table}' AS kind, state, reason FROM mapped_${table}`;

const QUERIES = {
  records: "SELECT record_key, kind, state, reason FROM ledger_record ORDER BY record_key",
  people: `SELECT record_key, kind, state, reason FROM (${PEOPLE.map(part).join(" UNION ALL ")}) ORDER BY record_key, row_key`,
  administrations:
    "SELECT record_key, state, reason FROM mapped_administration ORDER BY record_key",
  answers: `SELECT record_key, name, ${plain("value")}, answer_state, state, reason FROM mapped_response ORDER BY response_key`,
  scores: `SELECT record_key, ${score} FROM mapped_score ORDER BY rowid`,
  details: `SELECT record_key, ${detail} FROM mapped_score ORDER BY rowid`,
} as const;

async function tell(
  db: DuckDb,
  owners: string[],
  titles: string[],
): Promise<Record<string, Mapped>> {
  const told: Record<string, Mapped> = {};
  for (const title of titles)
    told[title] = {
      records: [],
      people: [],
      administrations: [],
      facts: [],
      answers: [],
      scores: [],
      details: [],
    };
  for (const [name, query] of Object.entries(QUERIES)) {
    const reader = await db.connection.runAndReadAll(query);
    for (const [key, ...cells] of reader.getRows()) {
      const line = cells.map((cell) => (cell === null ? "-" : `${cell}`)).join(" ");
      told[owners[Number(key) - 1] ?? ""]?.[name as keyof typeof QUERIES].push(line);
    }
  }
  for (const row of await db.all("SELECT * FROM mapped_administration ORDER BY record_key"))
    told[owners[Number(row.record_key) - 1] ?? ""]?.facts.push(plainCells(row));
  return told;
}

function plainCells(row: Row): Record<string, unknown> {
  const cells = Object.entries(row).map(([name, cell]) => [
    name,
    typeof cell === "bigint" ? Number(cell) : cell,
  ]);
  return Object.fromEntries(cells);
}
