/**
 * Items without an answer that the source does not list. In: `mapped_administration`, `mapped_response`, `hidden_item`,
 * `catalogue_*`. Out: `unanswered_item`, one row an item: administration_key, item, answer_state
 *
 * - not_shown: a branch of the form led past it;
 * - skipped: the form was filled in as a whole (a FHIR response leaves unanswered items out) and the item is not optional.
 *
 * Whatever else is absent was not collected and has no row: single answers, libraries of items, adaptive tests. Those that the
 * source lists without an answer are in `mapped_response`.
 */
export const UNANSWERED = [
  `CREATE TABLE unanswered_item AS
  WITH required AS (
    SELECT instrument, count(*) FILTER (NOT optional) AS items FROM catalogue_item GROUP BY instrument
  ), gappy AS (
    SELECT a.administration_key, a.instrument, a.completion = 'complete' AND a.where_pointer = 'QuestionnaireResponse' AND NOT c.library AS is_whole
    FROM mapped_administration a JOIN required q USING (instrument) JOIN catalogue_instrument c USING (instrument)
    WHERE a.state = 'loaded' AND a.pro_cat <> 'Y' AND a.items_answered > 0 AND a.items_given < q.items
  ), absent AS (
    SELECT g.administration_key, g.instrument, i.item, g.is_whole AND NOT i.optional AS is_skipped
    FROM gappy g JOIN catalogue_item i USING (instrument)
    ANTI JOIN (SELECT administration_key, name AS item FROM mapped_response WHERE kind = 'item') r USING (administration_key, item)
  )
  SELECT a.administration_key, a.item, CASE WHEN h.item IS NOT NULL THEN 'not_shown' ELSE 'skipped' END AS answer_state
  FROM absent a
  LEFT JOIN hidden_item h ON h.administration_key = a.administration_key AND h.item = a.item
  WHERE h.item IS NOT NULL OR a.is_skipped`,
];
