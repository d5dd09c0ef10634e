/** One named step of a WITH list. */
export function compileStep(name: string, sql: string): string {
  return `${name} AS (\n${sql.replaceAll(/^(?=.)/gm, "  ")}\n)`;
}

/** A WHERE clause, one condition a line; nothing for none. */
export function where(conditions: readonly string[]): string[] {
  return conditions.map((sql, index) => `${index === 0 ? "WHERE" : "  AND"} ${sql}`);
}

/** Conditions that a day lies in the study's dates. */
export function inDates(
  day: string,
  dates: { from?: string | undefined; to?: string | undefined } | undefined,
): string[] {
  return [
    ...(dates?.from ? [`${day} >= DATE '${dates.from}'`] : []),
    ...(dates?.to ? [`${day} <= DATE '${dates.to}'`] : []),
  ];
}
