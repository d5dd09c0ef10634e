import { createHash } from "node:crypto";
import type { Queryable } from "../../warehouse/queryable.ts";

/**
 * Names the state of a site's store, so that a summary tells which rows it is of: the last submission to the hub, or, at a site
 * that sends none, a hash of the rows that studies read.
 */
export async function snapshotOf(store: Queryable): Promise<string> {
  const [known] = await store.all(
    "SELECT 1 AS found FROM information_schema.tables WHERE table_name = 'propool_store'",
  );
  const [row] = known
    ? await store.all<{ facts: string }>("SELECT facts FROM propool_store")
    : [undefined];
  const { sealed } = JSON.parse(row?.facts ?? "{}") as {
    sealed?: { sequence: number; manifest_sha256: string } | null;
  };
  if (sealed) return `submission ${sealed.sequence}, manifest ${sealed.manifest_sha256}`;
  const sums: unknown[] = [];
  for (const table of ["demographic", "pro_cm", "pro_cm_detail"]) {
    sums.push(
      ...(await store.all(
        `SELECT CAST(count(*) AS VARCHAR) AS n, CAST(sum(CAST(hash(t) AS HUGEINT)) AS VARCHAR) AS sum FROM ${table} AS t`,
      )),
    );
  }
  // Hashed once more: sums of two states would tell the hash of a row between them.
  return `rows ${createHash("sha256").update(JSON.stringify(sums)).digest("hex")}`;
}
