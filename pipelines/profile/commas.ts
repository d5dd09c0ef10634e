/** How the cells of a column that have a comma speak for and against what it may stand for. */
export interface Commas {
  /** Cells with a comma; null: a cell is neither a whole number nor two with a comma between them. */
  commas: number | null;
  /** Those that are no thousands: 0,500, 3,5. */
  notThousands: number;
  /** Those that are no two of at most twenty choices, in rising order: 12,0 and 3,50; 3,5 may be. */
  notChoices: number;
}

export const DECIMAL = "decimal comma";

/** The counts of `Commas` over the column `value` of a table with the column `n`, how often a value stands there. */
export const COMMAS_SQL = `CASE WHEN bool_and(regexp_full_match(value, '[-+]?\\d{1,12}(,\\d+)?')) THEN sum(n) FILTER (contains(value, ',')) END AS commas,
      coalesce(sum(n) FILTER (contains(value, ',') AND NOT regexp_full_match(value, '[-+]?[1-9]\\d{0,2},\\d{3}')), 0) AS "notThousands",
      coalesce(sum(n) FILTER (contains(value, ',') AND NOT coalesce(regexp_full_match(value, '\\d{1,2},([1-9]|1\\d|20)')
        AND TRY_CAST(split_part(value, ',', 1) AS INTEGER) < TRY_CAST(split_part(value, ',', 2) AS INTEGER), false)), 0) AS "notChoices"`;

/** What the comma in a column's numbers may stand for: more than one where its cells do not tell; none where it has none. */
export function commaFormats({ commas, notThousands, notChoices }: Commas): string[] {
  if (!commas) return [];
  return [
    DECIMAL,
    ...(notThousands === 0 ? ["thousands comma"] : []),
    ...(notChoices === 0 ? ["list of choices"] : []),
  ];
}

/** SQL for the number that a cell is, with a decimal comma where the column has one. */
export function numberSql(cell: string, commas: readonly string[]): string {
  return commas.includes(DECIMAL)
    ? `TRY_CAST(replace(${cell}, ',', '.') AS DOUBLE)`
    : `TRY_CAST(${cell} AS DOUBLE)`;
}

/** The same of a text; null where it is no plain number. */
export function numberOfText(value: string, commas: readonly string[]): number | null {
  const plain = commas.includes(DECIMAL) ? value.replace(",", ".") : value;
  return /^[-+]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}
