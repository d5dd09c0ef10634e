import { DuckDb } from "../../warehouse/duckdb.ts";
import { ProError } from "../core/errors.ts";
import { exists } from "../core/files.ts";
import type { Manifest } from "./manifest.ts";
import type { SealedBefore } from "./seal.ts";

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
  /** What was sealed last; null: nothing yet. */
  sealed?: (SealedBefore & { full_sequence: number; withdrawn: number }) | null;
  /** The outbox folder that holds the last submission until it gets its name. */
  pending?: string | null;
  /** Which token key followed which. */
  succession?: Manifest["token_key_succession"];
  /** The files that say what the source means, by their path in the site's folder, as they were when the rows were made. */
  applied?: Record<string, string>;
  /** The same as somebody last approved them. */
  approved?: Record<string, string>;
  /** PATID of people who withdrew. */
  withdrawn?: string[];
  /** Those of them who were withdrawn by command, and stay out whatever is delivered. */
  barred?: string[];
}

export async function readStoreFacts(store: DuckDb): Promise<StoreFacts | null> {
  const [table] = await store.all(
    "SELECT 1 FROM duckdb_tables() WHERE table_name = 'propool_store'",
  );
  if (!table) return null;
  const [row] = await store.all<{ facts: string }>("SELECT facts FROM propool_store");
  return row ? (JSON.parse(row.facts) as StoreFacts) : null;
}

const DAMAGED =
  /not a valid DuckDB database file|Could not read enough bytes|Corrupt database file|Failed to deserialize/i;

/** DuckDB's complaint about a damaged file as an error of ours that names it; anything else as it is. */
export function explainDamage(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !DAMAGED.test(error.message)) return error;
  return new ProError("WAREHOUSE_DAMAGED", "the store is damaged or no DuckDB file", {
    where: { file },
    hint: "restore it from a backup, or make it anew from all exports with --full: whoever was withdrawn stays out (keys/withdrawn.json)",
    cause: error,
  });
}

/**
 * The facts of last night's store; null when there is none, or no readable one and it is about to be replaced.
 *
 * @throws ProError `WAREHOUSE_DAMAGED`, `WAREHOUSE_LOCKED`.
 */
export async function readOldStore(
  file: string,
  options: { isReplaced: boolean },
): Promise<StoreFacts | null> {
  if (!(await exists(file))) return null;
  try {
    const store = await DuckDb.open(file, { readOnly: true, small: true });
    try {
      return await readStoreFacts(store);
    } finally {
      store.close();
    }
  } catch (error) {
    if (options.isReplaced) return null;
    if (error instanceof Error && /Could not set lock/.test(error.message)) {
      throw new ProError("WAREHOUSE_LOCKED", "another program is writing to the store", {
        where: { file },
        hint: "close it there and run again",
        cause: error,
      });
    }
    throw explainDamage(error, file);
  }
}

export async function writeStoreFacts(store: DuckDb, facts: StoreFacts): Promise<void> {
  await store.run("CREATE OR REPLACE TABLE propool_store (facts VARCHAR)");
  await store.run("INSERT INTO propool_store VALUES (?)", [JSON.stringify(facts)]);
}

const RESTORE_KEY =
  "restore keys/token.key from its backup; if it is lost for good, put those who were withdrawn as refused into the list of consents (consent: list: in site.yaml), remove the store, and run --full";

/**
 * Who was withdrawn by command is known by a token alone. A store that is made anew with another key would not know them, and load
 * them again.
 *
 * @throws ProError `CONFIG_KEY_CHANGED`.
 */
export function refuseForgetting(
  facts: StoreFacts | null,
  now: Pick<StoreFacts, "token_key_fingerprint">,
  where: { file: string },
): void {
  const count = facts?.barred?.length ?? 0;
  if (!facts || count === 0 || facts.token_key_fingerprint === now.token_key_fingerprint) return;
  throw new ProError(
    "CONFIG_KEY_CHANGED",
    `${count} people were withdrawn under key ${facts.token_key_fingerprint}; with ${now.token_key_fingerprint} they would load again`,
    { where, hint: RESTORE_KEY },
  );
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
        hint: facts.barred?.length
          ? RESTORE_KEY
          : "restore the right keys/token.key; or make the store anew from all exports with --full",
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
