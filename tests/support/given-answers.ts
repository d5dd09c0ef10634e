import type { DuckDb } from "../../warehouse/duckdb.ts";

/** Given answers whose administration's number is none: the mapping joins them by it and would lose what they say of their form. */
export async function strayAnswers(db: DuckDb): Promise<number> {
  const { stray } = await db.one<{ stray: number }>(
    "SELECT count(*)::INTEGER AS stray FROM given_response WHERE number NOT IN (SELECT number FROM every_administration)",
  );
  return stray;
}
