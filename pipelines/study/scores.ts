import { text, textList } from "../../warehouse/sql.ts";
import { where } from "./compile-step.ts";
import type { Study } from "./read-study.ts";
import type { Outcome } from "./schema.ts";

/** The scores of an outcome that the study counts, one row an administration, in grid units. */
export function compileScores(
  study: Study,
  outcome: Outcome,
  decimals: number,
  sites: readonly string[] | undefined,
): string {
  return [
    "-- the score that studies use, one row an administration, in grid units",
    "SELECT",
    "  r.datamartid,",
    "  r.patid,",
    "  d.pro_seq,",
    "  r.pro_date,",
    "  r.pro_time,",
    "  r.pro_method AS method,",
    "  r.pro_mode AS mode,",
    ...(needsCollection(study) ? ["  k.channel,", "  k.setting,"] : []),
    "  d.scale,",
    "  d.decimals,",
    `  CAST(round(r.pro_response_num * ${10 ** decimals}) AS BIGINT) AS grid,`,
    `  r.pro_response_num * ${10 ** decimals} AS exact_grid`,
    ...fromScores(study, outcome, sites),
  ].join("\n");
}

/**
 * How the scores of an outcome lie on their grid: one row for each scale and number of decimals in use, with the number of
 * scores and of those that are no integer number of grid units, both as digits. Runs with the step `score` in scope.
 */
export const GRID_CHECK = [
  "SELECT",
  "  scale,",
  "  CAST(decimals AS VARCHAR) AS decimals,",
  "  CAST(count(*) AS VARCHAR) AS scores,",
  "  CAST(sum(CASE WHEN grid <> exact_grid THEN 1 ELSE 0 END) AS VARCHAR) AS off_grid",
  "FROM score",
  "GROUP BY scale, decimals",
].join("\n");

/** Whether the study asks how answers were collected beyond what the CDM says. */
export function needsCollection({ collection, strata, models }: Study): boolean {
  const covariates = models.flatMap((model) => model.covariates);
  return (
    [collection?.channel, collection?.setting, collection?.language].some(Boolean) ||
    strata.some((variable) => variable === "channel" || variable === "setting") ||
    covariates.some((one) => typeof one === "string" && /^(channel|setting)=/.test(one))
  );
}

function allowsProvisional({ include_provisional: named }: Study, instrument: string): boolean {
  return Array.isArray(named) ? named.includes(instrument) : named;
}

/** What every output of an outcome says about its scores: that provisional or linked ones count. */
export type ScoreFlag = "provisional" | "linked";

export function flagsOf(study: Study, { instrument }: Outcome): ScoreFlag[] {
  return [
    ...(allowsProvisional(study, instrument) ? (["provisional"] as const) : []),
    ...(study.include_linked ? (["linked"] as const) : []),
  ];
}

function fromScores(
  study: Study,
  outcome: Outcome,
  sites: readonly string[] | undefined,
): string[] {
  const { method, mode, cat, channel, setting, language } = study.collection ?? {};
  const oneOf = (column: string, values: readonly string[] | undefined) =>
    values ? [`${column} IN ${textList(values)}`] : [];
  return [
    "FROM pro_cm AS r",
    "JOIN pro_cm_detail AS d",
    "  ON d.datamartid = r.datamartid AND d.patid = r.patid AND d.pro_cm_id = r.pro_cm_id",
    ...(needsCollection(study)
      ? [
          "LEFT JOIN pro_collection AS k",
          "  ON k.datamartid = d.datamartid AND k.patid = d.patid AND k.pro_seq = d.pro_seq",
        ]
      : []),
    ...where([
      ...isCounted(study, outcome, "d", "r"),
      ...(study.complete_scores ? hasOthers(study, outcome) : []),
      ...oneOf("r.pro_method", method),
      ...oneOf("r.pro_mode", mode),
      ...oneOf("r.pro_cat", cat),
      ...oneOf("k.channel", channel),
      ...oneOf("k.setting", setting),
      ...oneOf("k.language", language),
      ...oneOf("r.datamartid", sites),
    ]),
  ];
}

/** That the administration has the study's other scores of the instrument too. */
function hasOthers(study: Study, { instrument, score }: Outcome): string[] {
  const scores = study.outcomes.filter((one) => one.instrument === instrument);
  const others = new Set(scores.map((one) => one.score).filter((one) => one !== score));
  return [...others].map((other) =>
    [
      "EXISTS (",
      "    SELECT 1 FROM pro_cm_detail AS e",
      "    JOIN pro_cm AS q",
      "      ON q.datamartid = e.datamartid AND q.patid = e.patid AND q.pro_cm_id = e.pro_cm_id",
      ...where([
        "e.datamartid = d.datamartid AND e.patid = d.patid AND e.pro_seq = d.pro_seq",
        ...isCounted(study, { instrument, score: other }, "e", "q"),
      ]).map((line) => `    ${line}`),
      "  )",
    ].join("\n"),
  );
}

/** Conditions on a row of pro_cm_detail and of pro_cm: they hold a score that the study counts. */
function isCounted(study: Study, { instrument, score }: Outcome, d: string, r: string): string[] {
  return [
    `${d}.kind = 'score'`,
    study.include_linked ? `(${d}.preferred OR ${d}.origin = 'linked')` : `${d}.preferred`,
    `${d}.instrument = ${text(instrument)}`,
    `${d}.name = ${text(score)}`,
    `${r}.pro_response_num IS NOT NULL`,
    ...(study.include_linked ? [] : [`${d}.origin <> 'linked'`]),
    ...(allowsProvisional(study, instrument)
      ? []
      : [
          `(${d}.confidence IS NULL OR ${d}.confidence LIKE 'high%' OR ${d}.confidence = 'medium-high')`,
        ]),
  ];
}
