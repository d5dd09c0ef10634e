import type { DuckDb } from "../../warehouse/duckdb.ts";
import { ProError } from "../core/errors.ts";

/**
 * What a site's store remembers of how it was made and what was last sent. It stands in the store itself, so that it changes in
 * the same step as the rows; it is no table of the CDM and never leaves.
 */
export interface StoreFacts {
  /** Names the key of the store's tokens. */
  token_key_fingerprint: string;
  privacy: string;
  /** Number of the last submission; 0: none yet. */
  sequence: number;
  /** SHA-256 of each table of the last submission. */
  tables: Record<string, string>;
}

export async function readStoreFacts(store: DuckDb): Promise<StoreFacts | null> {
  const [table] = await store.all(
    "SELECT 1 FROM duckdb_tables() WHERE table_name = 'propool_store'",
  );
  if (!table) return null;
  const [row] = await store.all<{ facts: string }>("SELECT facts FROM propool_store");
  return row ? (JSON.parse(row.facts) as StoreFacts) : null;
}

export async function writeStoreFacts(store: DuckDb, facts: StoreFacts): Promise<void> {
  await store.run("CREATE OR REPLACE TABLE propool_store (facts VARCHAR)");
  await store.run("INSERT INTO propool_store VALUES (?)", [JSON.stringify(facts)]);
}

/**
 * Tokens of two keys never join, and two profiles do not mix: the night refuses rather than doubling everybody.
 *
 * @throws ProError `CONFIG_KEY_CHANGED`, `CONFIG_PRIVACY_CHANGED`.
 */
export function checkStoreFacts(
  facts: StoreFacts | null,
  now: Pick<StoreFacts, "token_key_fingerprint" | "privacy">,
  where: { file: string },
): void {
  if (!facts) return;
  if (facts.token_key_fingerprint !== now.token_key_fingerprint) {
    throw new ProError(
      "CONFIG_KEY_CHANGED",
      `the store's tokens were made with key ${facts.token_key_fingerprint}, the key file holds ${now.token_key_fingerprint}`,
      {
        where,
        hint: "restore the right keys/token.key; or make the store anew from all exports with --full",
      },
    );
  }
  if (facts.privacy !== now.privacy) {
    throw new ProError(
      "CONFIG_PRIVACY_CHANGED",
      `the store was made with profile ${facts.privacy}, site.yaml says ${now.privacy}`,
      {
        where,
        hint: "make the store anew from all exports with --full",
      },
    );
  }
}
