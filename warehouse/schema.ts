// Generated from mappings/cdm by warehouse/generate-schema.ts (npm run schema). Do not edit.

export interface ColumnShape {
  type: "text" | "date" | "number" | "integer" | "boolean";
  /** Longest text in characters; null: no limit. */
  length: number | null;
  /** Digits in all and after the point, of a number. */
  precision: number | null;
  scale: number | null;
  required: boolean;
  /** `table.column` that a value must exist in, where the CDM says so. */
  references: string | null;
  /** Name in mappings/cdm/value_sets.csv. */
  valueSet: string | null;
}

export interface TableShape {
  /** Columns that identify a row, the site first. */
  key: readonly string[];
  /** In the order of the table. */
  columns: Readonly<Record<string, ColumnShape>>;
}

export interface DemographicTable {
  datamartid: string;
  patid: string;
  birth_date: string | null;
  birth_time: string | null;
  sex: string | null;
  sexual_orientation: string | null;
  gender_identity: string | null;
  hispanic: string | null;
  race: string | null;
  race_eth_missing: string | null;
  race_eth_ai_an: string | null;
  race_eth_asian: string | null;
  race_eth_black: string | null;
  race_eth_hispanic: string | null;
  race_eth_me_na: string | null;
  race_eth_nh_pi: string | null;
  race_eth_white: string | null;
  biobank_flag: string | null;
  pat_pref_language_spoken: string | null;
  raw_sex: string | null;
  raw_sexual_orientation: string | null;
  raw_gender_identity: string | null;
  raw_hispanic: string | null;
  raw_race: string | null;
  raw_pat_pref_language_spoken: string | null;
}

export interface EncounterTable {
  datamartid: string;
  encounterid: string;
  patid: string;
  admit_date: string;
  admit_time: string | null;
  discharge_date: string | null;
  discharge_time: string | null;
  providerid: string | null;
  facility_location: string | null;
  enc_type: string;
  facilityid: string | null;
  discharge_disposition: string | null;
  discharge_status: string | null;
  drg: string | null;
  drg_type: string | null;
  admitting_source: string | null;
  payer_type_primary: string | null;
  payer_type_secondary: string | null;
  facility_type: string | null;
  raw_siteid: string | null;
  raw_enc_type: string | null;
  raw_discharge_disposition: string | null;
  raw_discharge_status: string | null;
  raw_drg_type: string | null;
  raw_admitting_source: string | null;
  raw_facility_type: string | null;
  raw_payer_type_primary: string | null;
  raw_payer_name_primary: string | null;
  raw_payer_id_primary: string | null;
  raw_payer_type_secondary: string | null;
  raw_payer_name_secondary: string | null;
  raw_payer_id_secondary: string | null;
}

export interface ConditionTable {
  datamartid: string;
  conditionid: string;
  patid: string;
  encounterid: string | null;
  report_date: string | null;
  resolve_date: string | null;
  onset_date: string | null;
  condition_status: string | null;
  condition: string;
  condition_type: string;
  condition_source: string;
  raw_condition_status: string | null;
  raw_condition: string | null;
  raw_condition_type: string | null;
  raw_condition_source: string | null;
}

export interface ProceduresTable {
  datamartid: string;
  proceduresid: string;
  patid: string;
  encounterid: string | null;
  enc_type: string | null;
  admit_date: string | null;
  providerid: string | null;
  px_date: string | null;
  px: string;
  px_type: string;
  px_source: string | null;
  ppx: string | null;
  raw_px: string | null;
  raw_px_type: string | null;
  raw_ppx: string | null;
}

export interface ProCmTable {
  datamartid: string;
  pro_cm_id: string;
  patid: string;
  encounterid: string | null;
  pro_date: string;
  pro_time: string | null;
  pro_type: string | null;
  pro_name: string | null;
  pro_code: string | null;
  pro_response_text: string | null;
  pro_response_num: string | null;
  pro_method: string | null;
  pro_mode: string | null;
  pro_cat: string | null;
  pro_source: string | null;
  pro_version: string | null;
  pro_seq: string | null;
  pro_fullname: string | null;
  pro_text: string | null;
}

export interface DeathTable {
  datamartid: string;
  patid: string;
  death_date: string | null;
  death_date_impute: string | null;
  death_source: string;
  death_match_confidence: string | null;
}

export interface HashTokenTable {
  datamartid: string;
  patid: string;
  token_01: string | null;
  token_02: string | null;
  token_03: string | null;
  token_04: string | null;
  token_05: string | null;
  token_06: string | null;
  token_07: string | null;
  token_08: string | null;
  token_09: string | null;
  token_12: string | null;
  token_14: string | null;
  token_15: string | null;
  token_16: string | null;
  token_17: string | null;
  token_18: string | null;
  token_23: string | null;
  token_24: string | null;
  token_25: string | null;
  token_26: string | null;
  token_29: string | null;
  token_30: string | null;
  token_101: string | null;
  token_102: string | null;
  token_103: string | null;
  token_104: string | null;
  token_105: string | null;
  token_106: string | null;
  token_107: string | null;
  token_108: string | null;
  token_109: string | null;
  token_110: string | null;
  token_111: string | null;
  token_encryption_key: string;
}

export interface ObsClinTable {
  datamartid: string;
  obsclinid: string;
  patid: string;
  encounterid: string | null;
  obsclin_providerid: string | null;
  obsclin_start_date: string;
  obsclin_start_time: string | null;
  obsclin_stop_date: string | null;
  obsclin_stop_time: string | null;
  obsclin_type: string | null;
  obsclin_code: string | null;
  obsclin_result_qual: string | null;
  obsclin_result_text: string | null;
  obsclin_result_snomed: string | null;
  obsclin_result_num: string | null;
  obsclin_result_modifier: string | null;
  obsclin_result_unit: string | null;
  obsclin_source: string | null;
  obsclin_abn_ind: string | null;
  raw_obsclin_name: string | null;
  raw_obsclin_code: string | null;
  raw_obsclin_type: string | null;
  raw_obsclin_result: string | null;
  raw_obsclin_modifier: string | null;
  raw_obsclin_unit: string | null;
}

export interface ObsGenTable {
  datamartid: string;
  obsgenid: string;
  patid: string;
  encounterid: string | null;
  obsgen_providerid: string | null;
  obsgen_start_date: string;
  obsgen_start_time: string | null;
  obsgen_stop_date: string | null;
  obsgen_stop_time: string | null;
  obsgen_type: string | null;
  obsgen_code: string | null;
  obsgen_result_qual: string | null;
  obsgen_result_text: string | null;
  obsgen_result_num: string | null;
  obsgen_result_modifier: string | null;
  obsgen_result_unit: string | null;
  obsgen_table_modified: string | null;
  obsgen_id_modified: string | null;
  obsgen_source: string | null;
  obsgen_abn_ind: string | null;
  raw_obsgen_name: string | null;
  raw_obsgen_code: string | null;
  raw_obsgen_type: string | null;
  raw_obsgen_result: string | null;
  raw_obsgen_unit: string | null;
}

export interface HarvestTable {
  datamartid: string;
  networkid: string;
  network_name: string | null;
  datamart_name: string | null;
  datamart_platform: string | null;
  cdm_version: string | null;
  datamart_claims: string | null;
  datamart_ehr: string | null;
  birth_date_mgmt: string | null;
  enr_start_date_mgmt: string | null;
  enr_end_date_mgmt: string | null;
  admit_date_mgmt: string | null;
  discharge_date_mgmt: string | null;
  dx_date_mgmt: string | null;
  px_date_mgmt: string | null;
  rx_order_date_mgmt: string | null;
  rx_start_date_mgmt: string | null;
  rx_end_date_mgmt: string | null;
  dispense_date_mgmt: string | null;
  lab_order_date_mgmt: string | null;
  specimen_date_mgmt: string | null;
  result_date_mgmt: string | null;
  measure_date_mgmt: string | null;
  onset_date_mgmt: string | null;
  report_date_mgmt: string | null;
  resolve_date_mgmt: string | null;
  pro_date_mgmt: string | null;
  death_date_mgmt: string | null;
  medadmin_start_date_mgmt: string | null;
  medadmin_stop_date_mgmt: string | null;
  obsclin_start_date_mgmt: string | null;
  obsclin_stop_date_mgmt: string | null;
  obsgen_start_date_mgmt: string | null;
  obsgen_stop_date_mgmt: string | null;
  address_period_start_mgmt: string | null;
  address_period_end_mgmt: string | null;
  vx_record_date_mgmt: string | null;
  vx_admin_date_mgmt: string | null;
  vx_exp_date_mgmt: string | null;
  refresh_demographic_date: string | null;
  refresh_enrollment_date: string | null;
  refresh_encounter_date: string | null;
  refresh_diagnosis_date: string | null;
  refresh_procedures_date: string | null;
  refresh_vital_date: string | null;
  refresh_dispensing_date: string | null;
  refresh_lab_result_cm_date: string | null;
  refresh_condition_date: string | null;
  refresh_pro_cm_date: string | null;
  refresh_prescribing_date: string | null;
  refresh_pcornet_trial_date: string | null;
  refresh_death_date: string | null;
  refresh_death_cause_date: string | null;
  refresh_med_admin_date: string | null;
  refresh_obs_clin_date: string | null;
  refresh_provider_date: string | null;
  refresh_obs_gen_date: string | null;
  refresh_hash_token_date: string | null;
  refresh_lds_address_hx_date: string | null;
  refresh_immunization_date: string | null;
}

export interface ProCollectionTable {
  datamartid: string;
  pro_seq: string;
  patid: string;
  encounterid: string | null;
  instrument: string;
  instrument_version: string | null;
  pro_date: string;
  pro_date_origin: string;
  pro_time: string | null;
  completion_status: string | null;
  pro_method: string | null;
  pro_method_origin: string;
  pro_mode: string | null;
  pro_mode_origin: string;
  pro_cat: string | null;
  pro_cat_origin: string;
  pro_source: string | null;
  pro_source_origin: string;
  language: string | null;
  language_origin: string;
  channel: string | null;
  channel_origin: string;
  setting: string | null;
  setting_origin: string;
  facility_type: string | null;
  facility_type_origin: string;
  responder: string | null;
  responder_origin: string;
  items_answered: number;
  items_expected: number;
  pro_requestid: string | null;
  patid_origin: string | null;
  specialty: string | null;
  specialty_origin: string | null;
}

export interface ProCmDetailTable {
  datamartid: string;
  pro_cm_id: string;
  patid: string;
  pro_seq: string;
  instrument: string;
  kind: string;
  name: string;
  origin: string;
  status: string | null;
  delta: string | null;
  preferred: boolean;
  scale: string | null;
  decimals: number | null;
  items_missing: number | null;
  prorated: boolean | null;
  standard_error: string | null;
  confidence: string | null;
  answer_state: string | null;
  reason: string | null;
  link: string | null;
  items_scored: number | null;
  severity: string | null;
  direction: string | null;
  mid_low: string | null;
  mid_high: string | null;
  reference_mean: string | null;
  reference_sd: string | null;
}

export interface ProRequestTable {
  datamartid: string;
  pro_requestid: string;
  patid: string;
  encounterid: string | null;
  instrument: string;
  kind: string;
  request_date: string;
  request_date_origin: string;
  due_date: string | null;
  status: string;
  channel: string | null;
  channel_origin: string;
  pro_seq: string | null;
}

export interface ObsCollectionTable {
  datamartid: string;
  obsid: string;
  patid: string;
  observation: string;
  obs_table: string;
  device: string | null;
  device_origin: string;
  channel: string | null;
  channel_origin: string;
  setting: string | null;
  setting_origin: string;
  source_origin: string;
}

export interface PartialDateTable {
  datamartid: string;
  table_name: string;
  column_name: string;
  row_key: string;
  patid: string;
  date_value: string;
}

/** Every table of a store and of a warehouse, for kysely. */
export interface CdmDatabase {
  demographic: DemographicTable;
  encounter: EncounterTable;
  condition: ConditionTable;
  procedures: ProceduresTable;
  pro_cm: ProCmTable;
  death: DeathTable;
  hash_token: HashTokenTable;
  obs_clin: ObsClinTable;
  obs_gen: ObsGenTable;
  harvest: HarvestTable;
  pro_collection: ProCollectionTable;
  pro_cm_detail: ProCmDetailTable;
  pro_request: ProRequestTable;
  obs_collection: ObsCollectionTable;
  partial_date: PartialDateTable;
}

/** Tables in loading order: a table stands after those that it refers to. */
export const TABLES = {
  demographic: {
    key: ["datamartid","patid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      birth_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      birth_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      sex: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"SEX"},
      sexual_orientation: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"SEXUAL_ORIENTATION"},
      gender_identity: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"GENDER_IDENTITY"},
      hispanic: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"HISPANIC"},
      race: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RACE"},
      race_eth_missing: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RACE_ETH_MISSING"},
      race_eth_ai_an: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_asian: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_black: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_hispanic: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_me_na: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_nh_pi: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      race_eth_white: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"Y_FLAG"},
      biobank_flag: {"type":"text","length":1,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"YN_FLAG"},
      pat_pref_language_spoken: {"type":"text","length":3,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PAT_PREF_LANGUAGE_SPOKEN"},
      raw_sex: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_sexual_orientation: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_gender_identity: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_hispanic: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_race: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_pat_pref_language_spoken: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  encounter: {
    key: ["datamartid","encounterid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      admit_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      admit_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      discharge_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      discharge_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      providerid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"provider.providerid","valueSet":null},
      facility_location: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      enc_type: {"type":"text","length":2,"precision":null,"scale":null,"required":true,"references":null,"valueSet":"ENC_TYPE"},
      facilityid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      discharge_disposition: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DISCHARGE_DISPOSITION"},
      discharge_status: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DISCHARGE_STATUS"},
      drg: {"type":"text","length":3,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      drg_type: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DRG_TYPE"},
      admitting_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"ADMITTING_SOURCE"},
      payer_type_primary: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PAYER_TYPE"},
      payer_type_secondary: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PAYER_TYPE"},
      facility_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"FACILITY_TYPE"},
      raw_siteid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_enc_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_discharge_disposition: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_discharge_status: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_drg_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_admitting_source: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_facility_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_type_primary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_name_primary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_id_primary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_type_secondary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_name_secondary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_payer_id_secondary: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  condition: {
    key: ["datamartid","conditionid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      conditionid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"encounter.encounterid","valueSet":null},
      report_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      resolve_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      onset_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      condition_status: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"CONDITION_STATUS"},
      condition: {"type":"text","length":18,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      condition_type: {"type":"text","length":2,"precision":null,"scale":null,"required":true,"references":null,"valueSet":"CONDITION_TYPE"},
      condition_source: {"type":"text","length":2,"precision":null,"scale":null,"required":true,"references":null,"valueSet":"CONDITION_SOURCE"},
      raw_condition_status: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_condition: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_condition_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_condition_source: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  procedures: {
    key: ["datamartid","proceduresid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      proceduresid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"encounter.encounterid","valueSet":null},
      enc_type: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"ENC_TYPE"},
      admit_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      providerid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"provider.providerid","valueSet":null},
      px_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      px: {"type":"text","length":11,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      px_type: {"type":"text","length":2,"precision":null,"scale":null,"required":true,"references":null,"valueSet":"PX_TYPE"},
      px_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DX_ORIGIN"},
      ppx: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PDX"},
      raw_px: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_px_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_ppx: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  pro_cm: {
    key: ["datamartid","pro_cm_id"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_cm_id: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"encounter.encounterid","valueSet":null},
      pro_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_type: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_TYPE"},
      pro_name: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_code: {"type":"text","length":50,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_response_text: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_response_num: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      pro_method: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_METHOD"},
      pro_mode: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_MODE"},
      pro_cat: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_CAT"},
      pro_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_SOURCE"},
      pro_version: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_seq: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_fullname: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_text: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  death: {
    key: ["datamartid","patid","death_source"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      death_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      death_date_impute: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DEATH_DATE_IMPUTE"},
      death_source: {"type":"text","length":2,"precision":null,"scale":null,"required":true,"references":null,"valueSet":"DEATH_SOURCE"},
      death_match_confidence: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DEATH_MATCH_CONFIDENCE"},
    },
  },
  hash_token: {
    key: ["datamartid","patid","token_encryption_key"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      token_01: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_02: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_03: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_04: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_05: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_06: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_07: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_08: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_09: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_12: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_14: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_15: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_16: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_17: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_18: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_23: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_24: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_25: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_26: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_29: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_30: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_101: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_102: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_103: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_104: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_105: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_106: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_107: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_108: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_109: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_110: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_111: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      token_encryption_key: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
    },
  },
  obs_clin: {
    key: ["datamartid","obsclinid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obsclinid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"encounter.encounterid","valueSet":null},
      obsclin_providerid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"provider.providerid","valueSet":null},
      obsclin_start_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obsclin_start_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_stop_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_stop_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_type: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"OBSCLIN_TYPE"},
      obsclin_code: {"type":"text","length":18,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_result_qual: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RESULT_QUAL"},
      obsclin_result_text: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_result_snomed: {"type":"text","length":18,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsclin_result_num: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      obsclin_result_modifier: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RESULT_MODIFIER"},
      obsclin_result_unit: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"UNIT"},
      obsclin_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"OBSCLIN_SOURCE"},
      obsclin_abn_ind: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"ABN_IND"},
      raw_obsclin_name: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsclin_code: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsclin_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsclin_result: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsclin_modifier: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsclin_unit: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  obs_gen: {
    key: ["datamartid","obsgenid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obsgenid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"encounter.encounterid","valueSet":null},
      obsgen_providerid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":"provider.providerid","valueSet":null},
      obsgen_start_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obsgen_start_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_stop_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_stop_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_type: {"type":"text","length":30,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"OBSGEN_TYPE"},
      obsgen_code: {"type":"text","length":50,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_result_qual: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RESULT_QUAL"},
      obsgen_result_text: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_result_num: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      obsgen_result_modifier: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"RESULT_MODIFIER"},
      obsgen_result_unit: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"UNIT"},
      obsgen_table_modified: {"type":"text","length":3,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"OBSGEN_TABLE_MODIFIED"},
      obsgen_id_modified: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      obsgen_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"OBSGEN_SOURCE"},
      obsgen_abn_ind: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"ABN_IND"},
      raw_obsgen_name: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsgen_code: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsgen_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsgen_result: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      raw_obsgen_unit: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  harvest: {
    key: ["datamartid","networkid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      networkid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      network_name: {"type":"text","length":20,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      datamart_name: {"type":"text","length":20,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      datamart_platform: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATAMART_PLATFORM"},
      cdm_version: {"type":"text","length":3,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"CDM_VERSION"},
      datamart_claims: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATAMART_CLAIMS"},
      datamart_ehr: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATAMART_CLAIMS"},
      birth_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      enr_start_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      enr_end_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      admit_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      discharge_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      dx_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      px_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      rx_order_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      rx_start_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      rx_end_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      dispense_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      lab_order_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      specimen_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      result_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      measure_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      onset_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      report_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      resolve_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      pro_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      death_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      medadmin_start_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      medadmin_stop_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      obsclin_start_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      obsclin_stop_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      obsgen_start_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      obsgen_stop_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      address_period_start_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      address_period_end_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      vx_record_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      vx_admin_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      vx_exp_date_mgmt: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"DATE_MGMT"},
      refresh_demographic_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_enrollment_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_encounter_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_diagnosis_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_procedures_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_vital_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_dispensing_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_lab_result_cm_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_condition_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_pro_cm_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_prescribing_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_pcornet_trial_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_death_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_death_cause_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_med_admin_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_obs_clin_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_provider_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_obs_gen_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_hash_token_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_lds_address_hx_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      refresh_immunization_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  pro_collection: {
    key: ["datamartid","pro_seq"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_seq: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      instrument: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      instrument_version: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_date_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_time: {"type":"text","length":5,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      completion_status: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      pro_method: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_METHOD"},
      pro_method_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_mode: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_MODE"},
      pro_mode_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_cat: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_CAT"},
      pro_cat_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_source: {"type":"text","length":2,"precision":null,"scale":null,"required":false,"references":null,"valueSet":"PRO_SOURCE"},
      pro_source_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      language: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      language_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      channel: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      channel_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      setting: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      setting_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      facility_type: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      facility_type_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      responder: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      responder_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      items_answered: {"type":"integer","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      items_expected: {"type":"integer","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_requestid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      patid_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      specialty: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      specialty_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  pro_cm_detail: {
    key: ["datamartid","pro_cm_id"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_cm_id: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      pro_seq: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"pro_collection.pro_seq","valueSet":null},
      instrument: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      kind: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      name: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      status: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      delta: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      preferred: {"type":"boolean","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      scale: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      decimals: {"type":"integer","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      items_missing: {"type":"integer","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      prorated: {"type":"boolean","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      standard_error: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      confidence: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      answer_state: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      reason: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      link: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      items_scored: {"type":"integer","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      severity: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      direction: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      mid_low: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      mid_high: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      reference_mean: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
      reference_sd: {"type":"number","length":null,"precision":15,"scale":8,"required":false,"references":null,"valueSet":null},
    },
  },
  pro_request: {
    key: ["datamartid","pro_requestid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_requestid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      encounterid: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      instrument: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      kind: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      request_date: {"type":"date","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      request_date_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      due_date: {"type":"date","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      status: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      channel: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      channel_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      pro_seq: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
    },
  },
  obs_collection: {
    key: ["datamartid","obsid"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obsid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      observation: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      obs_table: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      device: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      device_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      channel: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      channel_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      setting: {"type":"text","length":null,"precision":null,"scale":null,"required":false,"references":null,"valueSet":null},
      setting_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      source_origin: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
    },
  },
  partial_date: {
    key: ["datamartid","table_name","column_name","row_key"],
    columns: {
      datamartid: {"type":"text","length":10,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      table_name: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      column_name: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      row_key: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
      patid: {"type":"text","length":null,"precision":null,"scale":null,"required":true,"references":"demographic.patid","valueSet":null},
      date_value: {"type":"text","length":7,"precision":null,"scale":null,"required":true,"references":null,"valueSet":null},
    },
  },
} as const satisfies Record<string, TableShape>;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** What each column holds, for the comments in the database. */
export const DESCRIPTIONS: Record<TableName, Record<string, string>> = {
  demographic: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    patid: "Pseudonymous person id, unique per datamart; local crosswalk to the true identifier stays at the site.",
    birth_date: "Birth date; see HARVEST.BIRTH_DATE_MGMT for imputation/obfuscation.",
    birth_time: "Birth time, 24h HH:MI.",
    sex: "Sex assigned at birth.",
    sexual_orientation: "Current sexual orientation.",
    gender_identity: "Current gender identity.",
    hispanic: "Hispanic/Latino ethnicity (legacy two-question format).",
    race: "Single race category (legacy; 06 = multiple).",
    race_eth_missing: "v7.0: why no check-all-that-apply race/ethnicity flag is set.",
    race_eth_ai_an: "v7.0 check-all-that-apply flag: American Indian or Alaska Native.",
    race_eth_asian: "v7.0 check-all-that-apply flag: Asian.",
    race_eth_black: "v7.0 check-all-that-apply flag: Black or African American.",
    race_eth_hispanic: "v7.0 check-all-that-apply flag: Hispanic or Latino.",
    race_eth_me_na: "v7.0 check-all-that-apply flag: Middle Eastern or North African.",
    race_eth_nh_pi: "v7.0 check-all-that-apply flag: Native Hawaiian or Pacific Islander.",
    race_eth_white: "v7.0 check-all-that-apply flag: White.",
    biobank_flag: "Biobanked sample available and consented.",
    pat_pref_language_spoken: "Preferred spoken language, ISO 639-2 style 3-letter code.",
    raw_sex: "Source value before mapping.",
    raw_sexual_orientation: "Source value before mapping.",
    raw_gender_identity: "Source value before mapping.",
    raw_hispanic: "Source value before mapping.",
    raw_race: "Source value before mapping.",
    raw_pat_pref_language_spoken: "Source value before mapping.",
  },
  encounter: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    encounterid: "Pseudonymous encounter id.",
    patid: "Person id.",
    admit_date: "Encounter or admission date.",
    admit_time: "Encounter or admission time.",
    discharge_date: "Discharge date; expected for IP/EI.",
    discharge_time: "Discharge time.",
    providerid: "Provider most responsible for the encounter.",
    facility_location: "5-digit ZIP of the facility (a HIPAA geographic element).",
    enc_type: "Setting of the encounter.",
    facilityid: "Local pseudonymous facility id.",
    discharge_disposition: "Vital status at discharge.",
    discharge_status: "Where the patient went after discharge.",
    drg: "3-digit DRG, leading zeros kept.",
    drg_type: "DRG code system version.",
    admitting_source: "Where the patient came from.",
    payer_type_primary: "Primary payer, PHDSC source-of-payment typology.",
    payer_type_secondary: "Secondary payer, same typology.",
    facility_type: "Kind of facility.",
    raw_siteid: "Locally defined site id, useful when several sites share a datamart.",
    raw_enc_type: "Source value before mapping.",
    raw_discharge_disposition: "Source value before mapping.",
    raw_discharge_status: "Source value before mapping.",
    raw_drg_type: "Source value before mapping.",
    raw_admitting_source: "Source value before mapping.",
    raw_facility_type: "Source value before mapping.",
    raw_payer_type_primary: "Source value before mapping.",
    raw_payer_name_primary: "Source value before mapping.",
    raw_payer_id_primary: "Source value before mapping.",
    raw_payer_type_secondary: "Source value before mapping.",
    raw_payer_name_secondary: "Source value before mapping.",
    raw_payer_id_secondary: "Source value before mapping.",
  },
  condition: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    conditionid: "Row id.",
    patid: "Person id.",
    encounterid: "Encounter id.",
    report_date: "Date noted/reported (not onset).",
    resolve_date: "Date resolved.",
    onset_date: "When the problem began.",
    condition_status: "Status as of REPORT_DATE.",
    condition: "Condition code as text.",
    condition_type: "Code system.",
    condition_source: "Patient-reported, provider, registry...",
    raw_condition_status: "Source value before mapping.",
    raw_condition: "Source value before mapping.",
    raw_condition_type: "Source value before mapping.",
    raw_condition_source: "Source value before mapping.",
  },
  procedures: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    proceduresid: "Unique id of the procedure.",
    patid: "Person id.",
    encounterid: "Encounter id.",
    enc_type: "Type of the visit (ENCOUNTER.ENC_TYPE).",
    admit_date: "First day of the visit (ENCOUNTER.ADMIT_DATE).",
    providerid: "Provider id.",
    px_date: "Day of the procedure.",
    px: "Code of the procedure.",
    px_type: "Code system of PX.",
    px_source: "Where the procedure was recorded.",
    ppx: "Principal procedure.",
    raw_px: "Source value before mapping.",
    raw_px_type: "Source value before mapping.",
    raw_ppx: "Source value before mapping.",
  },
  pro_cm: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    pro_cm_id: "Row id; need not persist across refreshes.",
    patid: "Person the response is about.",
    encounterid: "Only when collected as part of an encounter.",
    pro_date: "Date of the response.",
    pro_time: "Time of the response, 24h HH:MI.",
    pro_type: "Vocabulary of PRO_NAME/PRO_CODE.",
    pro_name: "Short name of the item OR measure in that vocabulary (v6.x PRO_ITEM_NAME; PRO_MEASURE_NAME was folded in).",
    pro_code: "Standard code of the item or measure (new in v7.0; replaces PRO_ITEM_LOINC/PRO_MEASURE_LOINC). Panel codes here are counted by DC 1.20.",
    pro_response_text: "Response text, or text of the measure result.",
    pro_response_num: "Numeric response, or score value when the row is a measure; up to 15 digits, 8 decimals.",
    pro_method: "Administration medium.",
    pro_mode: "Who responded (self/proxy, assisted or not).",
    pro_cat: "Computer adaptive test used.",
    pro_source: "Provenance: EHR order, billing, claim, survey system/app, derived.",
    pro_version: "Version of item or measure.",
    pro_seq: "Groups rows that belong to the same administration of a measure (v6.x PRO_MEASURE_SEQ).",
    pro_fullname: "Full name of item or measure.",
    pro_text: "Question text of item or measure.",
  },
  death: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    patid: "Person id.",
    death_date: "Date of death.",
    death_date_impute: "Which date parts were imputed.",
    death_source: "Source of the death fact.",
    death_match_confidence: "Confidence of a probabilistic match to an external source.",
  },
  hash_token: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    patid: "Person id.",
    token_01: "Keyed encrypted hash, Datavant token design 01.",
    token_02: "Keyed encrypted hash, Datavant token design 02.",
    token_03: "Keyed encrypted hash, Datavant token design 03.",
    token_04: "Keyed encrypted hash, Datavant token design 04.",
    token_05: "Keyed encrypted hash, Datavant token design 05.",
    token_06: "Keyed encrypted hash, Datavant token design 06.",
    token_07: "Keyed encrypted hash, Datavant token design 07.",
    token_08: "Keyed encrypted hash, Datavant token design 08.",
    token_09: "Keyed encrypted hash, Datavant token design 09.",
    token_12: "Keyed encrypted hash, Datavant token design 12.",
    token_14: "Keyed encrypted hash, Datavant token design 14.",
    token_15: "Keyed encrypted hash, Datavant token design 15.",
    token_16: "Keyed encrypted hash, Datavant token design 16.",
    token_17: "Keyed encrypted hash, Datavant token design 17.",
    token_18: "Keyed encrypted hash, Datavant token design 18.",
    token_23: "Keyed encrypted hash, Datavant token design 23.",
    token_24: "Keyed encrypted hash, Datavant token design 24.",
    token_25: "Keyed encrypted hash, Datavant token design 25.",
    token_26: "Keyed encrypted hash, Datavant token design 26.",
    token_29: "Keyed encrypted hash, Datavant token design 29.",
    token_30: "Keyed encrypted hash, Datavant token design 30.",
    token_101: "Keyed encrypted hash, Datavant token design 101.",
    token_102: "Keyed encrypted hash, Datavant token design 102.",
    token_103: "Keyed encrypted hash, Datavant token design 103.",
    token_104: "Keyed encrypted hash, Datavant token design 104.",
    token_105: "Keyed encrypted hash, Datavant token design 105.",
    token_106: "Keyed encrypted hash, Datavant token design 106.",
    token_107: "Keyed encrypted hash, Datavant token design 107.",
    token_108: "Keyed encrypted hash, Datavant token design 108.",
    token_109: "Keyed encrypted hash, Datavant token design 109.",
    token_110: "Keyed encrypted hash, Datavant token design 110.",
    token_111: "Keyed encrypted hash, Datavant token design 111.",
    token_encryption_key: "Name of the key used for the tokens; part of the composite key.",
  },
  obs_clin: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    obsclinid: "Row id.",
    patid: "Person id.",
    encounterid: "Encounter id.",
    obsclin_providerid: "Ordering provider.",
    obsclin_start_date: "Observation date.",
    obsclin_start_time: "Observation time.",
    obsclin_stop_date: "End date.",
    obsclin_stop_time: "End time.",
    obsclin_type: "Code system of OBSCLIN_CODE.",
    obsclin_code: "Observation code.",
    obsclin_result_qual: "Standardized qualitative result; NI when quantitative.",
    obsclin_result_text: "Narrative result.",
    obsclin_result_snomed: "SNOMED CT code of a qualitative result.",
    obsclin_result_num: "Numeric result.",
    obsclin_result_modifier: "Comparator.",
    obsclin_result_unit: "UCUM-based unit.",
    obsclin_source: "Source of the observation.",
    obsclin_abn_ind: "Abnormal flag from source only.",
    raw_obsclin_name: "Source value before mapping.",
    raw_obsclin_code: "Source value before mapping.",
    raw_obsclin_type: "Source value before mapping.",
    raw_obsclin_result: "Source value before mapping.",
    raw_obsclin_modifier: "Source value before mapping.",
    raw_obsclin_unit: "Source value before mapping.",
  },
  obs_gen: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    obsgenid: "Unique id of the observation.",
    patid: "Person id.",
    encounterid: "Encounter id.",
    obsgen_providerid: "Provider of the observation.",
    obsgen_start_date: "First day of the observation.",
    obsgen_start_time: "Time it began, 24h HH:MI.",
    obsgen_stop_date: "Last day of the observation.",
    obsgen_stop_time: "Time it ended, 24h HH:MI.",
    obsgen_type: "Code system of OBSGEN_CODE.",
    obsgen_code: "Code of what was observed.",
    obsgen_result_qual: "Result as a word of the value set.",
    obsgen_result_text: "Result as text.",
    obsgen_result_num: "Result as a number.",
    obsgen_result_modifier: "Modifier of the number: equal, less than, ...",
    obsgen_result_unit: "Unit of the number.",
    obsgen_table_modified: "Table of the row that this observation adds to.",
    obsgen_id_modified: "Key of the row that this observation adds to.",
    obsgen_source: "Where the observation comes from: health care, patient, device, ...",
    obsgen_abn_ind: "Whether the result is abnormal.",
    raw_obsgen_name: "Source value before mapping.",
    raw_obsgen_code: "Source value before mapping.",
    raw_obsgen_type: "Source value before mapping.",
    raw_obsgen_result: "Source value before mapping.",
    raw_obsgen_unit: "Source value before mapping.",
  },
  harvest: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    networkid: "Network id issued by the coordinating center.",
    network_name: "Network name.",
    datamart_name: "Datamart name.",
    datamart_platform: "Database platform.",
    cdm_version: "CDM version implemented (070 = 7.0).",
    datamart_claims: "Claims sources present.",
    datamart_ehr: "EHR sources present.",
    birth_date_mgmt: "Date-management strategy of BIRTH_DATE (none / imputed / obfuscated / both).",
    enr_start_date_mgmt: "Date-management strategy of ENR_START_DATE (none / imputed / obfuscated / both).",
    enr_end_date_mgmt: "Date-management strategy of ENR_END_DATE (none / imputed / obfuscated / both).",
    admit_date_mgmt: "Date-management strategy of ADMIT_DATE (none / imputed / obfuscated / both).",
    discharge_date_mgmt: "Date-management strategy of DISCHARGE_DATE (none / imputed / obfuscated / both).",
    dx_date_mgmt: "Date-management strategy of DX_DATE (none / imputed / obfuscated / both).",
    px_date_mgmt: "Date-management strategy of PX_DATE (none / imputed / obfuscated / both).",
    rx_order_date_mgmt: "Date-management strategy of RX_ORDER_DATE (none / imputed / obfuscated / both).",
    rx_start_date_mgmt: "Date-management strategy of RX_START_DATE (none / imputed / obfuscated / both).",
    rx_end_date_mgmt: "Date-management strategy of RX_END_DATE (none / imputed / obfuscated / both).",
    dispense_date_mgmt: "Date-management strategy of DISPENSE_DATE (none / imputed / obfuscated / both).",
    lab_order_date_mgmt: "Date-management strategy of LAB_ORDER_DATE (none / imputed / obfuscated / both).",
    specimen_date_mgmt: "Date-management strategy of SPECIMEN_DATE (none / imputed / obfuscated / both).",
    result_date_mgmt: "Date-management strategy of RESULT_DATE (none / imputed / obfuscated / both).",
    measure_date_mgmt: "Date-management strategy of MEASURE_DATE (none / imputed / obfuscated / both).",
    onset_date_mgmt: "Date-management strategy of ONSET_DATE (none / imputed / obfuscated / both).",
    report_date_mgmt: "Date-management strategy of REPORT_DATE (none / imputed / obfuscated / both).",
    resolve_date_mgmt: "Date-management strategy of RESOLVE_DATE (none / imputed / obfuscated / both).",
    pro_date_mgmt: "Date-management strategy of PRO_DATE (none / imputed / obfuscated / both).",
    death_date_mgmt: "Date-management strategy of DEATH_DATE (none / imputed / obfuscated / both).",
    medadmin_start_date_mgmt: "Date-management strategy of MEDADMIN_START_DATE (none / imputed / obfuscated / both).",
    medadmin_stop_date_mgmt: "Date-management strategy of MEDADMIN_STOP_DATE (none / imputed / obfuscated / both).",
    obsclin_start_date_mgmt: "Date-management strategy of OBSCLIN_START_DATE (none / imputed / obfuscated / both).",
    obsclin_stop_date_mgmt: "Date-management strategy of OBSCLIN_STOP_DATE (none / imputed / obfuscated / both).",
    obsgen_start_date_mgmt: "Date-management strategy of OBSGEN_START_DATE (none / imputed / obfuscated / both).",
    obsgen_stop_date_mgmt: "Date-management strategy of OBSGEN_STOP_DATE (none / imputed / obfuscated / both).",
    address_period_start_mgmt: "Date-management strategy of ADDRESS_PERIOD_START (none / imputed / obfuscated / both).",
    address_period_end_mgmt: "Date-management strategy of ADDRESS_PERIOD_END (none / imputed / obfuscated / both).",
    vx_record_date_mgmt: "Date-management strategy of VX_RECORD_DATE (none / imputed / obfuscated / both).",
    vx_admin_date_mgmt: "Date-management strategy of VX_ADMIN_DATE (none / imputed / obfuscated / both).",
    vx_exp_date_mgmt: "Date-management strategy of VX_EXP_DATE (none / imputed / obfuscated / both).",
    refresh_demographic_date: "Latest load date of table DEMOGRAPHIC; null when the table is empty.",
    refresh_enrollment_date: "Latest load date of table ENROLLMENT; null when the table is empty.",
    refresh_encounter_date: "Latest load date of table ENCOUNTER; null when the table is empty.",
    refresh_diagnosis_date: "Latest load date of table DIAGNOSIS; null when the table is empty.",
    refresh_procedures_date: "Latest load date of table PROCEDURES; null when the table is empty.",
    refresh_vital_date: "Latest load date of table VITAL; null when the table is empty.",
    refresh_dispensing_date: "Latest load date of table DISPENSING; null when the table is empty.",
    refresh_lab_result_cm_date: "Latest load date of table LAB_RESULT_CM; null when the table is empty.",
    refresh_condition_date: "Latest load date of table CONDITION; null when the table is empty.",
    refresh_pro_cm_date: "Latest load date of table PRO_CM; null when the table is empty.",
    refresh_prescribing_date: "Latest load date of table PRESCRIBING; null when the table is empty.",
    refresh_pcornet_trial_date: "Latest load date of table PCORNET_TRIAL; null when the table is empty.",
    refresh_death_date: "Latest load date of table DEATH; null when the table is empty.",
    refresh_death_cause_date: "Latest load date of table DEATH_CAUSE; null when the table is empty.",
    refresh_med_admin_date: "Latest load date of table MED_ADMIN; null when the table is empty.",
    refresh_obs_clin_date: "Latest load date of table OBS_CLIN; null when the table is empty.",
    refresh_provider_date: "Latest load date of table PROVIDER; null when the table is empty.",
    refresh_obs_gen_date: "Latest load date of table OBS_GEN; null when the table is empty.",
    refresh_hash_token_date: "Latest load date of table HASH_TOKEN; null when the table is empty.",
    refresh_lds_address_hx_date: "Latest load date of table LDS_ADDRESS_HISTORY; null when the table is empty.",
    refresh_immunization_date: "Latest load date of table IMMUNIZATION; null when the table is empty.",
  },
  pro_collection: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    pro_seq: "token of the administration; ties the rows of pro_cm together",
    patid: "the person who was asked (DEMOGRAPHIC.PATID)",
    encounterid: "the visit, where the source names one",
    instrument: "catalogue id, such as phq-9",
    instrument_version: "version of the instrument, as the source has it",
    pro_date: "day of the answers, shifted as the privacy profile says",
    pro_date_origin: "stated, derived, assumed, unknown",
    pro_time: "HH:MI, null when the source gave a day only",
    completion_status: "complete, incomplete, unknown",
    pro_method: "how it was answered (PRO_CM.PRO_METHOD)",
    pro_method_origin: "stated, derived, assumed, unknown",
    pro_mode: "who answered (PRO_CM.PRO_MODE)",
    pro_mode_origin: "stated, derived, assumed, unknown",
    pro_cat: "whether it was computer adaptive (PRO_CM.PRO_CAT)",
    pro_cat_origin: "stated, derived, assumed, unknown",
    pro_source: "where it was recorded (PRO_CM.PRO_SOURCE)",
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
    pro_requestid: "row of pro_request that the source says these answers follow",
    patid_origin: "stated, or derived: the person is known as who answered",
    specialty: "code of the visit's or its practitioner's specialty, as the source has it",
    specialty_origin: "stated, derived, assumed, unknown",
  },
  pro_cm_detail: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    pro_cm_id: "the row of pro_cm that this row describes",
    patid: "the person (DEMOGRAPHIC.PATID)",
    pro_seq: "the administration (PRO_COLLECTION.PRO_SEQ)",
    instrument: "catalogue id, such as phq-9",
    kind: "item or score",
    name: "item id or score id of the catalogue: PHQ9_1, total, gph_t",
    origin: "reported, computed, linked, narrative",
    status: "of reconciliation: match, mismatch, explained, unverifiable; computed when the source reported none, not_computed when there is no number; linked",
    delta: "reported minus computed",
    preferred: "the one score of this name in this administration that studies use; true for items",
    scale: "raw or t",
    decimals: "decimals of the score grid",
    items_missing: "items of the score without an answer",
    prorated: "missing items were replaced by the mean of the answered ones",
    standard_error: "from the score table, same scale",
    confidence: "of the score table or rule, as the catalogue states",
    answer_state: "items: answered, skipped, not_shown, not_collected",
    reason: "why status is explained (prorated, partial_sum, rounded, other_version, offset, reversed), not_computed or unverifiable (too_many_missing, quarantined_answer, no_table_for_version)",
    link: "linked scores: the crosswalk that made them",
    items_scored: "items that the score was made of",
    severity: "severity band of the value, as the catalogue labels it",
    direction: "what a higher score means: better, worse",
    mid_low: "a smaller change is below the minimal important difference",
    mid_high: "a change from here on passes the minimal important difference",
    reference_mean: "mean of the population that the scale was made for",
    reference_sd: "standard deviation of that population",
  },
  pro_request: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    pro_requestid: "token of the request and instrument",
    patid: "who was asked",
    encounterid: "the visit, where the source names one",
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
  obs_collection: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    obsid: "the row of obs_gen or obs_clin that this row describes",
    patid: "the person (DEMOGRAPHIC.PATID)",
    observation: "token of the measurement; ties the rows of its parts together",
    obs_table: "obs_gen, obs_clin",
    device: "kind of device: watch, scale, blood-pressure-monitor, app ...; a closed list of mappings/formats/words.yaml",
    device_origin: "stated, derived, assumed, unknown",
    channel: "portal, tablet, paper, phone, wearable, device",
    channel_origin: "stated, derived, assumed, unknown",
    setting: "clinic, home",
    setting_origin: "stated, derived, assumed, unknown",
    source_origin: "of OBSGEN_SOURCE or OBSCLIN_SOURCE: stated, derived, assumed, unknown",
  },
  partial_date: {
    datamartid: "the site (HARVEST.DATAMARTID)",
    table_name: "table of the row whose day is not known, such as condition",
    column_name: "its date column, which is empty: onset_date",
    row_key: "the row's own key, such as CONDITIONID; PATID for a birth or death",
    patid: "the person (DEMOGRAPHIC.PATID)",
    date_value: "YYYY or YYYY-MM as the source knows it, moved by whole years or months where the privacy profile shifts dates",
  },
};

/** The shape of one table, with the columns by name. */
export function tableShape(table: TableName): TableShape {
  return TABLES[table];
}
