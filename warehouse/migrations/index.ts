import { cdmV7 } from "./0001-cdm-v7.ts";
import { companion } from "./0002-companion.ts";
import { proScore } from "./0003-pro-score.ts";
import { submission } from "./0004-submission.ts";
import { observations } from "./0005-observations.ts";
import { collectionOrigins } from "./0006-collection-origins.ts";
import { publication } from "./0007-publication.ts";
import { readingScores } from "./0008-reading-scores.ts";
import { analystViews } from "./0009-analyst-views.ts";
import { roles } from "./0010-roles.ts";
import { partialDates } from "./0011-partial-dates.ts";
import type { WarehouseMigration } from "./migration.ts";

/** The schema's history by file name, in order. */
export const MIGRATIONS: Readonly<Record<string, WarehouseMigration>> = {
  "0001-cdm-v7": cdmV7,
  "0002-companion": companion,
  "0003-pro-score": proScore,
  "0004-submission": submission,
  "0005-observations": observations,
  "0006-collection-origins": collectionOrigins,
  "0007-publication": publication,
  "0008-reading-scores": readingScores,
  "0009-analyst-views": analystViews,
  "0010-roles": roles,
  "0011-partial-dates": partialDates,
};

export type { Capabilities } from "./migration.ts";
