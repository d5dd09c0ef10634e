import { readFile } from "node:fs/promises";
import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { z } from "zod";
import { type ErrorCode, ProError, type Where } from "../core/errors.ts";
import { faultOf } from "./yaml-fault.ts";

/**
 * Reads a YAML file that a person wrote and checks it. The error names file, line and column, the path of the key, what was
 * expected and, for an unknown word, the nearest known one.
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
      where: { file: path, record: placeText(lines, syntax.pos[0]) },
      hint: "indent with blanks, and quote texts that hold : or #",
    });
  }
  const data = expand(document, path, code);
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const fault = faultOf(result.error, schema, data);
  const pointer = fault.path.map(String);
  const at = nearestNode(document.contents, pointer, fault.key);
  throw new ProError(code, fault.message, {
    where: {
      file: path,
      record: placeText(lines, at?.range?.[0] ?? 0),
      pointer: pointer.join(".") || "(top level)",
    },
    hint: fault.hint,
    cause: result.error,
  });
}

/**
 * Where a key stands in a YAML file: for problems that are found when several files are read together. A file that cannot be
 * read any more has no line.
 */
export async function placeInYaml(
  path: string,
  pointer: readonly (string | number)[],
): Promise<Where> {
  const where = { file: path, pointer: pointer.join(".") };
  const source = await readFile(path, "utf8").catch(() => null);
  if (source === null) return where;
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const node = nearestNode(document.contents, pointer.map(String));
  return { ...where, record: placeText(lines, node?.range?.[0] ?? 0) };
}

function placeText(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`;
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

/** The node at a path, or as far as the path leads; `key` names a key in it that is itself the matter. */
function nearestNode(contents: unknown, path: string[], key?: string): Node | undefined {
  let current = contents;
  for (const step of path) {
    const next = (current as YAMLMap | undefined)?.get?.(
      isMap(current) ? keyOf(current, step) : Number(step),
      true,
    );
    if (!next) break;
    current = next;
  }
  // The key itself: the object that holds it may begin many lines above.
  const found = key === undefined ? undefined : pairOf(current, key)?.key;
  return (isScalar(found) ? found : current) as Node | undefined;
}

/** Keys such as 2 are numbers in YAML and texts in a path. */
function keyOf(map: YAMLMap, step: string): unknown {
  const key = pairOf(map, step)?.key;
  return isScalar(key) ? key.value : step;
}

function pairOf(node: unknown, key: string): Pair | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}
