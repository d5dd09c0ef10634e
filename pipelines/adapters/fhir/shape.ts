/**
 * What the adapter reads of a resource: a scalar (numbers are read as text, so that no digit is lost), a list, or an object
 * with named members. `JSON` is kept as it stands and looked into later; a function is kept so too, and gives the shape that it
 * must have: so a shape can hold itself.
 */
export type Shape =
  | "VARCHAR"
  | "BOOLEAN"
  | "JSON"
  | (() => Shape)
  | readonly [Shape]
  | { readonly [member: string]: Shape };

/** The DuckDB type of a shape: `STRUCT("a" VARCHAR)[]`. */
export function duckType(shape: Shape): string {
  if (typeof shape === "string") return shape;
  if (typeof shape === "function") return "JSON";
  if (isList(shape)) return `${duckType(shape[0])}[]`;
  const members = Object.entries(shape).map(([name, one]) => `"${name}" ${duckType(one)}`);
  return `STRUCT(${members.join(", ")})`;
}

/** The texts of a shape that stand once, as SQL: `"id"`, `"period"."start"`; those in lists are left out. */
export function textPaths(shape: { readonly [member: string]: Shape }, prefix = ""): string[] {
  return Object.entries(shape).flatMap(([name, one]) => {
    const path = `${prefix}"${name}"`;
    if (one === "VARCHAR") return path;
    return typeof one === "object" && !isList(one) ? textPaths(one, `${path}.`) : [];
  });
}

/** The same as a structure for `json_transform`, which allows missing and unknown members. */
export function jsonStructure(shape: Shape): string {
  return JSON.stringify(structure(shape));
}

function structure(shape: Shape): unknown {
  if (typeof shape === "string") return shape;
  if (typeof shape === "function") return "JSON";
  if (isList(shape)) return [structure(shape[0])];
  return Object.fromEntries(Object.entries(shape).map(([name, one]) => [name, structure(one)]));
}

/** The `columns` argument of `read_ndjson`: a DuckDB struct literal of name and type. */
export function duckColumns(shape: { readonly [column: string]: Shape }): string {
  const columns = Object.entries(shape).map(([name, one]) => `"${name}": '${duckType(one)}'`);
  return `{${columns.join(", ")}}`;
}

/** Levels of JSON; a level of a form is two or three of them. Real forms have a dozen. */
const DEPTH_MAX = 3000;

/**
 * Where a parsed value does not fit its shape, as a JSON pointer; null when it fits. Missing members and nulls fit, and
 * so does what DuckDB's strict reader accepts: any scalar for text.
 *
 * @throws RangeError when it is nested deeper than anything sensible.
 */
export function misfit(value: unknown, shape: Shape, pointer = "", depth = 0): string | null {
  if (depth > DEPTH_MAX) throw new RangeError("nested too deep");
  if (value === null || value === undefined || shape === "JSON") return null;
  if (typeof shape === "function") return misfit(value, shape(), pointer, depth);
  if (shape === "VARCHAR") return typeof value === "object" ? pointer : null;
  if (shape === "BOOLEAN") return typeof value === "boolean" ? null : pointer;
  if (isList(shape)) {
    if (!Array.isArray(value)) return pointer;
    return first(value.map((one, i) => () => misfit(one, shape[0], `${pointer}/${i}`, depth + 1)));
  }
  if (typeof value !== "object" || Array.isArray(value)) return pointer;
  const record = value as Record<string, unknown>;
  return first(
    Object.entries(shape).map(
      ([name, one]) =>
        () =>
          misfit(record[name], one, `${pointer}/${name}`, depth + 1),
    ),
  );
}

/**
 * The value with a list of one wherever an object stands alone in the place of a list, as converters from XML write what occurs
 * once. The same value where there is nothing to change; what fits neither way stays as it is.
 */
export function withLists(value: unknown, shape: Shape): unknown {
  if (typeof shape === "function") return withLists(value, shape());
  if (typeof value !== "object" || value === null || typeof shape === "string") return value;
  if (isList(shape)) {
    if (Array.isArray(value)) return value.map((one) => withLists(one, shape[0]));
    return shape[0] === "VARCHAR" ? value : [withLists(value, shape[0])];
  }
  if (Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  const members = Object.entries(shape).filter(([name]) => Object.hasOwn(record, name));
  const listed = members.map(([name, one]) => [name, withLists(record[name], one)]);
  return { ...record, ...Object.fromEntries(listed) };
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function first(checks: (() => string | null)[]): string | null {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
}
