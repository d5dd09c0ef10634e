import { text } from "../../warehouse/sql.ts";
import type { SiteConfiguration } from "../configuration/site.ts";
import { joinWord } from "./words.ts";

export interface AdministrationOptions {
  format: string;
  defaults: SiteConfiguration["defaults"];
  /** Instruments that load though they are no patient-reported outcomes. */
  instruments: readonly string[];
  /** Whether questionnaires that were begun and not finished load as incomplete. Default: they do not. */
  unfinished?: "leave" | "load";
  /** Arms of a CASE over a described administration: WHEN … THEN reason. */
  checks: string;
}

/** Deliveries of one administration: the same id of the source. */
const SAME = "patient_key, instrument, coalesce(source_id, CAST(administration_key AS VARCHAR))";

/** When a version was written, whatever the zone that its text names; a text without one is taken for UTC on every machine. */
const INSTANT = "coalesce(instant_of(version_at), epoch_us(TRY_CAST(version_at AS TIMESTAMP)))";

/** When it was answered, for comparing: two texts of one instant are one time. */
const ANSWERED = "coalesce(CAST(instant_of(answered) AS VARCHAR), answered)";

/** Whether a hash stands more than once in a step. */
function isRepeated(hash: string, step: string): string {
  return `${hash} IN (SELECT ${hash} FROM ${step} GROUP BY ${hash} HAVING count(*) > 1)`;
}

/** The visit during which it was answered took place in the clinic, or at the patient's home. */
const VISIT_SETTING = `CASE
        WHEN upper(visit_facility_type) = 'PTRES' OR lower(visit_class) IN ('hh', 'home') THEN 'home'
        WHEN visit_type IN ('AV', 'ED', 'EI', 'IP', 'IS', 'OS') AND instant_of(answered) BETWEEN instant_of(visit_start) AND instant_of(visit_end) THEN 'clinic'
      END`;

/** What a device or channel says about the medium, where the source does not say it itself. */
const CHANNEL_METHOD =
  "CASE channel_code WHEN 'portal' THEN 'EC' WHEN 'tablet' THEN 'EC' WHEN 'paper' THEN 'PA' WHEN 'phone' THEN 'PH' END";

/**
 * A fact about how answers were collected, and where it comes from. `assumed` is the site's default; `otherwise` is the CDM's word
 * for not knowing, which is no assumption.
 */
function fact(
  name: string,
  stated: string,
  origin: string,
  { assumed, otherwise }: { assumed?: string | undefined; otherwise?: string } = {},
): string {
  const fallback = assumed ?? otherwise;
  return `coalesce(${stated}, ${fallback === undefined ? "NULL" : text(fallback)}) AS ${name},
      CAST(CASE WHEN ${stated} IS NOT NULL THEN ${origin} ELSE '${assumed === undefined ? "unknown" : "assumed"}' END AS ORIGIN) AS ${name}_origin`;
}

/** What of a described administration only its facts are made of: wide rows would be copied twice with it. */
const USED_UP = [
  ...["instrument_system", "instrument_text", "answered_at", "answered_origin"],
  ...[
    "status",
    "method",
    "mode",
    "cat",
    "language",
    "channel",
    "setting",
    "responder",
    "pro_source",
  ],
  ...["visit_facility_type", "visit_type", "visit_class", "visit_start", "visit_end"],
  ...["visit_specialty", "method_code", "is_method_derived", "mode_code", "source_code"],
  ...["channel_code", "setting_code", "facility_code", "has_patient", "has_theta"],
  ...["instrument_kind", "usable", "worst"],
];

/**
 * One row an administration with its CDM facts, each with its origin (stated, derived, assumed, unknown), and its state.
 *
 * In: `every_administration`, `administration_instrument`, `mapped_response`, `patient`, `mapped_encounter`, `set_aside`. Out:
 * `mapped_administration` with state and reason; `pro_seq_key` is the administration's stable key from night to night.
 */
export function mapAdministrations({
  format,
  defaults,
  instruments,
  unfinished = "leave",
  checks,
}: AdministrationOptions): string[] {
  // A survey platform's CSV and an EHR's FHIR differ in what a row's source is, unless the site says so itself.
  const source = defaults.pro_source ?? (format === "csv" ? undefined : "OD");
  const isUnlisted = `instrument NOT IN (${["", ...instruments].map(text).join(", ")})`;
  return [
    // Wide rows are copied from step to step: a word of four takes a byte.
    "CREATE TYPE ORIGIN AS ENUM ('assumed', 'derived', 'stated', 'unknown')",

    // A table of its own: counted and described in one statement, a million administrations took 110 MB more.
    `CREATE TEMP TABLE counted_administration AS
      SELECT administration_key,
        count(*) FILTER (state = 'loaded' AND (value IS NOT NULL OR answer_label IS NOT NULL)) AS usable,
        count(*) FILTER (state = 'loaded' AND kind = 'item' AND value IS NOT NULL) AS items_answered,
        count(*) FILTER (kind = 'item' AND state IN ('loaded', 'quarantined') AND NOT is_optional) AS items_given,
        coalesce(bool_or(kind = 'score' AND name = 'theta' AND state = 'loaded'), false) AS has_theta,
        count(*) FILTER (state = 'quarantined') AS quarantined,
        min(reason) FILTER (state = 'quarantined') AS worst,
        -- The same answers in whatever order; only administrations of one person and instrument are compared.
        sum(CAST(hash(content, state) AS HUGEINT)) AS content
      FROM mapped_response GROUP BY administration_key`,

    // Apart from the next step: together they need the memory of both, 200 MB more for a million administrations.
    `CREATE TEMP TABLE dated_administration AS
    SELECT a.* EXCLUDE (number) REPLACE (i.part_key AS administration_key), i.instrument, s.state AS aside, s.reason AS aside_reason,
      coalesce(a.answered_at, e.start_at) AS answered,
      CASE WHEN a.answered_at IS NOT NULL THEN coalesce(a.answered_origin, 'stated') WHEN e.start_at IS NOT NULL THEN 'derived' ELSE 'unknown' END AS pro_date_origin,
      e.facility_type AS visit_facility_type, e.enc_type AS visit_type, e.class AS visit_class, e.start_at AS visit_start, e.end_at AS visit_end,
      e.specialty AS visit_specialty
    FROM every_administration a
    JOIN administration_instrument i ON i.administration_key = a.number
    LEFT JOIN set_aside s USING (record_key)
    LEFT JOIN (SELECT * FROM mapped_encounter WHERE state = 'loaded') e USING (patient_key, encounter_key)`,

    `CREATE TEMP TABLE described_administration AS
    WITH worded AS (
      SELECT d.*, coalesce(s.usable, 0) AS usable, coalesce(s.items_answered, 0) AS items_answered, coalesce(s.items_given, 0) AS items_given,
        coalesce(s.has_theta, false) AS has_theta,
        coalesce(s.quarantined, 0) AS quarantined, s.worst, s.content, c.items AS items_expected, c.kind AS instrument_kind,
        TRY_CAST(left(d.answered, 10) AS DATE) AS pro_date,
        CASE WHEN substr(d.answered, 12, 5) SIMILAR TO '[0-2][0-9]:[0-5][0-9]' THEN substr(d.answered, 12, 5) END AS pro_time,
        coalesce(w_status.code, 'unknown') AS completion,
        -- Spoken in a virtual visit: by telephone, as our rules have it (mappings/formats/README.md).
        CASE WHEN lower(d.method) = 'verbal' AND d.visit_type = 'TH' THEN 'PH' ELSE w_pro_method.code END AS method_code,
        lower(d.method) IS NOT DISTINCT FROM 'verbal' AND d.visit_type = 'TH' AS is_method_derived,
        nullif(w_pro_mode.code, 'NI') AS mode_code,
        w_pro_source.code AS source_code, w_channel.code AS channel_code, w_setting.code AS setting_code,
        CASE WHEN d.visit_facility_type IS NOT NULL THEN coalesce(w_facility_type.code, 'OT') END AS facility_code,
        p.patient_key IS NOT NULL AS has_patient, p.born, p.died
      FROM dated_administration d
      LEFT JOIN counted_administration s USING (administration_key)
      LEFT JOIN catalogue_instrument c ON c.instrument = d.instrument
      LEFT JOIN patient p USING (patient_key)
      ${joinWord("status", "d.status")}
      ${joinWord("pro_method", "d.method")}
      ${joinWord("pro_mode", "d.mode")}
      ${joinWord("pro_source", "d.pro_source")}
      ${joinWord("channel", "coalesce(d.channel, d.method)")}
      ${joinWord("setting", "d.setting")}
      ${joinWord("facility_type", "d.visit_facility_type")}
    )
    SELECT * EXCLUDE (${USED_UP.join(", ")}),
      ${fact("pro_method", `coalesce(method_code, ${CHANNEL_METHOD})`, "CASE WHEN method_code IS NULL OR is_method_derived THEN 'derived' ELSE 'stated' END", { assumed: defaults.pro_method, otherwise: "NI" })},
      ${fact("pro_mode", "mode_code", "CASE WHEN contains(mode, '|') THEN 'derived' ELSE 'stated' END", { assumed: defaults.pro_mode, otherwise: "NI" })},
      -- Only an adaptive test states theta; a fixed form shows all its items.
      coalesce(cat, CASE WHEN has_theta THEN 'Y' WHEN items_answered = items_expected AND items_expected > 0 THEN 'N' END, 'NI') AS pro_cat,
      CASE WHEN cat IS NOT NULL THEN 'stated' WHEN has_theta OR (items_answered = items_expected AND items_expected > 0) THEN 'derived' ELSE 'unknown' END AS pro_cat_origin,
      -- The version of a FHIR form is the form's own and not the instrument's.
      ${format === "fhir" ? "NULL" : "regexp_replace(lower(trim(instrument_version)), '^v(ersion)? *', '')"} AS stated_version,
      ${fact("pro_source", "source_code", "'stated'", { assumed: source, otherwise: "NI" })},
      ${fact("language", "language", "'stated'", { assumed: defaults.language })},
      ${fact("channel", "channel_code", "CASE WHEN channel IS NOT NULL THEN 'stated' ELSE 'derived' END")},
      ${fact("setting", `coalesce(setting_code, ${VISIT_SETTING})`, "CASE WHEN setting_code IS NULL THEN 'derived' ELSE 'stated' END", { assumed: defaults.setting })},
      ${fact("facility_type", "facility_code", "'stated'")},
      ${fact("specialty", "visit_specialty", "'stated'")},
      ${fact("responder", "CASE WHEN mode_code IN ('SF', 'SA') THEN 'patient' WHEN mode_code IN ('PR', 'PA') THEN 'proxy' END", "'derived'")},
      CASE
        WHEN completion = 'entered-in-error' THEN 'SOURCE_ENTERED_IN_ERROR'
        WHEN instrument IS NULL THEN 'MAPPING_INSTRUMENT_UNKNOWN'
        WHEN instrument_kind = 'clinician' AND ${isUnlisted} THEN 'MAPPING_CLINICIAN_RATED'
        WHEN instrument_kind <> 'pro' AND ${isUnlisted} THEN 'MAPPING_INSTRUMENT_UNLISTED'
        WHEN completion = 'cancelled' THEN 'SOURCE_STATUS_CANCELLED'
        ${unfinished === "load" ? "" : "WHEN completion = 'incomplete' THEN 'SOURCE_STATUS_INCOMPLETE'"}
        WHEN NOT has_patient THEN 'MAPPING_NO_PATIENT'
        WHEN pro_date IS NULL THEN 'MAPPING_NO_DATE'
        ${checks}
        WHEN usable = 0 AND quarantined > 0 THEN worst
        WHEN usable = 0 THEN 'MAPPING_EMPTY'
      END AS problem
    FROM worded`,

    // The newest version of one source id wins, also one that the source has withdrawn; of equal ones the first delivery is kept.
    // Versions are compared as instants, because their texts may name different zones. Then the same answers under different ids.
    // Few came more than once, and only those are put in order: same and sitting are hashes that leave the others out.
    `CREATE TABLE mapped_administration AS
    WITH candidate AS (
      SELECT record_key, administration_key, patient_key, instrument, source_id, version_at, answered, content, problem,
        hash(${SAME}) AS same, ${ANSWERED} AS instant, hash(patient_key, instrument, instant) AS sitting
      FROM described_administration WHERE aside IS NULL AND (problem IS NULL OR problem = 'SOURCE_ENTERED_IN_ERROR')
    ), versions AS (
      SELECT administration_key, is_newest, row_number() OVER (PARTITION BY ${SAME} ORDER BY is_newest DESC, record_key, administration_key) AS version
      FROM (
        SELECT *, (content, problem) IS NOT DISTINCT FROM (first(content) OVER latest, first(problem) OVER latest) AS is_newest
        FROM candidate WHERE ${isRepeated("same", "candidate")}
        WINDOW latest AS (PARTITION BY ${SAME}
          ORDER BY ${INSTANT} DESC NULLS LAST, version_at DESC NULLS LAST, record_key DESC)
      )
    ), standing AS (
      SELECT c.* FROM candidate c LEFT JOIN versions v USING (administration_key) WHERE coalesce(v.version, 1) = 1 AND c.problem IS NULL
    ), copies AS (
      SELECT administration_key,
        row_number() OVER (PARTITION BY patient_key, instrument, instant, content ORDER BY record_key, administration_key) AS copy,
        row_number() OVER (PARTITION BY patient_key, instrument, answered ORDER BY record_key, administration_key) AS nth
      FROM standing WHERE ${isRepeated("sitting", "standing")}
    ), judged AS (
      SELECT d.*, v.version, v.version > 1 AND v.is_newest AS is_same, c.copy, coalesce(c.nth, 1) AS nth
      FROM described_administration d
      LEFT JOIN versions v USING (administration_key)
      LEFT JOIN copies c USING (administration_key)
    )
    SELECT * EXCLUDE (version, is_same, copy, nth, problem, aside, aside_reason),
      coalesce(source_id, concat_ws('|', patient_key, instrument, answered, nth)) || '|' || instrument AS pro_seq_key,
      CASE
        WHEN aside IS NOT NULL THEN aside
        WHEN is_same THEN 'duplicate'
        WHEN version > 1 THEN 'superseded'
        WHEN problem = 'SOURCE_ENTERED_IN_ERROR' THEN 'withdrawn'
        WHEN problem IN ('MAPPING_INSTRUMENT_UNKNOWN', 'MAPPING_CLINICIAN_RATED', 'MAPPING_INSTRUMENT_UNLISTED', 'SOURCE_STATUS_INCOMPLETE', 'SOURCE_STATUS_CANCELLED', 'MAPPING_EMPTY') THEN 'out_of_scope'
        WHEN problem IS NOT NULL THEN 'quarantined'
        WHEN copy > 1 THEN 'duplicate'
        ELSE 'loaded'
      END AS state,
      CASE
        WHEN aside IS NOT NULL THEN aside_reason
        WHEN is_same THEN 'MAPPING_SAME_AGAIN'
        WHEN version > 1 THEN 'MAPPING_NEWER_VERSION'
        WHEN problem IS NOT NULL THEN problem
        WHEN copy > 1 THEN 'MAPPING_SAME_AGAIN'
      END AS reason
    FROM judged`,

    // An answer can be no better off than its administration.
    `UPDATE placed_response r SET state = a.state, reason = a.reason
    FROM mapped_administration a
    WHERE a.administration_key = r.administration_key AND a.state <> 'loaded'
      AND NOT (r.state = 'quarantined' AND a.state IN ('quarantined', 'out_of_scope')
        AND a.reason NOT IN ('MAPPING_CLINICIAN_RATED', 'MAPPING_INSTRUMENT_UNLISTED') AND NOT starts_with(a.reason, 'CONSENT_'))
      AND NOT (r.reason IS NOT DISTINCT FROM 'MAPPING_NARRATIVE_UNMATCHED' AND a.state = 'out_of_scope')`,

    "DROP TABLE counted_administration",
    "DROP TABLE described_administration",
    "DROP TABLE dated_administration",
  ];
}
