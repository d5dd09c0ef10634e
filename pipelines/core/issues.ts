import type { Where } from "./errors.ts";

/** A problem in the data: collected, counted by code and reported, never thrown. */
export interface Issue {
  /** Stable, upper-snake, stage first: `SOURCE_MALFORMED`. */
  code: string;
  /** What is wrong, in one sentence, without a patient's value. */
  message: string;
  /** What a data steward does about it. */
  hint: string;
  /** Rows concerned. */
  count: number;
  /** The first few places. */
  examples: Where[];
}
