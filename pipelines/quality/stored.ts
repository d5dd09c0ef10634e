import type { DuckDb } from "../../warehouse/duckdb.ts";
import { isPacked, KEY, keyTokenSql, packedSql, partsOf } from "../../warehouse/packed.ts";

/** Who a row is of; null where it says nobody. */
const PERSON = "CASE WHEN patid IS NOT NULL THEN hash(patid) END";

const COLLECTION = `SELECT hash(datamartid, pro_seq) AS seq, ${PERSON} AS person, hash(pro_date, pro_method) AS facts, hash(pro_mode) AS mode
    FROM pro_collection WHERE pro_seq IS NOT NULL`;

/**
 * The rows of PRO_CM beside their detail and their administration, as numbers: this one join of the large tables serves all checks.
 * `described_row` is the view of rows with all columns of both, `stored` what the relations count.
 */
const WHOLE = [
  `CREATE TEMP VIEW described_row AS
  SELECT c.*, d.* EXCLUDE (datamartid, ${KEY}, patid, pro_seq)
  FROM pro_cm c JOIN pro_cm_detail d ON d.datamartid = c.datamartid AND d.${KEY} = c.${KEY}`,

  `CREATE TEMP TABLE stored AS
  WITH given AS (
    SELECT hash(datamartid, ${KEY}) AS row, hash(datamartid, pro_seq) AS seq, hash(datamartid) AS site, ${PERSON} AS person,
      pro_response_num AS number, hash(pro_date, pro_method) AS facts, hash(pro_mode) AS mode
    FROM pro_cm
  ), detail AS (
    SELECT hash(datamartid, ${KEY}) AS row, hash(datamartid, instrument, kind, name, answer_state) AS what, ${PERSON} AS person
    FROM pro_cm_detail WHERE ${KEY} IS NOT NULL
  ), collection AS (
    ${COLLECTION}
  )
  SELECT g.seq, coalesce(d.what, g.site) AS what, g.number, g.row IS NOT NULL AS has_row, d.row IS NOT NULL AS has_detail,
    c.seq IS NOT NULL AS has_collection, g.person = d.person AND g.person = c.person AS same_person, g.facts = c.facts AS same_facts,
    g.mode = c.mode AS same_mode
  FROM given g FULL JOIN detail d USING (row) LEFT JOIN collection c ON c.seq = g.seq`,
];

const PARTS = partsOf("pro_cm", "cdm.");

/** The same of a packed store in which rows and details are paired: two small tables are joined with numbers. */
const PAIRED = [
  `CREATE TEMP VIEW described_row AS SELECT * EXCLUDE (administration, statement) FROM (${packedSql(["pro_cm", "pro_cm_detail"], PARTS)})`,

  `CREATE TEMP TABLE stored AS
  WITH collection AS (
    ${COLLECTION}
  ), given AS (
    SELECT administration, hash(datamartid, pro_seq) AS seq, ${PERSON} AS person, pro_date FROM ${PARTS.administrations}
  ), administration AS (
    SELECT g.administration, g.seq, g.pro_date, c.seq IS NOT NULL AS has_collection, g.person = c.person AS same_person, c.facts, c.mode
    FROM given g LEFT JOIN collection c USING (seq)
  ), statement AS (
    SELECT statement, hash(datamartid, instrument, kind, name, answer_state) AS what, pro_response_num AS number, pro_method, hash(pro_mode) AS mode
    FROM ${PARTS.statements}, (SELECT any_value(datamartid) AS datamartid FROM ${PARTS.administrations})
  )
  SELECT a.seq, s.what, s.number, true AS has_row, true AS has_detail, a.has_collection, a.same_person,
    hash(a.pro_date, s.pro_method) = a.facts AS same_facts, s.mode = a.mode AS same_mode
  FROM ${PARTS.rows} r JOIN administration a USING (administration) JOIN statement s USING (statement)`,
];

/**
 * Whether a packed store proves by its numbers that every row of PRO_CM has one detail and no key is there twice: both tables have the
 * same pairs of numbers (else two sums of 64-bit hashes would agree by chance), administrations have tokens of their own, and the
 * statements of one have places of their own.
 */
const TOKEN = keyTokenSql("a");
const PROOF = `WITH place AS (
    SELECT statement, dense_rank() OVER (ORDER BY place) AS place FROM ${PARTS.statements}
  ), crowded AS (
    -- As many bits as rows: no two of them are in one place. Otherwise they are looked at one by one.
    SELECT administration FROM ${PARTS.rows} JOIN place USING (statement)
    GROUP BY administration HAVING bit_count(bit_or(1::HUGEINT << CAST(place % 120 AS INTEGER))) <> count(*)
  )
  SELECT (SELECT [count(*), sum(CAST(hash(administration, statement) AS HUGEINT))] FROM ${PARTS.rows})
      = (SELECT [count(*), sum(CAST(hash(administration, statement) AS HUGEINT))] FROM ${partsOf("pro_cm_detail", "cdm.").rows})
    AND (SELECT count(DISTINCT hash(${TOKEN})) = count(*) AND count(${TOKEN}) = count(*) AND count(DISTINCT datamartid) = 1 AND count(datamartid) = count(*)
      FROM ${PARTS.administrations} a)
    AND NOT EXISTS (SELECT 1 FROM ${PARTS.rows} JOIN place USING (statement) WHERE administration IN (FROM crowded)
      GROUP BY administration, place HAVING count(*) > 1) AS "isPaired"`;

/** Makes `described_row` and `stored`. In: the CDM tables as views, the source attached as `cdm` where it is a file. */
export async function createStored(db: DuckDb): Promise<void> {
  const isPaired =
    (await isPacked(db, "cdm")) && (await db.one<{ isPaired: boolean }>(PROOF)).isPaired;
  for (const statement of isPaired ? PAIRED : WHOLE) await db.run(statement);
}
