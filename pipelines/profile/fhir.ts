import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { monthOf } from "./dates.ts";
import {
  type FieldProfile,
  type FieldType,
  type FieldValue,
  valuesOf as valuesIn,
} from "./field.ts";
import { identifyingPart, type MaskRules, shownValues, whyMasked } from "./mask.ts";

/** Leaves whose values tell how a site writes: codes and what goes with them. */
const CODED =
  /^(code|system|status|linkId|unit|use|type|gender|intent|language|questionnaire|url|display|kind|priority|class|value(Code|Boolean|Integer|Decimal|String|Uri))$|(Code|Status|Boolean)$/;
const DATED =
  /(^|\.)(\w*[dD]ate(Time)?|authored|issued|recorded|start|end|sent|received|authoredOn|recordedDate|lastUpdated)$/;
const SHOWN = 25;

/**
 * Profiles FHIR resources, one JSON text a row in `source` (column `line`): every path with its fill, the values of coded paths,
 * the range of dates. The texts are grouped by their structure, of which an export has few, so memory does not grow with the file.
 */
export async function profileFhir(
  db: DuckDb,
  source: string,
  rules: MaskRules,
): Promise<{ records: Record<string, number>; malformed: number; fields: FieldProfile[] }> {
  const structures = await db.all<{ type: string; structure: string | null; n: number }>(`
    SELECT coalesce(json_extract_string(line, '$.resourceType'), '') AS type,
      json_structure(line) AS structure, count(*)::DOUBLE AS n
    FROM (SELECT CASE WHEN json_valid(line) THEN line END AS line FROM ${source} WHERE line <> '')
    GROUP BY ALL`);
  const records: Record<string, number> = {};
  const paths = new Map<string, Map<string, Path>>();
  let malformed = 0;
  for (const { type, structure, n } of structures) {
    if (structure === null || !structure.startsWith("{")) malformed += n;
    else {
      const name = type || "(no resourceType)";
      records[name] = (records[name] ?? 0) + n;
      const known = paths.get(name) ?? new Map<string, Path>();
      paths.set(name, known);
      for (const [path, kind] of pathsOf(JSON.parse(structure))) {
        const old = known.get(path);
        known.set(path, { kind: old && kind === "empty" ? old.kind : kind, n: (old?.n ?? 0) + n });
      }
    }
  }
  const fields: FieldProfile[] = [];
  for (const [type, found] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    fields.push(
      ...(await describe(db, { source, type, found, records: records[type] ?? 0, rules })),
    );
  }
  return { records, malformed, fields };
}

interface Path {
  kind: FieldType;
  n: number;
}

/** Leaves and lists of a structure, as `json_structure` writes it, with their paths: `item[].linkId`. */
function pathsOf(structure: unknown, at = ""): [string, FieldType][] {
  if (Array.isArray(structure)) {
    return structure.flatMap((one) => pathsOf(one, `${at}[]`));
  }
  if (structure !== null && typeof structure === "object") {
    const own: [string, FieldType][] =
      at === "" ? [] : [[at, at.endsWith("[]") ? "list" : "object"]];
    return [
      ...own,
      ...Object.entries(structure).flatMap(([key, value]) =>
        pathsOf(value, at === "" ? key : `${at}.${key}`),
      ),
    ];
  }
  return [[at, KINDS[String(structure)] ?? "text"]];
}

const KINDS: Record<string, FieldType> = {
  VARCHAR: "text",
  UBIGINT: "integer",
  BIGINT: "integer",
  HUGEINT: "integer",
  DOUBLE: "number",
  BOOLEAN: "text",
  NULL: "empty",
  JSON: "text",
};

interface Asked {
  source: string;
  type: string;
  found: ReadonlyMap<string, Path>;
  records: number;
  rules: MaskRules;
}

async function describe(db: DuckDb, asked: Asked): Promise<FieldProfile[]> {
  const { type, found, records, rules } = asked;
  const leaves = [...found].filter(([, { kind }]) => kind !== "object" && kind !== "list");
  const last = (path: string) => path.split(".").at(-1)?.replaceAll("[]", "") ?? "";
  const plain = leaves.map(([path]) => path).filter((path) => !isTwoShaped(path, found));
  const coded = plain.filter((path) => CODED.test(last(path)));
  const dated = plain.filter((path) => DATED.test(path));
  const values = await inParts(coded, (paths) => valuesOf(db, asked, paths));
  const ranges = await inParts(dated, (paths) => rangesOf(db, asked, paths));
  return [...found]
    .filter(([path, { kind }]) => kind !== "object" || !hasChildren(path, found))
    .map(([path, { kind, n }]) => {
      const seen = values.get(path);
      const masked = seen
        ? whyMasked({ name: path, ...seen, values: seen.values.slice(0, SHOWN) }, rules)
        : null;
      const isPersonal = identifyingPart(path, rules.identifying) !== null;
      const range = ranges.get(path);
      return {
        record: type,
        path,
        type: range?.least ? "date" : kind,
        formats: range?.least ? ["ISO 8601"] : [],
        misfits: 0,
        records,
        filled: n,
        distinct: seen?.distinct ?? null,
        isEstimated: false,
        values: seen ? shownValues(seen.values, masked, rules).slice(0, SHOWN) : [],
        masked,
        least: range?.least ? monthOf(range.least, isPersonal) : null,
        largest: range?.largest ? monthOf(range.largest, isPersonal) : null,
      };
    });
}

/** Whether some record has a list where others have one value: then nobody can ask for both at once, and only the fill is told. */
function isTwoShaped(path: string, found: ReadonlyMap<string, Path>): boolean {
  const steps = path.split(".");
  return steps.some((step, i) => {
    const before = [...steps.slice(0, i), step.replaceAll("[]", "")].join(".");
    const list = `${before}[]`;
    const isLeaf = i === steps.length - 1;
    return step.endsWith("[]")
      ? hasChildren(before, found) || (found.get(before)?.kind ?? "object") !== "object"
      : found.has(list) || (isLeaf && hasChildren(before, found));
  });
}

/** So many paths are taken out of a text at a time: the lists of all of them together do not fit into memory. */
const PATHS = 12;

async function inParts<T>(
  paths: readonly string[],
  ask: (part: readonly string[]) => Promise<Map<string, T>>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (let from = 0; from < paths.length; from += PATHS) {
    for (const [path, seen] of await ask(paths.slice(from, from + PATHS))) found.set(path, seen);
  }
  return found;
}

function hasChildren(path: string, found: ReadonlyMap<string, Path>): boolean {
  return [...found.keys()].some((other) => other.startsWith(`${path}.`));
}

interface Seen {
  distinct: number;
  filled: number;
  values: FieldValue[];
}

/** The values of coded paths with their counts; one pass over the resources of the type. */
async function valuesOf(
  db: DuckDb,
  { source, type }: Asked,
  paths: readonly string[],
): Promise<Map<string, Seen>> {
  const rows = await db.all<{
    place: number;
    distinct: number;
    filled: number;
    values: { items: unknown[] };
  }>(`
    WITH counted AS (
      SELECT place, value, count(*)::DOUBLE AS n FROM (${unnested({ source, type }, paths)}) WHERE value IS NOT NULL GROUP BY ALL
    )
    SELECT place, count(*)::DOUBLE AS distinct, sum(n) AS filled,
      max_by({'value': value, 'count': n}, n, 40) AS values
    FROM counted GROUP BY place`);
  return new Map(
    rows.map(({ place, distinct, filled, values }) => [
      paths[place] ?? "",
      { distinct, filled, values: toValues(values) },
    ]),
  );
}

async function rangesOf(
  db: DuckDb,
  { source, type }: Asked,
  paths: readonly string[],
): Promise<Map<string, { least: string; largest: string }>> {
  const rows = await db.all<{ place: number; least: string; largest: string }>(`
    SELECT place, min(left(value, 10)) AS least, max(left(value, 10)) AS largest
    FROM (${unnested({ source, type }, paths)})
    WHERE regexp_matches(value, '^\\d{4}(-\\d\\d){0,2}($|T)') GROUP BY place`);
  return new Map(rows.map(({ place, least, largest }) => [paths[place] ?? "", { least, largest }]));
}

/** One row a value: `place` is the path's place in the list. Each text is parsed once, for all paths together. */
function unnested(
  { source, type }: Pick<Asked, "source" | "type">,
  paths: readonly string[],
): string {
  return `SELECT place, unnest(found) AS value FROM (
      SELECT unnest([${paths.map((_, i) => i).join(", ")}]) AS place, unnest([${paths.map(valuesAt).join(",\n        ")}]) AS found
      FROM (SELECT json_transform(line, ${text(JSON.stringify(structureOf(paths)))}) AS t FROM ${source}
        WHERE json_valid(line) AND json_extract_string(line, '$.resourceType') = ${text(type)})
    )`;
}

type Structure = { [key: string]: Structure } | [Structure | string] | string;

/** The structure, as `json_transform` takes it, that holds the paths and nothing else. */
function structureOf(paths: readonly string[]): Structure {
  const heads = new Map<string, string[]>();
  for (const path of paths) {
    const [head = "", ...rest] = path.split(".");
    heads.set(head, [...(heads.get(head) ?? []), rest.join(".")]);
  }
  return Object.fromEntries(
    [...heads].map(([head, rests]) => {
      const below = rests.filter((rest) => rest !== "");
      const inner: Structure = below.length > 0 ? structureOf(below) : "VARCHAR";
      const depth = head.split("[]").length - 1;
      return [head.replaceAll("[]", ""), nested(inner, depth)];
    }),
  );
}

function nested(inner: Structure, depth: number): Structure {
  return depth === 0 ? inner : [nested(inner, depth - 1)];
}

/** A list of the texts at a path of the transformed text `t`. */
function valuesAt(path: string): string {
  let found = "t";
  let isList = false;
  for (const step of path.split(".")) {
    const name = ident(step.replaceAll("[]", ""));
    const depth = step.split("[]").length - 1;
    if (!isList) found = depth === 0 ? `${found}.${name}` : flat(`${found}.${name}`, depth - 1);
    else found = flat(`[x.${name} FOR x IN ${found}]`, depth);
    isList ||= depth > 0;
  }
  return isList ? found : `[${found}]`;
}

const flat = (list: string, depth: number): string =>
  depth === 0 ? list : `flatten(${flat(list, depth - 1)})`;

function toValues(list: { items: unknown[] }): FieldValue[] {
  return valuesIn(list).toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
