import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ProError } from "../core/errors.ts";
import type { Link } from "./read.ts";

/**
 * Fills `crosswalk` (a row a link) and `crosswalk_row` (a row a score) with the links that the site names.
 *
 * @throws ProError `CONFIG_SITE` for a link that is not known.
 */
export async function loadCrosswalks(
  db: DuckDb,
  links: readonly Link[],
  named: readonly string[],
): Promise<void> {
  const unknown = named.filter((id) => !links.some((link) => link.id === id));
  if (unknown.length > 0) {
    throw new ProError(
      "CONFIG_SITE",
      `crosswalks names ${unknown.join(", ")}, which is not known`,
      {
        where: { file: "site.yaml", pointer: "crosswalks" },
        hint: `known: ${links.map(({ id }) => id).join(", ")}`,
      },
    );
  }
  const used = links.filter(({ id }) => named.includes(id));
  await db.run(`CREATE TABLE crosswalk (link VARCHAR, from_instrument VARCHAR, from_score VARCHAR, to_instrument VARCHAR,
    to_score VARCHAR, confidence VARCHAR)`);
  await db.run(
    "CREATE TABLE crosswalk_row (link VARCHAR, raw DECIMAL(18,6), value DECIMAL(18,6), se DECIMAL(18,6))",
  );
  await db.insert(
    "crosswalk",
    used.map(({ id, from, to, confidence }) => [
      ...[id, from.instrument, from.score],
      ...[to.instrument, to.score, confidence],
    ]),
  );
  await db.insert(
    "crosswalk_row",
    used.flatMap(({ id, rows }) => rows.map(({ raw, value, se }) => [id, raw, value, se])),
  );
}
