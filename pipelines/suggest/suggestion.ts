/** One thing that a draft says of a column, and how sure it is. */
export interface Suggestion {
  column: string;
  /** `patient_key`, `person.sex`, `phq-9/PHQ9_1`, `phq-9/total`; null: nothing was found for it. */
  role: string | null;
  /** Of the columns of one instrument that stand in a row more than once: what tells them apart (`pre op`). */
  context: string;
  /** 0 to 1: from `SURE` on it is drafted, below it is a commented line. */
  confidence: number;
  reason: string;
  /** Other roles that it may have, the likeliest first. */
  alternatives: string[];
  /** strptime formats, where the role is a date. */
  formats?: string[];
  /** The file's words for what the role expects: `{ "1": "0", "2": "1" }`. */
  words?: Record<string, string>;
}

export const SURE = 0.8;

export const isSure = ({ role, confidence }: Suggestion): boolean =>
  role !== null && confidence >= SURE;

/** A column as the profile found it; `values` are the file's own and are never printed unmasked. */
export interface ColumnEvidence {
  name: string;
  /** What the export says elsewhere of what the column asks: a line of labels, a data dictionary. */
  question?: string | undefined;
  index: number;
  type: string;
  /** How its dates are written, or what the comma in its numbers stands for; two or more: its values do not tell. */
  formats: string[];
  filled: number;
  rows: number;
  distinct: number;
  values: { value: string; count: number }[];
  /** Whether `values` are all there are. */
  isCoded: boolean;
  masked: string | null;
  /** Least and largest number of a column whose values are too many to list. */
  least: number | null;
  largest: number | null;
}
