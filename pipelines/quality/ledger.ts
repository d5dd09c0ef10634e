import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ProError } from "../core/errors.ts";
import type { Issue } from "../core/issues.ts";
import type { Reasons } from "./reasons.ts";

export const STATES = [
  "loaded",
  "duplicate",
  "superseded",
  "out_of_scope",
  "quarantined",
  "withdrawn",
] as const;
export type State = (typeof STATES)[number];

/** How many were read and where each of them ended. */
export type Ledger = { read: number } & Record<State, number>;

export interface Ledgers {
  /** Source records: FHIR resources, C-CDA documents, CSV rows. */
  records: Ledger;
  /** Answers and reported scores inside them. */
  answers: Ledger;
}

/** One line of the ledger for people: what kind of record, which state, why, how many. */
export interface LedgerLine {
  level: "record" | "answer";
  kind: string;
  state: State;
  reason: string | null;
  count: number;
}

/** What a record may hold. */
const PARTS = [
  ...["patient", "encounter", "condition", "procedure"],
  ...["observation", "request", "administration", "response"],
];

/** A record ends where the best of its parts ends; a quarantined part outranks a copy, because somebody must look at it. */
const RANK = "['loaded', 'withdrawn', 'quarantined', 'superseded', 'duplicate', 'out_of_scope']";

/**
 * Gives every source record its one state: the adapter's own, or that of its parts. A record without parts is out of scope.
 *
 * In: `intake_record`, `mapped_*`. Out: `ledger_record` (intake_record with final state and reason).
 */
export async function settleRecords(db: DuckDb): Promise<void> {
  const parts = PARTS.map((part) => `SELECT record_key, state, reason FROM mapped_${part}`).join(
    " UNION ALL ",
  );
  await db.run(`CREATE TABLE ledger_record AS
    WITH part AS (
      SELECT record_key, arg_min((state, reason), (list_position(${RANK}, state), reason)) AS best
      FROM (${parts}) GROUP BY record_key
    )
    SELECT r.* EXCLUDE (state, reason),
      coalesce(r.state, p.best[1], 'out_of_scope') AS state,
      CASE WHEN r.state IS NOT NULL THEN r.reason WHEN p.record_key IS NULL THEN 'SOURCE_NOTHING_TO_LOAD' ELSE p.best[2] END AS reason
    FROM intake_record r LEFT JOIN part p USING (record_key)
    ORDER BY r.record_key`);
}

/**
 * Adds the ledger up and proves it: every record that was read is in exactly one state, and so is every answer.
 *
 * @throws ProError `QUALITY_LEDGER` on a gap of one.
 */
export async function drawLedgers(db: DuckDb): Promise<{ ledgers: Ledgers; lines: LedgerLine[] }> {
  const lines = await db.all<LedgerLine>(`
    SELECT 'record' AS level, kind, state, reason, CAST(count(*) AS DOUBLE) AS count FROM ledger_record GROUP BY ALL
    UNION ALL
    SELECT 'answer', coalesce(instrument, 'unknown'), state, reason, CAST(count(*) AS DOUBLE) FROM mapped_response GROUP BY ALL
    ORDER BY level DESC, kind, state, reason`);
  const { records, answers } = await db.one<{ records: number; answers: number }>(`
    SELECT (SELECT CAST(count(*) AS DOUBLE) FROM intake_record) AS records,
      (SELECT CAST(count(*) AS DOUBLE) FROM intake_response) + (SELECT CAST(count(*) AS DOUBLE) FROM every_given) AS answers`);
  return {
    ledgers: { records: addUp(lines, "record", records), answers: addUp(lines, "answer", answers) },
    lines,
  };
}

function addUp(lines: LedgerLine[], level: LedgerLine["level"], read: number): Ledger {
  const ledger = { read, ...Object.fromEntries(STATES.map((state) => [state, 0])) } as Ledger;
  for (const line of lines) if (line.level === level) ledger[line.state] += line.count;
  const settled = STATES.reduce((sum, state) => sum + ledger[state], 0);
  if (settled === read) return ledger;
  throw new ProError("QUALITY_LEDGER", `${read} ${level}s were read but ${settled} have a state`, {
    hint: "nothing was published; this is a defect of propool, please report it with the run's log",
  });
}

/** Problems in the data, counted by reason, with the first places of each. */
export async function collectIssues(
  db: DuckDb,
  reasons: Reasons,
  examplesMax: number,
): Promise<Issue[]> {
  const rows = await db.all<{ code: string; count: number; examples: { items: unknown[] } }>(`
    WITH found AS (
      SELECT reason AS code, record_key, where_pointer AS pointer FROM ledger_record WHERE state = 'quarantined'
      UNION ALL
      SELECT r.reason, r.record_key, r.where_pointer FROM mapped_response r WHERE r.state = 'quarantined'
      UNION ALL
      SELECT 'SCORE_MISMATCH', record_key, score FROM mapped_score WHERE status = 'mismatch' AND origin = 'reported'
      UNION ALL
      SELECT withheld, record_key, where_pointer FROM mapped_patient WHERE state = 'loaded' AND withheld IS NOT NULL
      UNION ALL
      SELECT 'MAPPING_PATIENT_DERIVED', record_key, NULL FROM mapped_administration WHERE state = 'loaded' AND patient_origin = 'derived'
      UNION ALL
      SELECT 'MAPPING_SAME_AGAIN', record_key, NULL FROM ledger_record WHERE state = 'duplicate'
    ), one AS (
      -- A record whose only answer is quarantined is quarantined for that answer: one finding, not two.
      SELECT code, record_key, max(pointer) AS pointer, greatest(count(pointer), 1) AS n FROM (SELECT DISTINCT * FROM found) GROUP BY code, record_key
    )
    SELECT o.code, CAST(sum(o.n) AS DOUBLE) AS count,
      list(struct_pack(file := r.where_file, record := r.where_record, pointer := o.pointer) ORDER BY o.record_key)[1:${examplesMax}] AS examples
    FROM one o JOIN intake_record r USING (record_key)
    GROUP BY o.code ORDER BY o.code`);
  return rows.map(({ code, count, examples }) => ({
    code,
    count,
    message: reasons[code]?.message ?? code,
    hint: reasons[code]?.hint ?? "",
    examples: examples.items.map((item) => {
      const { file, record, pointer } = (item as { entries: Record<string, string | null> })
        .entries;
      return {
        file: file ?? undefined,
        record: record ?? undefined,
        pointer: pointer ?? undefined,
      };
    }),
  }));
}
