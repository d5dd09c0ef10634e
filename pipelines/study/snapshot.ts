import { createHash } from "node:crypto";
import type { Queryable } from "../../warehouse/queryable.ts";

/**
 * Names the state of a site's store, so that a summary tells which rows it is of: the last submission to the hub, or, at a site
 * that sends none, a hash of the rows that studies read.
 */
export async function snapshotOf(store: Queryable): Promise<string> {
  const { sealed } = await factsOf(store);
  if (sealed) return `submission ${sealed.sequence}, manifest ${sealed.manifest_sha256}`;
  const sums: unknown[] = [];
  for (const [table, columns] of Object.entries(ROWS)) {
    sums.push(
      ...(await store.all(
        `SELECT CAST(count(*) AS VARCHAR) AS n, CAST(sum(CAST(hash(${columns}) AS HUGEINT)) AS VARCHAR) AS sum FROM ${table}`,
      )),
    );
  }
  // Hashed once more: sums of two states would tell the hash of a row between them.
  return `rows ${createHash("sha256").update(JSON.stringify(sums)).digest("hex")}`;
}

/** Columns that name a row and hold what studies count; all of them would take four times as long. */
const ROWS = {
  demographic: "patid, birth_date, sex",
  pro_cm: "pro_cm_id, pro_date, pro_response_num",
  pro_cm_detail: "pro_cm_id, name, preferred",
};

/** Fingerprint of the key that made the store's tokens; null where the store does not say. */
export async function tokenKeyOf(store: Queryable): Promise<string | null> {
  return (await factsOf(store)).token_key_fingerprint ?? null;
}

interface Facts {
  sealed?: { sequence: number; manifest_sha256: string } | null;
  token_key_fingerprint?: string;
}

async function factsOf(store: Queryable): Promise<Facts> {
  const [known] = await store.all(
    "SELECT 1 AS found FROM information_schema.tables WHERE table_name = 'propool_store'",
  );
  const [row] = known
    ? await store.all<{ facts: string }>("SELECT facts FROM propool_store")
    : [undefined];
  return JSON.parse(row?.facts ?? "{}") as Facts;
}
