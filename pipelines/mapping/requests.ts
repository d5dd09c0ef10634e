import { wordSql } from "./words.ts";

const day = (expression: string) => `TRY_CAST(left(${expression}, 10) AS DATE)`;

/**
 * What people were asked to answer: the denominator of response rates. An order is carried out by tasks or messages; where these
 * are there, they count and the order does not, so that nobody is asked twice by one request.
 *
 * In: `intake_request`, `code`, `word`, `patient`, `set_aside`, `mapped_administration`. Out: `mapped_request` with state and reason;
 * `request` is its stable key, `order_request` that of the order it carries out, `pro_seq_key` the administration that it led to.
 */
export const MAP_REQUESTS = [
  `CREATE TABLE mapped_request AS
  WITH meaning AS (
    -- A panel says which instrument; an item's or a score's code does where only one instrument has it.
    SELECT code, code_system, any_value(instrument) AS instrument
    FROM code GROUP BY code, code_system HAVING count(DISTINCT instrument) = 1
    UNION ALL
    SELECT code, code_system, any_value(instrument) FILTER (kind = 'panel') AS panel
    FROM code GROUP BY code, code_system HAVING count(DISTINCT instrument) > 1 AND panel IS NOT NULL
  ), asked AS (
    SELECT DISTINCT instrument_code, instrument_system FROM intake_request
  ), known AS (
    SELECT a.instrument_code, a.instrument_system, min(m.instrument) AS instrument
    FROM asked a JOIN meaning m ON m.code = a.instrument_code AND (a.instrument_system IS NULL OR m.code_system IS NULL OR m.code_system = a.instrument_system)
    GROUP BY ALL HAVING count(DISTINCT m.instrument) = 1
  ), named AS (
    SELECT i.rowid AS row_key, i.*, m.instrument, p.patient_key IS NOT NULL AS has_patient, a.state AS aside, a.reason AS aside_reason
    FROM intake_request i
    LEFT JOIN known m ON m.instrument_code = i.instrument_code AND m.instrument_system IS NOT DISTINCT FROM i.instrument_system
    LEFT JOIN patient p USING (patient_key)
    LEFT JOIN set_aside a USING (record_key)
  ), typed AS (
    SELECT * EXCLUDE (status, channel),
      patient_key || '|' || request_key || '|' || instrument AS request,
      patient_key || '|' || order_key || '|' || instrument AS order_request,
      coalesce(${wordSql("request_status", "status")}, 'unknown') AS status,
      ${wordSql("channel", "channel")} AS channel,
      ${day("requested_at")} AS requested, ${day("due_at")} AS due,
      administration_id || '|' || instrument AS pro_seq_key
    FROM named
  ), judged AS (
    SELECT *,
      CASE
        WHEN instrument IS NULL THEN 'SOURCE_ASKED_FOR'
        WHEN NOT has_patient THEN 'MAPPING_NO_PATIENT'
        WHEN request_key IS NULL THEN 'MAPPING_NO_KEY'
        WHEN requested IS NULL THEN 'MAPPING_NO_DATE'
      END AS problem,
      request IN (SELECT order_request FROM typed WHERE order_request IS NOT NULL AND aside IS NULL AND status <> 'entered-in-error') AS is_carried_out,
      row_number() OVER (PARTITION BY aside IS NULL, coalesce(request, CAST(row_key AS VARCHAR)) ORDER BY record_key DESC, row_key) AS nth
    FROM typed
  )
  SELECT * EXCLUDE (aside, aside_reason, problem, is_carried_out, nth),
    CASE
      WHEN aside IS NOT NULL THEN aside
      WHEN status = 'entered-in-error' AND nth = 1 THEN 'withdrawn'
      WHEN problem = 'SOURCE_ASKED_FOR' THEN 'out_of_scope'
      WHEN problem IS NOT NULL THEN 'quarantined'
      WHEN is_carried_out OR nth > 1 THEN 'duplicate'
      ELSE 'loaded'
    END AS state,
    CASE
      WHEN aside IS NOT NULL THEN aside_reason
      WHEN status = 'entered-in-error' AND nth = 1 THEN 'SOURCE_ENTERED_IN_ERROR'
      WHEN problem IS NOT NULL THEN problem
      WHEN is_carried_out THEN 'MAPPING_REQUEST_CARRIED_OUT'
      WHEN nth > 1 THEN 'MAPPING_SAME_AGAIN'
    END AS reason
  FROM judged ORDER BY row_key`,

  // The request that an administration follows: an order stands for the one task that carries it out.
  `CREATE TABLE followed_request AS
  WITH carried AS (
    SELECT order_request, min(request) AS request FROM mapped_request
    WHERE state = 'loaded' AND order_request IS NOT NULL GROUP BY order_request HAVING count(DISTINCT request) = 1
  ), followed AS (
    SELECT administration_key, pro_seq_key, patient_key || '|' || request_key || '|' || instrument AS stated
    FROM mapped_administration WHERE state = 'loaded' AND request_key IS NOT NULL
  ), led_to AS (
    SELECT pro_seq_key, min(request) AS request FROM mapped_request WHERE state = 'loaded' AND pro_seq_key IS NOT NULL GROUP BY pro_seq_key
  )
  SELECT a.administration_key, a.pro_seq_key, coalesce(l.request, c.request, f.stated) AS request
  FROM mapped_administration a
  LEFT JOIN followed f USING (administration_key)
  LEFT JOIN carried c ON c.order_request = f.stated
  LEFT JOIN led_to l ON l.pro_seq_key = a.pro_seq_key
  WHERE a.state = 'loaded' AND coalesce(l.request, f.stated) IS NOT NULL`,
];
