import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { text } from "../../../warehouse/sql.ts";
import { type ResourceType, resourceTable } from "./resources.ts";

/** What stands below the first level: the JSON texts in which it waits to be unfolded, and what must be a list or an object there. */
interface Nested {
  isNested: string;
  texts: string;
  lists: readonly string[];
  objects: readonly string[];
}

/** Whether a response has anything below its first level; a look that is many times cheaper than unfolding. */
export const IS_NESTED = `(len(list_filter(item, lambda i: i.item IS NOT NULL)) > 0
  OR len(list_filter(flatten(list_transform(item, lambda i: list_transform(i.answer, lambda a: a.item))), lambda n: n IS NOT NULL)) > 0)`;

const NESTED: Partial<Record<ResourceType, Nested>> = {
  Questionnaire: {
    isNested: "true",
    texts: "list_transform(item, lambda i: i.item)",
    lists: ["item", "code", "extension", "answerOption", "option"],
    objects: ["item[*]"],
  },
  QuestionnaireResponse: {
    isNested: IS_NESTED,
    texts: `list_concat(list_transform(item, lambda i: i.item),
      flatten(list_transform(item, lambda i: list_transform(i.answer, lambda a: a.item))))`,
    lists: ["item", "answer", "extension"],
    objects: ["item[*]", "answer[*]", "valueCoding", "valueQuantity"],
  },
};

/** A `code` in a coding is a text: only that of an item is looked at. */
const pathsOf = (member: string) =>
  member === "code" ? ["$[*].code", "$..item[*].code"] : [`$..${member}`];

const isOther = (path: string, type: string) =>
  `len(list_filter(json_type(nested, '${path}'), lambda t: t <> '${type}')) > 0`;

/** Each path costs a parse of the text, hence the look whether the text has the member at all. */
const misfit = (type: string) => (member: string) =>
  `(contains(nested::VARCHAR, '"${member.replace("[*]", "")}"') AND (${pathsOf(member)
    .map((path) => isOther(path, type))
    .join(" OR ")}))`;

/**
 * Looking for members at any depth takes the square of the depth, so that a text of so many lists is left to the sieve; real ones
 * have a few dozen.
 */
const HAS_MANY_LISTS = "length(nested) - length(replace(nested::VARCHAR, '[', '')) > 2000";

/**
 * Whether a file that was just read holds what only the sieve can bring into shape: a form of DSTU2, or nested items of another
 * shape than FHIR says. The strict reader takes them as they stand, and unfolding them would drop what does not fit without a
 * word. The sieve then says which records they are in.
 */
export async function needsSieve(db: DuckDb, type: ResourceType, file: string): Promise<boolean> {
  const nested = NESTED[type];
  if (!nested) return false;
  const found = `${resourceTable(type)} WHERE file = ${text(file)}`;
  const { misfits } = await db.one<{ misfits: bigint }>(`
    WITH nested AS (
      SELECT nested FROM (SELECT unnest(${nested.texts}) AS nested FROM ${found} AND ${nested.isNested}) WHERE nested IS NOT NULL
    ),
    judged AS (
      SELECT CASE WHEN ${HAS_MANY_LISTS} THEN true
        ELSE json_type(nested) <> 'ARRAY' OR ${isOther("$[*]", "OBJECT")}
          OR ${[...nested.lists.map(misfit("ARRAY")), ...nested.objects.map(misfit("OBJECT"))].join(" OR ")} END AS is_misfit
      FROM nested
    )
    SELECT (SELECT count("group") FROM ${found}) + (SELECT count(*) FROM judged WHERE is_misfit) AS misfits`);
  return misfits > 0n;
}
