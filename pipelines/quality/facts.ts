import { z } from "zod";
import type { DuckDb } from "../../warehouse/duckdb.ts";

/** A count that a refresh leaves behind for the next one to be compared with; never a row of a person. */
export const factSchema = z.strictObject({
  site: z.string().describe("DATAMARTID"),
  kind: z.enum([
    "table",
    "instrument",
    "completion",
    "method",
    "bin",
    "vocabulary",
    "visit_type",
    "month",
    "text",
    "version",
  ]),
  name: z.string(),
  records: z.number().nullish(),
  people: z
    .number()
    .nullish()
    .describe("people; codes of a vocabulary; complete ones of a completion or month"),
  words: z.string().nullish().describe("hashes of wordings, or versions, with blanks between"),
});
export type Fact = z.infer<typeof factSchema>;

/** The facts of the store or warehouse that a session looks at. */
export function storeFacts(session: DuckDb): Promise<Fact[]> {
  const count = (rows = "count(*)", people = "count(DISTINCT patid)") =>
    `CAST(${rows} AS DOUBLE), CAST(${people} AS DOUBLE), NULL`;
  // A row without the code that names its count has none.
  return session.all<Fact>(`SELECT * FROM (SELECT datamartid AS site, 'table' AS kind, name, CAST(records AS DOUBLE) AS records,
      CAST(people AS DOUBLE) AS people, NULL::VARCHAR AS words FROM cdm_table
    UNION ALL SELECT datamartid, 'instrument', instrument, ${count()} FROM pro_collection GROUP BY ALL
    UNION ALL SELECT c.datamartid, 'completion', c.instrument, count(*)::DOUBLE,
      CAST(count(*) FILTER (c.completion_status IS DISTINCT FROM 'incomplete'
        AND NOT (coalesce(s.valued, 0) > 0 AND s.valued + s.not_shown + s.may_lack < c.items_expected AND c.pro_cat IS DISTINCT FROM 'Y')) AS DOUBLE), NULL
      FROM pro_collection c LEFT JOIN sitting s ON s.seq = hash(c.datamartid, c.pro_seq) GROUP BY ALL
    UNION ALL SELECT datamartid, 'method', instrument || ' ' || pro_method, ${count()} FROM pro_collection
      WHERE pro_method NOT IN ('NI', 'UN', 'OT') GROUP BY ALL
    UNION ALL SELECT datamartid, 'bin', instrument || ' ' || score || '|' || bin, n::DOUBLE, NULL, NULL FROM score_bin
    UNION ALL SELECT datamartid, 'vocabulary', 'CONDITION ' || condition_type, ${count("count(*)", "count(DISTINCT condition)")} FROM condition GROUP BY ALL
    UNION ALL SELECT datamartid, 'vocabulary', 'PROCEDURES ' || px_type, ${count("count(*)", "count(DISTINCT px)")} FROM procedures GROUP BY ALL
    UNION ALL SELECT datamartid, 'vocabulary', 'PRO_CM ' || pro_type, ${count("count(*)", "count(DISTINCT pro_code)")} FROM pro_cm GROUP BY ALL
    UNION ALL SELECT datamartid, 'visit_type', 'ENCOUNTER ' || enc_type, ${count()} FROM encounter GROUP BY ALL
    UNION ALL SELECT x.datamartid, 'visit_type', 'PROCEDURES ' || e.enc_type, ${count("count(*)", "count(DISTINCT x.patid)")}
      FROM procedures x JOIN encounter e USING (datamartid, encounterid) GROUP BY ALL
    ) WHERE name IS NOT NULL ORDER BY ALL`);
}

/**
 * Tonight's facts with what holds from before: months add up (a withdrawn administration stays counted in its month), and a
 * wording or version that tonight's export does not mention is remembered.
 */
export function carryOver(before: readonly Fact[], tonight: readonly Fact[]): Fact[] {
  const facts = new Map<string, Fact>();
  const carried = before.filter(({ kind }) => ["month", "text", "version"].includes(kind));
  for (const fact of [...carried, ...tonight]) {
    const key = `${fact.kind} ${fact.name}`;
    const earlier = facts.get(key);
    const isSum = fact.kind === "month" && earlier !== undefined;
    facts.set(key, isSum ? { ...fact, ...sums(earlier, fact) } : fact);
  }
  return [...facts.values()];
}

function sums(a: Fact, b: Fact): Pick<Fact, "records" | "people"> {
  return {
    records: (a.records ?? 0) + (b.records ?? 0),
    people: (a.people ?? 0) + (b.people ?? 0),
  };
}

/** A code under which answers stood and that nobody has mapped. */
export interface UnmappedCode {
  code: string;
  system: string | null;
  instrument: string | null;
  count: number;
}

/** Unmapped codes that a refresh remembers. */
const CODES_MAX = 25;

/**
 * The facts that only a night can tell: wordings (as hashes), versions, and the real months of the administrations that are new
 * to the store, for which `isNew` is SQL over `mapped_administration a`.
 */
export function nightFacts(night: DuckDb, isNew: string): Promise<Fact[]> {
  // A field that holds something else on every row is no wording of an item.
  return night.all<Fact>(`WITH said AS (
      SELECT s.judged, p.item_text FROM (SELECT DISTINCT judged, phrase FROM placed_response) s JOIN intake_phrase p USING (phrase)
      UNION ALL
      SELECT r.judged, i.item_text FROM placed_response r JOIN stated_response i USING (response_key)
    ), wording AS (
      SELECT DISTINCT j.instrument, j.name, s.item_text FROM said s JOIN judged_statement j USING (judged)
      WHERE j.kind = 'item' AND j.name IS NOT NULL AND s.item_text IS NOT NULL
    )
    SELECT getvariable('datamartid') AS site, 'text' AS kind, instrument || ' ' || name AS name,
      NULL::DOUBLE AS records, NULL::DOUBLE AS people, array_to_string(list_sort(list(DISTINCT left(sha256(lower(trim(item_text))), 12))), ' ') AS words
    FROM wording GROUP BY instrument, name HAVING count(*) <= 20
    UNION ALL
    SELECT getvariable('datamartid'), 'version', instrument, NULL, NULL,
      array_to_string(list_sort(list(DISTINCT replace(left(instrument_version, 20), ' ', '_'))), ' ')
    FROM mapped_administration WHERE state = 'loaded' AND instrument_version IS NOT NULL GROUP BY instrument HAVING count(DISTINCT instrument_version) <= 20
    UNION ALL
    SELECT getvariable('datamartid'), 'month', a.instrument || ' ' || strftime(a.pro_date, '%Y-%m'), count(*)::DOUBLE,
      CAST(count(*) FILTER (a.completion <> 'incomplete'
        AND (a.items_answered = 0 OR a.items_answered + coalesce(o.items, 0) - coalesce(g.answered, 0) >= a.items_expected)) AS DOUBLE), NULL
    FROM mapped_administration a
    LEFT JOIN (SELECT instrument, count(*) AS items FROM catalogue_item WHERE optional GROUP BY instrument) o USING (instrument)
    LEFT JOIN (
      SELECT r.administration_key, count(*) AS answered FROM mapped_response r JOIN catalogue_item i ON i.instrument = r.instrument AND i.item = r.name
      WHERE i.optional AND r.kind = 'item' AND r.state = 'loaded' AND r.value IS NOT NULL GROUP BY r.administration_key
    ) g USING (administration_key)
    WHERE a.state = 'loaded' AND ${isNew} GROUP BY a.instrument, strftime(a.pro_date, '%Y-%m')
    ORDER BY ALL`);
}

/** The codes of tonight's answers that nobody has mapped, most frequent first. */
export function unmappedCodes(night: DuckDb): Promise<UnmappedCode[]> {
  return night.all<UnmappedCode>(`SELECT r.item_code AS code, any_value(r.item_system) AS system, any_value(m.instrument) AS instrument,
      CAST(count(*) AS DOUBLE) AS count
    FROM mapped_response m JOIN said r USING (said)
    WHERE m.reason IN ('MAPPING_UNMAPPED_CODE', 'MAPPING_INSTRUMENT_UNKNOWN') AND r.item_code IS NOT NULL
    GROUP BY r.item_code ORDER BY count DESC, code LIMIT ${CODES_MAX}`);
}
