import { createTable, type NewTable, type WarehouseMigration } from "./migration.ts";

/** What the CDM has no column for: how answers were collected, and what each row of pro_cm is. */
export const companion: WarehouseMigration = async (db, can) => {
  for (const table of TABLES) await createTable(db, can, table);
};

const TABLES: NewTable[] = [
  {
    name: "pro_collection",
    comment:
      "One row an administration: how the answers were collected, and where each of these facts comes from",
    key: ["datamartid", "pro_seq"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, pro_seq VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, instrument VARCHAR NOT NULL, instrument_version VARCHAR,
      pro_date DATE NOT NULL, pro_date_origin VARCHAR NOT NULL, pro_time VARCHAR(5),
      completion_status VARCHAR, pro_method VARCHAR(2), pro_method_origin VARCHAR NOT NULL,
      pro_mode VARCHAR(2), pro_mode_origin VARCHAR NOT NULL, pro_cat VARCHAR(2),
      pro_cat_origin VARCHAR NOT NULL, pro_source VARCHAR(2), pro_source_origin VARCHAR NOT NULL,
      language VARCHAR, language_origin VARCHAR NOT NULL, channel VARCHAR,
      channel_origin VARCHAR NOT NULL, setting VARCHAR, setting_origin VARCHAR NOT NULL,
      facility_type VARCHAR, facility_type_origin VARCHAR NOT NULL, responder VARCHAR,
      responder_origin VARCHAR NOT NULL, items_answered INTEGER NOT NULL,
      items_expected INTEGER NOT NULL`,
    comments: {
      pro_seq: "token of the administration; ties the rows of pro_cm together",
      instrument: "catalogue id, such as phq-9",
      pro_date: "day of the answers, shifted as the privacy profile says",
      pro_date_origin: "stated, derived, assumed, unknown",
      pro_time: "HH:MI, null when the source gave a day only",
      completion_status: "complete, incomplete, unknown",
      pro_method_origin: "stated, derived, assumed, unknown",
      pro_mode_origin: "stated, derived, assumed, unknown",
      pro_cat_origin: "stated, derived, assumed, unknown",
      pro_source_origin: "stated, derived, assumed, unknown",
      language: "BCP 47",
      language_origin: "stated, derived, assumed, unknown",
      channel: "portal, tablet, paper, phone, wearable",
      channel_origin: "stated, derived, assumed, unknown",
      setting: "clinic, home",
      setting_origin: "stated, derived, assumed, unknown",
      facility_type: "FACILITY_TYPE of the visit",
      facility_type_origin: "stated, derived, assumed, unknown",
      responder: "patient, proxy, clinician, device",
      responder_origin: "stated, derived, assumed, unknown",
      items_answered: "items with an answer",
      items_expected: "items of the instrument",
    },
  },
  {
    name: "pro_cm_detail",
    comment: "One row for each row of pro_cm: which item or score it is, and how it came about",
    key: ["datamartid", "pro_cm_id"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, pro_cm_id VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      pro_seq VARCHAR NOT NULL, instrument VARCHAR NOT NULL, kind VARCHAR NOT NULL,
      name VARCHAR NOT NULL, origin VARCHAR NOT NULL, status VARCHAR, delta DECIMAL(15,8),
      preferred BOOLEAN NOT NULL, scale VARCHAR, decimals INTEGER, items_missing INTEGER,
      prorated BOOLEAN, standard_error DECIMAL(15,8), confidence VARCHAR, answer_state VARCHAR`,
    comments: {
      pro_cm_id: "the row of pro_cm that this row describes",
      kind: "item or score",
      name: "item id or score id of the catalogue: PHQ9_1, total, gph_t",
      origin: "reported, computed, linked, narrative",
      status:
        "of reconciliation: match, mismatch, unverifiable; computed when the source reported none",
      delta: "reported minus computed",
      preferred:
        "the one score of this name in this administration that studies use; true for items",
      scale: "raw or t",
      decimals: "decimals of the score grid",
      items_missing: "items of the score without an answer",
      prorated: "missing items were replaced by the mean of the answered ones",
      standard_error: "from the score table, same scale",
      confidence: "of the score table or rule, as the catalogue states",
      answer_state: "items: answered, skipped, not_shown, not_collected",
    },
  },
];
