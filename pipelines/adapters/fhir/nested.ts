import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { text } from "../../../warehouse/sql.ts";
import { type ResourceType, resourceTable } from "./resources.ts";

/** Items below the first level, as the JSON in which they wait to be unfolded. */
const NESTED: Partial<Record<ResourceType, string>> = {
  Questionnaire: "SELECT i.item AS nested FROM top",
  QuestionnaireResponse: `SELECT i.item AS nested FROM top
    UNION ALL SELECT unnest(i.answer).item FROM top WHERE len(i.answer) > 0`,
};

/** What must be a list, and what an object, at any depth below. */
const LISTS = ["$..item", "$..answer", "$..extension", "$[*].code", "$..item[*].code"];
const OBJECTS = ["$[*]", "$..item[*]", "$..answer[*]", "$..valueCoding", "$..valueQuantity"];

const isOther = (paths: readonly string[], type: string) =>
  paths
    .map((path) => `len(list_filter(json_type(nested, '${path}'), lambda t: t <> '${type}')) > 0`)
    .join(" OR ");

/**
 * Whether nested items of a file that was just read may have another shape than FHIR says. The strict reader takes them as they
 * stand, and unfolding them would drop what does not fit without a word. The sieve then says which records they are in.
 */
export async function hasMisfitNested(
  db: DuckDb,
  type: ResourceType,
  file: string,
): Promise<boolean> {
  const nested = NESTED[type];
  if (!nested) return false;
  const { misfits } = await db.one<{ misfits: bigint }>(`
    WITH top AS (
      SELECT unnest(item) AS i FROM ${resourceTable(type)} WHERE file = ${text(file)}
    ), nested AS (${nested})
    SELECT count(*) AS misfits FROM nested
    WHERE nested IS NOT NULL
      AND (json_type(nested) <> 'ARRAY' OR ${isOther(LISTS, "ARRAY")} OR ${isOther(OBJECTS, "OBJECT")})`);
  return misfits > 0n;
}
