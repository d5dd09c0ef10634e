import type { z } from "zod";
import { nearest } from "../core/nearest.ts";
import { keysOf, schemasAt, wordsOf } from "./schema-at.ts";

export interface YamlFault {
  message: string;
  path: PropertyKey[];
  hint: string;
  /** A key of the object at `path` that is itself the matter. */
  key?: string | undefined;
}

type Issue = z.core.$ZodIssue;

/** What to tell about a file that does not fit its schema: the first fault, an unknown key before what it made missing. */
export function faultOf(error: z.ZodError, schema: z.ZodType, data: unknown): YamlFault {
  const issues = error.issues.map((issue) => deepest(issue, data));
  const [first] = issues;
  const depth = first?.path.length ?? 0;
  const issue =
    issues.find(
      (one) => one.code === "unrecognized_keys" && one.path.length >= Math.max(0, depth - 1),
    ) ?? first;
  if (!issue) return { message: "the file does not fit its schema", path: [], hint: COMMENTS };
  const empty = emptied(issue, data);
  if (empty) return { ...empty, path: issue.path };
  const schemas = schemasAt(schema, issue.path, data);
  return {
    message: messageOf(issue, valueAt(data, issue.path)),
    path: issue.path,
    hint: hintOf(issue, schemas, valueAt(data, issue.path)),
    key: issue.code === "unrecognized_keys" ? issue.keys[0] : undefined,
  };
}

const COMMENTS = "see the comments in the file that propool init or propool study new writes";

const HOLDERS = ["array", "object", "record"];

/** A key with nothing under it, as a draft leaves it whose lines are all commented out. */
function emptied(issue: Issue, data: unknown): Pick<YamlFault, "message" | "hint"> | null {
  if (issue.code !== "invalid_type" || !HOLDERS.includes(issue.expected)) return null;
  const key = issue.path.at(-1);
  if (typeof key !== "string" || valueAt(data, issue.path) !== null) return null;
  const entries = issue.path.map((_, i) => valueAt(data, issue.path.slice(0, i)));
  const match = entries.map((one) => (one as { match?: unknown } | null)?.match).findLast(Boolean);
  return {
    message: `nothing stands under ${key}${match ? ` of the entry that reads ${match}` : ""}: its lines are missing or all commented out`,
    hint: `take the # away from the lines under ${key} that are right, or put one before ${key} too${match ? ", or take the whole entry out" : ""}`,
  };
}

/** Inside a union, the fault of the option that the data was meant to be: the one whose own kind fits. */
function deepest(issue: Issue, data: unknown): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const meant = issue.errors.filter(
    (errors) => !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  const [only] = meant;
  const inner = meant.length === 1 ? only?.[0] : closestOption(meant);
  if (!inner) return issue;
  return deepest({ ...inner, path: [...issue.path, ...inner.path] } as Issue, data);
}

/** Among several options, the one that knows all keys but misspelt ones of the others. */
function closestOption(meant: readonly Issue[][]): Issue | undefined {
  const ranked = meant
    .map((errors) => ({ errors, strangers: strangersIn(errors) }))
    .toSorted((a, b) => a.strangers - b.strangers || a.errors.length - b.errors.length);
  const [best, second] = ranked;
  if (!best || best.strangers === second?.strangers) return undefined;
  return best.errors[0];
}

function strangersIn(errors: readonly Issue[]): number {
  return errors.reduce(
    (sum, one) => sum + (one.code === "unrecognized_keys" ? one.keys.length : 0),
    0,
  );
}

function messageOf(issue: Issue, value: unknown): string {
  const isMissing = value === undefined && issue.code !== "unrecognized_keys";
  if (isMissing && issue.path.length > 0) return `${String(issue.path.at(-1))} is missing`;
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown key ${issue.keys.join(", ")}`;
    case "invalid_type":
      if (!issue.message.startsWith("Invalid input")) return issue.message;
      return `expected ${KINDS[issue.expected] ?? issue.expected}, found ${kindOf(value)}`;
    case "invalid_value":
      if (!issue.message.startsWith("Invalid")) return issue.message;
      return `expected one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return issue.message.startsWith("Invalid discriminator")
        ? `expected one of ${listedIn(issue).join(", ")}`
        : issue.message;
    default:
      return issue.message;
  }
}

function hintOf(issue: Issue, schemas: ReturnType<typeof schemasAt>, value: unknown): string {
  if (issue.code === "unrecognized_keys") {
    const known = keysOf(schemas);
    const near = nearest(issue.keys[0] ?? "", known);
    if (near) return `did you mean ${near}?`;
    return known.length > 0 ? `known keys here: ${known.join(", ")}` : COMMENTS;
  }
  const words = [...wordsOf(schemas), ...listedIn(issue)];
  const near = typeof value === "string" ? nearest(value, words) : undefined;
  if (near !== undefined && near !== value) return `did you mean ${near}?`;
  if (words.length > 0) return `write one of ${[...new Set(words)].join(", ")}`;
  const known = value === undefined ? [] : keysOf(schemas);
  return known.length > 0 ? `keys here: ${known.join(", ")}` : COMMENTS;
}

function listedIn(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code === "invalid_union" && "options" in issue)
    return (issue.options ?? []).map(String);
  return [];
}

const KINDS: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "keys with values",
  record: "keys with values",
  array: "a list",
  tuple: "a list",
};

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "keys with values";
  if (typeof value === "boolean") return `${value}, which YAML takes for true or false: quote it`;
  return typeof value === "number" ? "a number: quote it if it is a text" : "a text";
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | null | undefined)?.[step],
    data,
  );
}
