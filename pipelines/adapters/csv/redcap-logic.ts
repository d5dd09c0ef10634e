import { text } from "../../../warehouse/sql.ts";
import { cell } from "./expressions.ts";

/** A branching rule as SQL over the cells of one row, and the columns that it reads. */
export interface Logic {
  sql: string;
  columns: string[];
}

const TOKEN =
  /\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|<>|!=|<=|>=|[=<>()]|and\b|or\b|[a-z_]\w*)/giy;

/**
 * What REDCap's "show the field only if" says about a row: comparisons of fields, checkboxes and constants, joined by and, or and
 * brackets. Null for anything more (functions, smart variables, fields of other events): nobody can then say whether a question
 * was shown. Source: REDCap's own help text on branching logic; its empty field equals "".
 */
export function compileLogic(logic: string, columns: ReadonlySet<string>): Logic | null {
  const tokens = tokensOf(logic);
  if (tokens === null) return null;
  const read: string[] = [];
  let at = 0;
  const is = (word: string) => tokens[at]?.toLowerCase() === word;

  const either = (): string => {
    const parts = [both()];
    while (is("or")) {
      at++;
      parts.push(both());
    }
    return parts.length === 1 ? String(parts[0]) : `(${parts.join(" OR ")})`;
  };
  const both = (): string => {
    const parts = [one()];
    while (is("and")) {
      at++;
      parts.push(one());
    }
    return parts.length === 1 ? String(parts[0]) : `(${parts.join(" AND ")})`;
  };
  const one = (): string => {
    if (is("(")) {
      at++;
      const inner = either();
      if (!is(")")) throw new NotUnderstood();
      at++;
      return inner;
    }
    const left = operand(tokens[at++]);
    const sign = tokens[at++] ?? "";
    const right = operand(tokens[at++]);
    return compare(left, sign, right);
  };
  const operand = (token = ""): Operand => {
    const found = operandOf(token, columns);
    // An event in front of the field: its answer stands in another row.
    if (found.column && tokens[at]?.startsWith("[")) throw new NotUnderstood();
    if (found.column) read.push(found.column);
    return found;
  };

  try {
    const sql = either();
    return at === tokens.length ? { sql, columns: read } : null;
  } catch (error) {
    if (error instanceof NotUnderstood) return null;
    throw error;
  }
}

class NotUnderstood extends Error {}

interface Operand {
  sql: string;
  column?: string;
}

function tokensOf(logic: string): string[] | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const source = logic.trimEnd();
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (!match?.[1]) return null;
    tokens.push(match[1]);
  }
  return tokens.length ? tokens : null;
}

function operandOf(token: string, columns: ReadonlySet<string>): Operand {
  const field = /^\[(\w+)(?:\((-?\w+)\))?\]$/.exec(token);
  if (field?.[1]) {
    const column = field[2] === undefined ? field[1] : checkboxColumn(field[1], field[2]);
    if (!columns.has(column.toLowerCase())) throw new NotUnderstood();
    return { sql: `coalesce(${cell(column)}, '')`, column };
  }
  if (/^["'-]|^\d/.test(token)) return { sql: text(token.replace(/^["']|["']$/g, "")) };
  throw new NotUnderstood();
}

/** REDCap names the column of a checkbox's option name___code, in lower case and with _ for a minus. */
export function checkboxColumn(field: string, code: string): string {
  return `${field}___${code.toLowerCase().replace("-", "_")}`;
}

function compare(left: Operand, sign: string, right: Operand): string {
  const number = ({ sql }: Operand) => `TRY_CAST(${sql} AS DOUBLE)`;
  const isEqual = `(${left.sql} = ${right.sql} OR coalesce(${number(left)} = ${number(right)}, false))`;
  if (sign === "=") return isEqual;
  if (sign === "<>" || sign === "!=") return `NOT ${isEqual}`;
  if (!/^[<>]=?$/.test(sign)) throw new NotUnderstood();
  return `coalesce(${number(left)} ${sign} ${number(right)}, false)`;
}
