import { text } from "../../warehouse/sql.ts";
import { CONDITION_TYPES, type CodeLists, PROCEDURE_TYPES } from "./population-schema.ts";

/** Whether a row of `condition AS c` is of one of the lists. */
export function conditionMatches(lists: CodeLists): string {
  return matches(lists, CONDITION_TYPES, "c.condition_type", 'c."condition"');
}

/** Whether a row of `procedures AS x` is of one of the lists. */
export function procedureMatches(lists: CodeLists): string {
  return matches(lists, PROCEDURE_TYPES, "x.px_type", "x.px");
}

/** Sources write F32.1 and F321 alike; a code that ends in * stands for all that begin so. */
function matches(
  lists: CodeLists,
  types: Readonly<Record<string, string>>,
  type: string,
  code: string,
): string {
  const bare = `upper(replace(${code}, '.', ''))`;
  const tests = lists.map(({ code_system, codes }) => {
    const alternatives = codes.map((one) => {
      const wanted = one.replaceAll(".", "").toUpperCase();
      return wanted.endsWith("*")
        ? `${bare} LIKE ${text(`${wanted.slice(0, -1)}%`)}`
        : `${bare} = ${text(wanted)}`;
    });
    return `(${type} = ${text(types[code_system] ?? "")} AND (${alternatives.join(" OR ")}))`;
  });
  return `(${tests.join("\n      OR ")})`;
}
