import { sql } from "kysely";
import { createTable, type NewTable, type WarehouseMigration } from "./migration.ts";

/** What patients measure themselves (OBS_GEN, OBS_CLIN of the CDM) and what they were asked to answer. */
export const observations: WarehouseMigration = async (db, can) => {
  for (const table of TABLES) await createTable(db, can, table);
  await sql`ALTER TABLE pro_collection ADD COLUMN pro_requestid VARCHAR`.execute(db);
  await sql`
    COMMENT ON COLUMN pro_collection.pro_requestid IS
    'row of pro_request that the source says these answers follow'
  `.execute(db);
};

const TABLES: NewTable[] = [
  {
    name: "obs_clin",
    comment: "One row a clinical observation: vital signs, also those measured at home",
    key: ["datamartid", "obsclinid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, obsclinid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, obsclin_providerid VARCHAR, obsclin_start_date DATE NOT NULL,
      obsclin_start_time VARCHAR(5), obsclin_stop_date DATE, obsclin_stop_time VARCHAR(5),
      obsclin_type VARCHAR(2), obsclin_code VARCHAR(18), obsclin_result_qual VARCHAR,
      obsclin_result_text VARCHAR, obsclin_result_snomed VARCHAR(18),
      obsclin_result_num DECIMAL(15,8), obsclin_result_modifier VARCHAR(2),
      obsclin_result_unit VARCHAR, obsclin_source VARCHAR(2), obsclin_abn_ind VARCHAR(2),
      raw_obsclin_name VARCHAR, raw_obsclin_code VARCHAR, raw_obsclin_type VARCHAR,
      raw_obsclin_result VARCHAR, raw_obsclin_modifier VARCHAR, raw_obsclin_unit VARCHAR`,
  },
  {
    name: "obs_gen",
    comment: "One row an observation that has no table of its own: steps, sleep",
    key: ["datamartid", "obsgenid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, obsgenid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, obsgen_providerid VARCHAR, obsgen_start_date DATE NOT NULL,
      obsgen_start_time VARCHAR(5), obsgen_stop_date DATE, obsgen_stop_time VARCHAR(5),
      obsgen_type VARCHAR(30), obsgen_code VARCHAR(50), obsgen_result_qual VARCHAR,
      obsgen_result_text VARCHAR, obsgen_result_num DECIMAL(15,8),
      obsgen_result_modifier VARCHAR(2), obsgen_result_unit VARCHAR,
      obsgen_table_modified VARCHAR(3), obsgen_id_modified VARCHAR, obsgen_source VARCHAR(2),
      obsgen_abn_ind VARCHAR(2), raw_obsgen_name VARCHAR, raw_obsgen_code VARCHAR,
      raw_obsgen_type VARCHAR, raw_obsgen_result VARCHAR, raw_obsgen_unit VARCHAR`,
  },
  {
    name: "pro_request",
    comment:
      "One row an instrument that a person was asked to answer: what response rates divide by",
    key: ["datamartid", "pro_requestid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, pro_requestid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, instrument VARCHAR NOT NULL, kind VARCHAR NOT NULL,
      request_date DATE NOT NULL, request_date_origin VARCHAR NOT NULL, due_date DATE,
      status VARCHAR NOT NULL, channel VARCHAR, channel_origin VARCHAR NOT NULL, pro_seq VARCHAR`,
    comments: {
      pro_requestid: "token of the request and instrument",
      instrument: "catalogue id, such as phq-9",
      kind: "order, task, message: in which form it was asked",
      request_date: "day of the request, shifted as the privacy profile says",
      request_date_origin: "stated, derived, assumed, unknown",
      due_date: "last day for the answers, where the source says one",
      status: "draft, open, completed, cancelled, unknown",
      channel: "portal, tablet, paper, phone, wearable",
      channel_origin: "stated, derived, assumed, unknown",
      pro_seq: "administration that the source names as its outcome; null: it names none",
    },
  },
  {
    name: "obs_collection",
    comment: "One row for each row of obs_gen and obs_clin: how it was measured",
    key: ["datamartid", "obsid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, obsid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      observation VARCHAR NOT NULL, obs_table VARCHAR NOT NULL, device VARCHAR,
      device_origin VARCHAR NOT NULL, channel VARCHAR, channel_origin VARCHAR NOT NULL,
      setting VARCHAR, setting_origin VARCHAR NOT NULL, source_origin VARCHAR NOT NULL`,
    comments: {
      obsid: "the row of obs_gen or obs_clin that this row describes",
      observation: "token of the measurement; ties the rows of its parts together",
      obs_table: "obs_gen, obs_clin",
      device: "kind of device: watch, scale, blood-pressure-monitor, app",
      device_origin: "stated, derived, assumed, unknown",
      channel: "portal, tablet, paper, phone, wearable, device",
      channel_origin: "stated, derived, assumed, unknown",
      setting: "clinic, home",
      setting_origin: "stated, derived, assumed, unknown",
      source_origin: "of OBSGEN_SOURCE or OBSCLIN_SOURCE: stated, derived, assumed, unknown",
    },
  },
];
