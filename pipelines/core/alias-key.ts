/** A name in lower case, with one blank for what is neither letter nor digit: `Post-Op EQ5D3L` is `post op eq5d3l`. */
export function aliasKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

/** The same as SQL. */
export function aliasKeySql(expression: string): string {
  return `trim(regexp_replace(lower(${expression}), '[^a-z0-9]+', ' ', 'g'))`;
}
