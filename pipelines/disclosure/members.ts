import type { Group } from "../statistics/group.ts";
import { type People, unite } from "./people.ts";

export interface MemberRow {
  stratum: string;
  part: string;
  value: bigint;
  people: People;
}

/** Who is in which group of an outcome, by stratum. */
export class Members {
  readonly #parts = new Map<string, MemberRow[]>();

  add(rows: readonly MemberRow[]): void {
    const fresh = new Map<string, MemberRow[]>();
    for (const row of rows) {
      const key = keyOf(row);
      fresh.set(key, [...(fresh.get(key) ?? []), row]);
    }
    // Statistics share parts: the same people again are no more people.
    for (const [key, of] of fresh) this.#parts.set(key, of);
  }

  /** People of a stratum with a value in the group's range; of all values without one. */
  of(stratum: string, { part, from, to }: Group): People {
    const rows = this.#parts.get(keyOf({ stratum, part })) ?? [];
    const inside = rows.filter(
      ({ value }) => (from === undefined || from <= value) && (to === undefined || value <= to),
    );
    return unite(inside.map(({ people }) => people));
  }
}

function keyOf({ stratum, part }: { stratum: string; part: string }): string {
  return `${part}\n${stratum}`;
}
