/** One statement of the pipeline. */
export interface Statement {
  /** The module that writes it: mapping/cdm. */
  module: string;
  sql: string;
}

/** How a column comes about in one statement. */
export interface Definition {
  statement: Statement;
  /** The table that the statement makes. */
  table: string;
  column: string;
  /** What stands before AS column. */
  expression: string;
}

/**
 * Follows a column from the table that holds it back towards the intake tables: the expression that makes it, then those of the
 * columns in that expression, in tables that the statement reads.
 */
export function traceColumn(
  statements: readonly Statement[],
  table: string,
  column: string,
): Definition[] {
  const byTable = new Map(statements.map((one) => [tableOf(one.sql), one]));
  const found: Definition[] = [];
  const seen = new Set<string>();
  const visit = (at: string, name: string, depth: number): void => {
    const key = `${at}.${name}`;
    const statement = byTable.get(at);
    if (!statement || seen.has(key) || depth > 8) return;
    seen.add(key);
    const expressions = expressionsFor(statement.sql, name);
    for (const expression of expressions) {
      if (expression !== name) found.push({ statement, table: at, column: name, expression });
    }
    const names = [...new Set([name, ...expressions.flatMap(identifiersOf)])];
    // A column of an earlier part of the same statement.
    for (const one of names) if (one !== name) visit(at, one, depth + 1);
    for (const source of tablesIn(statement.sql)) {
      if (source !== at) for (const one of names) visit(source, one, depth + 1);
    }
  };
  visit(table, column, 0);
  return found;
}

/** The table that a statement creates. */
export function tableOf(sql: string): string {
  return /CREATE (?:OR REPLACE )?(?:TEMP )?(?:TABLE|VIEW) "?(\w+)"?/.exec(sql)?.[1] ?? "";
}

/** The tables that a statement reads. */
export function tablesIn(sql: string): string[] {
  return [
    ...new Set([...sql.matchAll(/\b(?:FROM|JOIN)\s+"?(\w+)"?/g)].map(([, name]) => name ?? "")),
  ];
}

/** The expressions that stand before `AS name`; the name alone where a column is passed on as it is. */
export function expressionsFor(sql: string, name: string): string[] {
  const found: string[] = [];
  const pattern = new RegExp(`\\sAS\\s+"?${name}"?(?![\\w"])`, "g");
  for (const match of sql.matchAll(pattern)) {
    const expression = before(sql, match.index);
    if (expression && !/^(WITH|CREATE)\b/i.test(expression)) found.push(expression);
  }
  if (found.length === 0 && new RegExp(`[\\s,.]${name}\\b`).test(sql)) found.push(name);
  return [...new Set(found)];
}

/** What stands before a position, back to the comma or keyword that begins the item. */
function before(sql: string, end: number): string {
  let depth = 0;
  let at = end - 1;
  for (; at >= 0; at--) {
    const sign = sql[at];
    if (sign === ")") depth++;
    else if (sign === "(") {
      if (depth === 0) break;
      depth--;
    } else if (depth === 0 && sign === ",") break;
    else if (
      depth === 0 &&
      /^(SELECT|DISTINCT|REPLACE)\s/i.test(sql.slice(at, at + 9)) &&
      !/\w/.test(sql[at - 1] ?? " ")
    ) {
      at += /^\w+/.exec(sql.slice(at))?.[0].length ?? 0;
      break;
    }
  }
  return sql
    .slice(at + 1, end)
    .replaceAll(/\s+/g, " ")
    .trim();
}

const KEYWORDS = new Set(
  "case when then else end and or not is null in like coalesce cast as select from where distinct left right min max count any_value".split(
    " ",
  ),
);

/** The columns that an expression reads. */
export function identifiersOf(expression: string): string[] {
  const plain = expression.replaceAll(/'(?:[^']|'')*'/g, " ");
  return [...plain.matchAll(/(?:\b\w+\.)?\b([a-z_][a-z0-9_]*)\b(?!\s*\()/g)]
    .map(([, name]) => name ?? "")
    .filter((name) => name.length > 2 && !KEYWORDS.has(name));
}
