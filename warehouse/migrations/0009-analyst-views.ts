import { type Kysely, sql } from "kysely";
import { ident, text } from "../sql.ts";
import { createTable, type WarehouseMigration } from "./migration.ts";

/** What analysts read: people across sites, scores with their meaning, items, patients, and how fresh each site is. */
export const analystViews: WarehouseMigration = async (db, can) => {
  await createTable(db, can, {
    name: "person_link",
    comment: "People whom linkage tokens found at several sites: one row a site's record",
    key: ["datamartid", "patid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, patid VARCHAR NOT NULL, personid VARCHAR NOT NULL,
      tokens VARCHAR NOT NULL`,
    comments: {
      datamartid: "the site",
      patid: "the site's token of the person",
      personid: "one id for the person at all sites: the first of the records that belong together",
      tokens: "which linkage tokens of this record agreed, such as P3 P4",
    },
  });
  await createTable(db, can, {
    name: "person_review",
    comment: "Pairs of records that may be one person and were not linked",
    key: ["datamartid", "patid", "other_datamartid", "other_patid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, patid VARCHAR NOT NULL, other_datamartid VARCHAR(10) NOT NULL,
      other_patid VARCHAR NOT NULL, tokens VARCHAR NOT NULL, reason VARCHAR NOT NULL`,
    comments: {
      datamartid: "the site of one record",
      patid: "its token of the person",
      other_datamartid: "the site of the other record",
      other_patid: "its token of the person",
      tokens: "which linkage tokens agreed",
      reason: "weak: P1 or P5 alone; several: more than one candidate at a site",
    },
  });
  await sql`ALTER TABLE submission ADD COLUMN created DATE`.execute(db);
  await sql`COMMENT ON COLUMN submission.created IS 'day on which the site sealed it'`.execute(db);
  await sql`COMMENT ON COLUMN submission.datamartid IS 'the site'`.execute(db);
  await sql`ALTER TABLE publication ADD COLUMN linkage VARCHAR`.execute(db);
  await sql`COMMENT ON COLUMN publication.linkage IS 'on or off: whether people were linked'`.execute(
    db,
  );
  for (const view of VIEWS) await createView(db, view);
  for (const [column, comment] of Object.entries(CHANGE_COMMENTS)) {
    await sql
      .raw(`COMMENT ON COLUMN pro_score_change.${ident(column)} IS ${text(comment)}`)
      .execute(db);
  }
};

interface View {
  name: string;
  comment: string;
  /** Column name -> expression and comment, in order. */
  columns: Record<string, [expression: string, comment: string]>;
  from: string;
}

/** Columns may be added at the end; those before stay as they are, so that views of analysts go on working. */
async function createView(db: Kysely<unknown>, view: View): Promise<void> {
  const columns = Object.entries(view.columns);
  const list = columns.map(([name, [expression]]) => `${expression} AS ${ident(name)}`);
  const name = ident(view.name);
  await sql
    .raw(`CREATE OR REPLACE VIEW ${name} AS SELECT ${list.join(",\n  ")}\n${view.from}`)
    .execute(db);
  await sql.raw(`COMMENT ON VIEW ${name} IS ${text(view.comment)}`).execute(db);
  for (const [column, [, comment]] of columns) {
    await sql.raw(`COMMENT ON COLUMN ${name}.${ident(column)} IS ${text(comment)}`).execute(db);
  }
}

const SITE = "the site";
const PATID = "the site's token of the person";
const PERSONID =
  "the person across sites, where linkage found one; else the site's token with the site";
const PRO_SEQ = "the administration";
const INSTRUMENT = "catalogue id, such as phq-9";
const SHIFTED = "shifted as the site's privacy profile says";
const METHOD =
  "PRO_METHOD: PA paper, EC electronic, PH telephone, IV telephone with voice response";
const MODE = "PRO_MODE: SF self, SA self with assistance, PR proxy, PA proxy with assistance";

const person = (table: string) =>
  `coalesce(person_link.personid, ${table}.datamartid || ':' || ${table}.patid)`;
const personJoin = (table: string) => `LEFT JOIN person_link
  ON person_link.datamartid = ${table}.datamartid AND person_link.patid = ${table}.patid`;

const DETAILS = `FROM pro_cm
JOIN pro_cm_detail
  ON pro_cm_detail.datamartid = pro_cm.datamartid AND pro_cm_detail.patid = pro_cm.patid
  AND pro_cm_detail.pro_cm_id = pro_cm.pro_cm_id
LEFT JOIN pro_collection
  ON pro_collection.datamartid = pro_cm_detail.datamartid AND pro_collection.patid = pro_cm_detail.patid
  AND pro_collection.pro_seq = pro_cm_detail.pro_seq
${personJoin("pro_cm")}`;

/** The columns of 0008 as they were, and ours behind them. */
const SCORE_COLUMNS: View["columns"] = {
  datamartid: ["pro_cm.datamartid", SITE],
  patid: ["pro_cm.patid", PATID],
  pro_seq: ["pro_cm_detail.pro_seq", PRO_SEQ],
  instrument: ["pro_cm_detail.instrument", INSTRUMENT],
  score: ["pro_cm_detail.name", "score id, such as total"],
  value: ["pro_cm.pro_response_num", "the score, on the scale named by scale"],
  scale: ["pro_cm_detail.scale", "raw, t, ..."],
  decimals: ["pro_cm_detail.decimals", "decimals of the score's grid"],
  pro_date: ["pro_cm.pro_date", `day of the answers, ${SHIFTED}`],
  method: ["pro_cm.pro_method", METHOD],
  mode: ["pro_cm.pro_mode", MODE],
  origin: ["pro_cm_detail.origin", "reported, computed, linked, narrative"],
  status: [
    "pro_cm_detail.status",
    "of reconciliation: match, mismatch, unverifiable, computed, ...",
  ],
  items_missing: ["pro_cm_detail.items_missing", "items of the score without an answer"],
  confidence: ["pro_cm_detail.confidence", "of the score table or rule, as the catalogue states"],
  reason: ["pro_cm_detail.reason", "why the status is what it is"],
  link: ["pro_cm_detail.link", "linked scores: the crosswalk that made them"],
  standard_error: ["pro_cm_detail.standard_error", "from the score table, same scale"],
  severity: ["pro_cm_detail.severity", "severity band of the value, as the catalogue labels it"],
  direction: ["pro_cm_detail.direction", "what a higher score means: better, worse"],
  mid_low: ["pro_cm_detail.mid_low", "a smaller change is below the minimal important difference"],
  mid_high: ["pro_cm_detail.mid_high", "a change from here on passes it"],
  reference_mean: [
    "pro_cm_detail.reference_mean",
    "mean of the population that the scale was made for",
  ],
  reference_sd: ["pro_cm_detail.reference_sd", "standard deviation of that population"],
  personid: [person("pro_cm"), PERSONID],
  t_score: [
    "CASE WHEN pro_cm_detail.scale = 't' THEN pro_cm.pro_response_num END",
    "the value where the scale is T (mean 50, standard deviation 10 of its reference population)",
  ],
  prorated: [
    "pro_cm_detail.prorated",
    "missing items were replaced by the mean of the answered ones",
  ],
  language: ["pro_collection.language", "BCP 47"],
  channel: ["pro_collection.channel", "portal, tablet, paper, phone, wearable"],
  setting: ["pro_collection.setting", "clinic, home"],
  days_since_index: [
    `pro_cm.pro_date - min(pro_cm.pro_date) OVER (
    PARTITION BY pro_cm.datamartid, pro_cm.patid, pro_cm_detail.instrument)`,
    "days since the person's first score of this instrument at this site",
  ],
};

const CHANGE_COMMENTS: Record<string, string> = {
  datamartid: SITE,
  patid: PATID,
  instrument: INSTRUMENT,
  score: "score id, such as total",
  pro_seq: PRO_SEQ,
  pro_date: `day of the answers, ${SHIFTED}`,
  value: "the score",
  previous_date: "day of the score before it",
  previous_value: "the score before it",
  change: "value less the one before it",
  improvement: "the change, positive where it is for the better",
  passes_mid: "yes, no, between; null where no minimal important difference is known",
  mid_low: "a smaller change is below the minimal important difference",
  mid_high: "a change from here on passes it",
  confidence: "of the score table or rule, as the catalogue states",
};

const VIEWS: View[] = [
  {
    name: "person",
    comment: "One row a site's record of a person, with the person that it belongs to",
    columns: {
      datamartid: ["demographic.datamartid", SITE],
      patid: ["demographic.patid", PATID],
      personid: [person("demographic"), PERSONID],
    },
    from: `FROM demographic\n${personJoin("demographic")}`,
  },
  {
    name: "pro_score",
    comment:
      "One row an administration and score that studies use, measured scores only; value is on the scale named by scale",
    columns: SCORE_COLUMNS,
    from: `${DETAILS}\nWHERE pro_cm_detail.kind = 'score' AND pro_cm_detail.preferred`,
  },
  {
    name: "pro_score_with_linked",
    comment:
      "pro_score and the scores that a crosswalk made of another instrument (origin linked): for groups, not for one person",
    columns: SCORE_COLUMNS,
    from: `${DETAILS}\nWHERE pro_cm_detail.kind = 'score' AND (pro_cm_detail.preferred OR pro_cm_detail.origin = 'linked')`,
  },
  {
    name: "pro_item",
    comment: "One row an administration and item",
    columns: {
      datamartid: ["pro_cm.datamartid", SITE],
      patid: ["pro_cm.patid", PATID],
      personid: [person("pro_cm"), PERSONID],
      pro_seq: ["pro_cm_detail.pro_seq", PRO_SEQ],
      instrument: ["pro_cm_detail.instrument", INSTRUMENT],
      item: ["pro_cm_detail.name", "item id, such as PHQ9_1"],
      value: ["pro_cm.pro_response_num", "the answer as a number"],
      answer: ["pro_cm.pro_response_text", "the answer in the catalogue's words"],
      answer_state: ["pro_cm_detail.answer_state", "answered, skipped, not_shown, not_collected"],
      pro_date: ["pro_cm.pro_date", `day of the answer, ${SHIFTED}`],
      method: ["pro_cm.pro_method", METHOD],
      mode: ["pro_cm.pro_mode", MODE],
      origin: ["pro_cm_detail.origin", "reported, narrative"],
    },
    from: `${DETAILS}\nWHERE pro_cm_detail.kind = 'item' AND pro_cm_detail.preferred`,
  },
  {
    name: "patient_summary",
    comment: "One row a site's record of a person",
    columns: {
      datamartid: ["demographic.datamartid", SITE],
      patid: ["demographic.patid", PATID],
      personid: [person("demographic"), PERSONID],
      sex: ["demographic.sex", "SEX of the CDM"],
      birth_date: ["demographic.birth_date", SHIFTED],
      administrations: ["coalesce(answered.administrations, 0)", "questionnaires answered"],
      instruments: ["coalesce(answered.instruments, 0)", "different instruments answered"],
      first_date: ["answered.first_date", `day of the first one, ${SHIFTED}`],
      last_date: ["answered.last_date", `day of the last one, ${SHIFTED}`],
    },
    from: `FROM demographic
LEFT JOIN (
  SELECT datamartid, patid, count(*) AS administrations, count(DISTINCT instrument) AS instruments,
    min(pro_date) AS first_date, max(pro_date) AS last_date
  FROM pro_collection GROUP BY datamartid, patid
) answered ON answered.datamartid = demographic.datamartid AND answered.patid = demographic.patid
${personJoin("demographic")}`,
  },
  {
    name: "site_freshness",
    comment: "One row a site: what it sent last, when, and how much of it there is",
    columns: {
      datamartid: ["submission.datamartid", SITE],
      sequence: ["submission.sequence", "number of its last submission"],
      created: ["submission.created", "day on which the site sealed it"],
      days_since: ["current_date - submission.created", "days since then"],
      people: [rowsOf("demographic"), "people it sent"],
      administrations: [rowsOf("pro_collection"), "questionnaires it sent"],
      answers: [rowsOf("pro_cm"), "answers and scores it sent"],
    },
    from: "FROM submission",
  },
];

function rowsOf(table: string): string {
  return `(SELECT max(held.row_count) FROM submission_table held
    WHERE held.datamartid = submission.datamartid AND held.table_name = '${table}')`;
}
