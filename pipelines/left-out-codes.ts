import type { DuckDb } from "../warehouse/duckdb.ts";
import { isShared } from "./profile/mask.ts";

/** Codes of rows that were left out because nobody knows them: items of a site's own may be among them. */
export interface LeftOutCodes {
  codes: { file: string; code: string; count: number }[];
  /** Codes that few rows have: they may name somebody, and are only counted. */
  rare: number;
}

const SHOWN = 25;

/** In: `intake_unknown_code`. The most frequent first. */
export async function readLeftOutCodes(db: DuckDb): Promise<LeftOutCodes> {
  const all = await db.all<LeftOutCodes["codes"][number]>(
    "SELECT where_file AS file, code, CAST(times AS DOUBLE) AS count FROM intake_unknown_code ORDER BY count DESC, code",
  );
  const shared = all.filter(({ code, count }) => isShared(code, count));
  return { codes: shared.slice(0, SHOWN), rare: all.length - shared.length };
}
