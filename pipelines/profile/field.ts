/** What a profile says of one field: a column, a path in resources of one type, a place in documents. */
export interface FieldProfile {
  /** The unit that holds the field: `row`, a resource type, a section. */
  record: string;
  /** The column's name or the path: `item[].answer[].valueCoding.code`. */
  path: string;
  type: FieldType;
  /**
   * How the values of a column are written: strptime formats of dates that fit every value, what the comma in numbers stands for. Two or
   * more: the values do not tell which one is meant.
   */
  formats: string[];
  /** Values that fit no such type, of those filled. */
  misfits: number;
  /** Records of the file (of that type), and those in which the field is filled. */
  records: number;
  filled: number;
  /** Different values; an estimate, seldom off by more than a fifth, where `isEstimated`; null: not counted. */
  distinct: number | null;
  isEstimated: boolean;
  /** The most frequent values of a coded field with their counts; of a field that may identify, their shapes (AAA-99). */
  values: FieldValue[];
  /** Why only shapes are shown; null: values are shown. */
  masked: string | null;
  /** Least and largest number, or month (year, where a date may identify). */
  least: string | null;
  largest: string | null;
}

export interface FieldValue {
  value: string;
  count: number;
}

/** Values with their counts from a list of structs, as DuckDB hands it over. */
export function valuesOf(list: { items: unknown[] } | null | undefined): FieldValue[] {
  return (list?.items ?? []).map((item) => {
    const { entries } = item as { entries: { value: string; count: number } };
    return { value: entries.value, count: Number(entries.count) };
  });
}

export type FieldType = "empty" | "integer" | "number" | "date" | "text" | "object" | "list";

/** What a profile says of one file, or of many files of documents together. */
export interface FileProfile {
  file: string;
  format: "csv" | "fhir" | "ccda";
  bytes: number;
  /** Records by type: rows, resources, documents. */
  records: Record<string, number>;
  /** Records that could not be read, by reason. */
  unread: Record<string, number>;
  /** How the text is written: delimiter, encoding; what a steward must know to read the file. */
  notes: string[];
  fields: FieldProfile[];
  /** Seconds that it took. */
  seconds: number;
}
