/** A day, or a day and a time, as exports put it into their names. */
const STAMP =
  /(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?:[-_.T]?\d{4,6})?(?!\d)/;

/** The glob that a file's name is: signs that mean something else in a glob stand for any one sign. */
export const globOf = (name: string): string => name.replaceAll(/[[\]{}*?!\\]/g, "?");

/** A line for a file whose name holds a day: tomorrow's export would match no entry. */
export function stampHints(name: string): string[] {
  if (!STAMP.test(name)) return [];
  return [
    `  # The name holds a day. If each export has its own, write match: ${JSON.stringify(globOf(name).replace(STAMP, "*"))}; a night without a file that matches stops.`,
  ];
}
