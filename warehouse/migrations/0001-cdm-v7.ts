import { createTable, type NewTable, type WarehouseMigration } from "./migration.ts";

/** The tables of the PCORnet CDM v7.0 that propool fills, each with the site in front. */
export const cdmV7: WarehouseMigration = async (db, can) => {
  for (const table of TABLES) await createTable(db, can, table);
};

const TABLES: NewTable[] = [
  {
    name: "demographic",
    comment: "One row a person",
    key: ["datamartid", "patid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, patid VARCHAR NOT NULL, birth_date DATE,
      birth_time VARCHAR(5), sex VARCHAR(2), sexual_orientation VARCHAR(2),
      gender_identity VARCHAR(2), hispanic VARCHAR(2), race VARCHAR(2), race_eth_missing VARCHAR(2),
      race_eth_ai_an VARCHAR(1), race_eth_asian VARCHAR(1), race_eth_black VARCHAR(1),
      race_eth_hispanic VARCHAR(1), race_eth_me_na VARCHAR(1), race_eth_nh_pi VARCHAR(1),
      race_eth_white VARCHAR(1), biobank_flag VARCHAR(1), pat_pref_language_spoken VARCHAR(3),
      raw_sex VARCHAR, raw_sexual_orientation VARCHAR, raw_gender_identity VARCHAR,
      raw_hispanic VARCHAR, raw_race VARCHAR, raw_pat_pref_language_spoken VARCHAR`,
  },
  {
    name: "encounter",
    comment: "One row a visit or stay",
    key: ["datamartid", "encounterid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, encounterid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      admit_date DATE NOT NULL, admit_time VARCHAR(5), discharge_date DATE,
      discharge_time VARCHAR(5), providerid VARCHAR, facility_location VARCHAR(5),
      enc_type VARCHAR(2) NOT NULL, facilityid VARCHAR, discharge_disposition VARCHAR(2),
      discharge_status VARCHAR(2), drg VARCHAR(3), drg_type VARCHAR(2), admitting_source VARCHAR(2),
      payer_type_primary VARCHAR(5), payer_type_secondary VARCHAR(5), facility_type VARCHAR,
      raw_siteid VARCHAR, raw_enc_type VARCHAR, raw_discharge_disposition VARCHAR,
      raw_discharge_status VARCHAR, raw_drg_type VARCHAR, raw_admitting_source VARCHAR,
      raw_facility_type VARCHAR, raw_payer_type_primary VARCHAR, raw_payer_name_primary VARCHAR,
      raw_payer_id_primary VARCHAR, raw_payer_type_secondary VARCHAR,
      raw_payer_name_secondary VARCHAR, raw_payer_id_secondary VARCHAR`,
  },
  {
    name: "condition",
    comment: "One row a condition of a person, coded",
    key: ["datamartid", "conditionid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, conditionid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, report_date DATE, resolve_date DATE, onset_date DATE,
      condition_status VARCHAR(2), condition VARCHAR(18) NOT NULL,
      condition_type VARCHAR(2) NOT NULL, condition_source VARCHAR(2) NOT NULL,
      raw_condition_status VARCHAR, raw_condition VARCHAR, raw_condition_type VARCHAR,
      raw_condition_source VARCHAR`,
  },
  {
    name: "procedures",
    comment: "One row a procedure, coded",
    key: ["datamartid", "proceduresid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, proceduresid VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, enc_type VARCHAR(2), admit_date DATE, providerid VARCHAR, px_date DATE,
      px VARCHAR(11) NOT NULL, px_type VARCHAR(2) NOT NULL, px_source VARCHAR(2), ppx VARCHAR(2),
      raw_px VARCHAR, raw_px_type VARCHAR, raw_ppx VARCHAR`,
  },
  {
    name: "pro_cm",
    comment: "One row an answer or score that a patient reported",
    key: ["datamartid", "pro_cm_id"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, pro_cm_id VARCHAR NOT NULL, patid VARCHAR NOT NULL,
      encounterid VARCHAR, pro_date DATE NOT NULL, pro_time VARCHAR(5), pro_type VARCHAR(2),
      pro_name VARCHAR, pro_code VARCHAR(50), pro_response_text VARCHAR,
      pro_response_num DECIMAL(15,8), pro_method VARCHAR(2), pro_mode VARCHAR(2),
      pro_cat VARCHAR(2), pro_source VARCHAR(2), pro_version VARCHAR, pro_seq VARCHAR,
      pro_fullname VARCHAR, pro_text VARCHAR`,
  },
  {
    name: "death",
    comment: "One row a death and its source",
    key: ["datamartid", "patid", "death_source"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, patid VARCHAR NOT NULL, death_date DATE,
      death_date_impute VARCHAR(2), death_source VARCHAR(2) NOT NULL,
      death_match_confidence VARCHAR(2)`,
  },
  {
    name: "hash_token",
    comment: "Linkage tokens of a person",
    key: ["datamartid", "patid", "token_encryption_key"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, patid VARCHAR NOT NULL, token_01 VARCHAR, token_02 VARCHAR,
      token_03 VARCHAR, token_04 VARCHAR, token_05 VARCHAR, token_06 VARCHAR, token_07 VARCHAR,
      token_08 VARCHAR, token_09 VARCHAR, token_12 VARCHAR, token_14 VARCHAR, token_15 VARCHAR,
      token_16 VARCHAR, token_17 VARCHAR, token_18 VARCHAR, token_23 VARCHAR, token_24 VARCHAR,
      token_25 VARCHAR, token_26 VARCHAR, token_29 VARCHAR, token_30 VARCHAR, token_101 VARCHAR,
      token_102 VARCHAR, token_103 VARCHAR, token_104 VARCHAR, token_105 VARCHAR, token_106 VARCHAR,
      token_107 VARCHAR, token_108 VARCHAR, token_109 VARCHAR, token_110 VARCHAR, token_111 VARCHAR,
      token_encryption_key VARCHAR NOT NULL`,
  },
  {
    name: "harvest",
    comment: "One row a site: what its data are and how its dates were treated",
    key: ["datamartid", "networkid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, networkid VARCHAR(10) NOT NULL, network_name VARCHAR(20),
      datamart_name VARCHAR(20), datamart_platform VARCHAR(2), cdm_version VARCHAR(3),
      datamart_claims VARCHAR(2), datamart_ehr VARCHAR(2), birth_date_mgmt VARCHAR(2),
      enr_start_date_mgmt VARCHAR(2), enr_end_date_mgmt VARCHAR(2), admit_date_mgmt VARCHAR(2),
      discharge_date_mgmt VARCHAR(2), dx_date_mgmt VARCHAR(2), px_date_mgmt VARCHAR(2),
      rx_order_date_mgmt VARCHAR(2), rx_start_date_mgmt VARCHAR(2), rx_end_date_mgmt VARCHAR(2),
      dispense_date_mgmt VARCHAR(2), lab_order_date_mgmt VARCHAR(2), specimen_date_mgmt VARCHAR(2),
      result_date_mgmt VARCHAR(2), measure_date_mgmt VARCHAR(2), onset_date_mgmt VARCHAR(2),
      report_date_mgmt VARCHAR(2), resolve_date_mgmt VARCHAR(2), pro_date_mgmt VARCHAR(2),
      death_date_mgmt VARCHAR(2), medadmin_start_date_mgmt VARCHAR(2),
      medadmin_stop_date_mgmt VARCHAR(2), obsclin_start_date_mgmt VARCHAR(2),
      obsclin_stop_date_mgmt VARCHAR(2), obsgen_start_date_mgmt VARCHAR(2),
      obsgen_stop_date_mgmt VARCHAR(2), address_period_start_mgmt VARCHAR(2),
      address_period_end_mgmt VARCHAR(2), vx_record_date_mgmt VARCHAR(2),
      vx_admin_date_mgmt VARCHAR(2), vx_exp_date_mgmt VARCHAR(2), refresh_demographic_date DATE,
      refresh_enrollment_date DATE, refresh_encounter_date DATE, refresh_diagnosis_date DATE,
      refresh_procedures_date DATE, refresh_vital_date DATE, refresh_dispensing_date DATE,
      refresh_lab_result_cm_date DATE, refresh_condition_date DATE, refresh_pro_cm_date DATE,
      refresh_prescribing_date DATE, refresh_pcornet_trial_date DATE, refresh_death_date DATE,
      refresh_death_cause_date DATE, refresh_med_admin_date DATE, refresh_obs_clin_date DATE,
      refresh_provider_date DATE, refresh_obs_gen_date DATE, refresh_hash_token_date DATE,
      refresh_lds_address_hx_date DATE, refresh_immunization_date DATE`,
  },
];
