import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { text } from "../../../warehouse/sql.ts";
import { type ResourceType, resourceTable } from "./resources.ts";

/** What stands below the first level: the JSON in which it waits to be unfolded, and what must be a list or an object there. */
interface Nested {
  items: string;
  lists: readonly string[];
  objects: readonly string[];
}

const NESTED: Partial<Record<ResourceType, Nested>> = {
  Questionnaire: {
    items: "SELECT i.item AS nested FROM top",
    lists: ["item", "code", "extension", "answerOption", "option"],
    objects: ["item[*]"],
  },
  QuestionnaireResponse: {
    items: `SELECT i.item AS nested FROM top
      UNION ALL SELECT unnest(i.answer).item FROM top WHERE len(i.answer) > 0`,
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

const MANY_LISTS = 2000n;

/**
 * Whether a file that was just read holds what only the sieve can bring into shape: a form of DSTU2, or nested items of another
 * shape than FHIR says. The strict reader takes them as they stand, and unfolding them would drop what does not fit without a
 * word. The sieve then says which records they are in.
 */
export async function needsSieve(db: DuckDb, type: ResourceType, file: string): Promise<boolean> {
  const nested = NESTED[type];
  if (!nested) return false;
  const { older } = await db.one<{ older: bigint }>(
    `SELECT count("group") AS older FROM ${resourceTable(type)} WHERE file = ${text(file)}`,
  );
  if (older > 0n) return true;
  const source = `WITH top AS (
      SELECT unnest(item) AS i FROM ${resourceTable(type)} WHERE file = ${text(file)}
    ), nested AS (${nested.items})`;
  // Looking for members at any depth takes the square of the depth: a text of so many lists is looked at by the sieve.
  const { lists } = await db.one<{ lists: bigint | null }>(
    `${source} SELECT max(length(nested) - length(replace(nested::VARCHAR, '[', ''))) AS lists FROM nested`,
  );
  if ((lists ?? 0n) > MANY_LISTS) return true;
  const { misfits } = await db.one<{ misfits: bigint }>(`${source}
    SELECT count(*) AS misfits FROM nested
    WHERE nested IS NOT NULL AND (json_type(nested) <> 'ARRAY' OR ${isOther("$[*]", "OBJECT")}
      OR ${[...nested.lists.map(misfit("ARRAY")), ...nested.objects.map(misfit("OBJECT"))].join(" OR ")})`);
  return misfits > 0n;
}
