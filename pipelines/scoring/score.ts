import { COMPUTE } from "./compute.ts";
import { RECONCILE } from "./reconcile.ts";
import { UNANSWERED } from "./unanswered.ts";

/** They have as many rows as scores, and would be kept until morning. */
const WORKING_TABLES = [
  ...["item_sum", "computed_sum", "reported_score", "starting_score", "composed_score"],
  ...["computed_score", "paired_score", "explained_score", "judged_score"],
];

/**
 * Recomputes scores from items, reconciles them with what the source reported, and keeps both where they differ.
 *
 * In: loaded rows of `mapped_response` and `mapped_administration`, `catalogue_*`. Out: `mapped_score` (see reconcile.ts),
 * `hidden_item` and `administration_version` (see compute.ts),
 * `unanswered_item` (see unanswered.ts). A score whose missing-item rule is broken, or one of whose items is
 * quarantined, is not computed, and says why.
 */
export const SCORE = [
  ...COMPUTE,
  ...RECONCILE,
  ...UNANSWERED,
  ...WORKING_TABLES.map((table) => `DROP TABLE ${table}`),
];
