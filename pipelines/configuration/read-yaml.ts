import { readFile } from "node:fs/promises";
import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { z } from "zod";
import { type ErrorCode, ProError } from "../core/errors.ts";

/**
 * Reads a YAML file that a person wrote and checks it. The error names file, line, the path of the key, what was expected and,
 * for an unknown key, the nearest known one.
 *
 * @throws ProError with `code` when the file is missing, is no YAML, or does not fit the schema.
 */
export async function readYaml<S extends z.ZodType>(
  path: string,
  schema: S,
  code: ErrorCode,
): Promise<z.output<S>> {
  const source = await readFile(path, "utf8").catch((cause) => {
    throw new ProError(code, "the file cannot be read", {
      where: { file: path },
      hint: "check the name and the permissions, or write a new one with propool init",
      cause,
    });
  });
  return parseYaml(source, path, schema, code);
}

export function parseYaml<S extends z.ZodType>(
  source: string,
  path: string,
  schema: S,
  code: ErrorCode,
): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax) {
    throw new ProError(code, `not valid YAML: ${syntax.message}`, {
      where: { file: path, record: `line ${lines.linePos(syntax.pos[0]).line}` },
      hint: "indent with blanks, and quote texts that hold : or #",
    });
  }
  const result = schema.safeParse(expand(document, path, code));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const pointer = (issue?.path ?? []).map(String);
  const node = nearestNode(document.contents, pointer);
  const range = strangerIn(node, issue)?.range ?? node?.range;
  const line = range ? lines.linePos(range[0]).line : 1;
  throw new ProError(code, describe(issue), {
    where: { file: path, record: `line ${line}`, pointer: pointer.join(".") || "(top level)" },
    hint: hint(issue, schema, pointer),
    cause: result.error,
  });
}

/** A hundred aliases are more than any of our files needs; the limit stops an alias bomb. */
function expand(document: Document, path: string, code: ErrorCode): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new ProError(code, "the aliases (*name) of the file lead nowhere or are too many", {
      where: { file: path },
      hint: "write the values out",
      cause,
    });
  }
}

type ZodIssue = z.core.$ZodIssue;

/** The first unknown key itself: the object that holds it may begin many lines above. */
function strangerIn(node: Node | undefined, issue: ZodIssue | undefined): Node | undefined {
  if (!isMap(node) || issue?.code !== "unrecognized_keys") return undefined;
  const keys = node.items.map((pair) => pair.key);
  return keys.filter(isScalar).find((key) => String(key.value) === issue.keys[0]);
}

function describe(issue: ZodIssue | undefined): string {
  if (issue?.code === "unrecognized_keys") return `unknown key ${issue.keys.join(", ")}`;
  return issue?.message ?? "the file does not fit its schema";
}

function hint(issue: ZodIssue | undefined, schema: z.ZodType, path: string[]): string {
  if (issue?.code !== "unrecognized_keys")
    return "see the comments in the file that propool init writes";
  const known = knownKeys(schema, path);
  const wanted = issue.keys[0] ?? "";
  const [nearest] = known.toSorted((a, b) => editDistance(wanted, a) - editDistance(wanted, b));
  return nearest && editDistance(wanted, nearest) <= 3
    ? `did you mean ${nearest}?`
    : `known keys here: ${known.join(", ")}`;
}

/** The keys that an object schema at `path` allows; none where the path leads through a union or a record. */
function knownKeys(schema: z.ZodType, path: string[]): string[] {
  let current: unknown = schema;
  for (const key of path) current = unwrap(shapeOf(current)[key]);
  return Object.keys(shapeOf(current));
}

function unwrap(schema: unknown): unknown {
  let current = schema as { unwrap?: () => unknown } | undefined;
  while (typeof current?.unwrap === "function") current = current.unwrap() as typeof current;
  return current;
}

function shapeOf(schema: unknown): Record<string, unknown> {
  return (unwrap(schema) as { shape?: Record<string, unknown> } | undefined)?.shape ?? {};
}

function nearestNode(contents: unknown, path: string[]): Node | undefined {
  let current = contents;
  for (const key of path) {
    const next = (current as YAMLMap | undefined)?.get?.(isMap(current) ? key : Number(key), true);
    if (!next) break;
    current = next;
  }
  return current as Node | undefined;
}

/** Levenshtein distance: how many letters to change, add or drop. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
