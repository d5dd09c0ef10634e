import { text } from "../../../warehouse/sql.ts";
import { valueAsItStands } from "./expressions.ts";
import type { LongEntry } from "./layout.ts";
import type { ScratchFile, Step } from "./scratch.ts";

/** Codes of LOINC, and long numbers as SNOMED CT and OMOP have, are no site's own. */
export const PUBLIC_CODE = "(LA|LP)?\\d{1,7}-\\d|\\d{6,18}";

/** Different codes of one file that are kept. */
const CODES_MAX = 1000;

/** The codes of the rows of a mixed file that are about something else: a site's own may be items that nobody has mapped yet. */
export function unknownCodes(
  entry: LongEntry,
  { file, table, firstRecordKey }: ScratchFile,
  answers: string,
): Step[] {
  const { item_code: source } = entry.columns;
  if (source === undefined) return [];
  return [
    {
      name: `${file}: codes that nobody knows`,
      sql: `INSERT INTO intake_unknown_code BY NAME
WITH coded AS (
  SELECT ${valueAsItStands(entry, "item_code", source)} AS code
  FROM ${table}
  WHERE propool_bad IS NULL AND rowid + ${firstRecordKey} NOT IN (SELECT record_key FROM ${answers})
)
SELECT ${text(file)} AS where_file, code, count(*) AS times
FROM coded
WHERE NOT regexp_full_match(code, ${text(PUBLIC_CODE)})
GROUP BY code
ORDER BY times DESC, code
LIMIT ${CODES_MAX}`,
    },
  ];
}
