import type { DuckDb } from "../../../warehouse/duckdb.ts";
import type { ResourceType } from "./resources.ts";

/** What must be a list or an object below the first level of a form. */
const LISTS = ["item", "code", "extension", "answerOption", "option"];
const OBJECTS = ["item[*]"];

/** A `code` in a coding is a text: only that of an item is looked at. */
const pathsOf = (member: string) =>
  member === "code" ? ["$[*].code", "$..item[*].code"] : [`$..${member}`];

const isOther = (path: string, type: string) =>
  `len(list_filter(json_type(nested, '${path}'), lambda t: t <> '${type}')) > 0`;

/** Each path costs a parse of the text, hence the look whether the text has the member at all. */
const misfitting = (type: string) => (member: string) =>
  `(contains(nested::VARCHAR, '"${member.replace("[*]", "")}"') AND (${pathsOf(member)
    .map((path) => isOther(path, type))
    .join(" OR ")}))`;

/**
 * Looking for members at any depth takes the square of the depth, so that a text of so many lists is left to the sieve; real ones
 * have a few dozen.
 */
const HAS_MANY_LISTS = "length(nested) - length(replace(nested::VARCHAR, '[', '')) > 2000";

/**
 * Whether rows that were just read (a table and its condition) hold what only the sieve can bring into shape: what DSTU2 has in
 * `group`, or in a form nested items of another shape than FHIR says. The strict reader takes them as they stand, and unfolding them
 * would drop what does not fit without a word. The sieve then says which records they are in.
 */
export async function needsSieve(db: DuckDb, rows: string, type: ResourceType): Promise<boolean> {
  if (type !== "Questionnaire" && type !== "QuestionnaireResponse") return false;
  const { older } = await db.one<{ older: bigint }>(`SELECT count("group") AS older FROM ${rows}`);
  // The items of responses are read one by one, at any depth.
  return older > 0n || (type === "Questionnaire" && (await holdsMisfit(db, rows)));
}

async function holdsMisfit(db: DuckDb, forms: string): Promise<boolean> {
  const [misfit] = await db.all(`
    WITH nested AS (
      SELECT nested FROM (SELECT unnest(list_transform(item, lambda i: i.item)) AS nested FROM ${forms}) WHERE nested IS NOT NULL
    )
    SELECT 1 FROM nested WHERE CASE WHEN ${HAS_MANY_LISTS} THEN true
      ELSE json_type(nested) <> 'ARRAY' OR ${isOther("$[*]", "OBJECT")}
        OR ${[...LISTS.map(misfitting("ARRAY")), ...OBJECTS.map(misfitting("OBJECT"))].join(" OR ")} END LIMIT 1`);
  return misfit !== undefined;
}
