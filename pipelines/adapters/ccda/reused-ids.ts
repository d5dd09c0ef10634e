import { intakeColumns } from "../intake.ts";
import type { Cell, IntakeRows } from "./rows.ts";

/**
 * Takes away the ids of administrations that name different things in one document. Systems that copied the guide's examples
 * repeat their ids; taken at their word, one questionnaire would be a new version of another.
 */
export function dropReusedIds(rows: IntakeRows): void {
  const columns = rows.columns.intake_administration;
  if (columns === undefined) return;
  const column = (name: string) =>
    columns[intakeColumns("intake_administration").indexOf(name)] ?? [];
  const ids = column("source_id");
  const codes = column("instrument_code");
  const times = column("answered_at");
  const things = new Map<Cell, Set<string>>();
  for (const [i, id] of ids.entries()) {
    things.set(id, (things.get(id) ?? new Set()).add(`${codes[i]} ${times[i]}`));
  }
  for (const [i, id] of ids.entries()) {
    if ((things.get(id)?.size ?? 0) > 1) ids[i] = null;
  }
}
