import { text, textList } from "../../warehouse/sql.ts";
import type { Study } from "./read-study.ts";
import type { Outcome } from "./schema.ts";

/** Decimals that a score grid can have: bounds the powers of ten below. */
const DECIMALS_MAX = 6;

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
    `  CAST(round(r.pro_response_num * ${10 ** decimals}) AS BIGINT) AS grid`,
    ...fromScores(study, outcome, sites),
  ].join("\n");
}

/**
 * How the scores of an outcome lie on their grid: one row for each scale and number of decimals in use, with the number of
 * scores and of those that are no integer number of grid units, both as digits.
 */
export function compileGridCheck(
  study: Study,
  outcome: Outcome,
  sites: readonly string[] | undefined = study.population.sites,
): string {
  const powers = Array.from(
    { length: DECIMALS_MAX + 1 },
    (_, decimals) => `WHEN ${decimals} THEN ${10 ** decimals}`,
  );
  const scaled = `r.pro_response_num * CAST(CASE d.decimals ${powers.join(" ")} END AS DECIMAL(7, 0))`;
  return [
    "SELECT",
    "  d.scale,",
    "  CAST(d.decimals AS VARCHAR) AS decimals,",
    "  CAST(count(*) AS VARCHAR) AS scores,",
    `  CAST(sum(CASE WHEN round(${scaled}) <> ${scaled} THEN 1 ELSE 0 END) AS VARCHAR) AS off_grid`,
    ...fromScores(study, outcome, sites),
    "GROUP BY d.scale, d.decimals",
  ].join("\n");
}

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
  { instrument, score }: Outcome,
  sites: readonly string[] | undefined,
): string[] {
  const { method, mode, cat, channel, setting, language } = study.collection ?? {};
  const oneOf = (column: string, values: readonly string[] | undefined) =>
    values ? [`  AND ${column} IN ${textList(values)}`] : [];
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
    "WHERE d.kind = 'score'",
    study.include_linked ? "  AND (d.preferred OR d.origin = 'linked')" : "  AND d.preferred",
    `  AND d.instrument = ${text(instrument)}`,
    `  AND d.name = ${text(score)}`,
    "  AND r.pro_response_num IS NOT NULL",
    ...(study.include_linked ? [] : ["  AND d.origin <> 'linked'"]),
    ...(allowsProvisional(study, instrument)
      ? []
      : [
          "  AND (d.confidence IS NULL OR d.confidence LIKE 'high%' OR d.confidence = 'medium-high')",
        ]),
    ...oneOf("r.pro_method", method),
    ...oneOf("r.pro_mode", mode),
    ...oneOf("r.pro_cat", cat),
    ...oneOf("k.channel", channel),
    ...oneOf("k.setting", setting),
    ...oneOf("k.language", language),
    ...oneOf("r.datamartid", sites),
  ];
}
