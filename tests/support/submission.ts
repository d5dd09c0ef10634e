import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type AgeKey, createAgeKey } from "../../pipelines/core/age.ts";
import { createSigningKey } from "../../pipelines/core/signature.ts";
import {
  publishSubmission,
  type SealedSubmission,
  type SealOptions,
  sealSubmission,
} from "../../pipelines/submission/seal.ts";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { type StoreRows, storeWith } from "./store.ts";

export type SigningKey = ReturnType<typeof createSigningKey>;

/** Two people of one site: two PHQ-9 totals and one answer. */
export const SMALL_STORE: StoreRows = {
  demographic: [
    { patid: "P1", sex: "F" },
    { patid: "P2", sex: "M" },
  ],
  pro_collection: [
    { pro_seq: "S1", patid: "P1", pro_date: "2024-02-01" },
    { pro_seq: "S2", patid: "P2", pro_date: "2024-03-01" },
  ],
  pro_cm: [
    { pro_cm_id: "C1", patid: "P1", pro_date: "2024-02-01", pro_response_num: "12", pro_seq: "S1" },
    { pro_cm_id: "C2", patid: "P2", pro_date: "2024-03-01", pro_response_num: "7", pro_seq: "S2" },
    { pro_cm_id: "C3", patid: "P1", pro_date: "2024-02-01", pro_response_num: "3", pro_seq: "S1" },
  ],
  pro_cm_detail: [
    { pro_cm_id: "C1", patid: "P1", pro_seq: "S1", scale: "raw", decimals: 0 },
    { pro_cm_id: "C2", patid: "P2", pro_seq: "S2", scale: "raw", decimals: 0 },
    { pro_cm_id: "C3", patid: "P1", pro_seq: "S1", kind: "item", name: "PHQ9_1" },
  ],
  harvest: [{ networkid: "NET" }],
};

type Facts = Partial<
  Omit<SealOptions, "store" | "outboxDirectory" | "signingKey" | "draftDirectory">
>;

/** The key of every hub in tests. */
export const HUB_KEY: AgeKey = await createAgeKey();

/** Seals `rows` for a site and leaves them under an unfinished name. */
export async function seal(
  rows: StoreRows,
  options: {
    outbox: string;
    key: SigningKey;
    change?: (store: DuckDb) => Promise<unknown>;
  } & Facts,
): Promise<SealedSubmission> {
  const { outbox, key, change, ...facts } = options;
  const site = facts.site ?? "SITEA";
  const store = await storeWith(rows, { site });
  const draftDirectory = await mkdtemp(join(tmpdir(), "propool-draft-"));
  try {
    await change?.(store);
    const sealed = await sealSubmission({
      store,
      draftDirectory,
      outboxDirectory: outbox,
      hubKey: HUB_KEY.recipient,
      signingKey: key.privatePem,
      site,
      sequence: 1,
      created: "2024-04-01",
      mapping_sha256: null,
      instruments: { "phq-9": "1" },
      ledger: { records: { read: 2, loaded: 2 }, answers: { read: 1, loaded: 1 } },
      privacy: "shifted",
      token_key_fingerprint: "0123456789abcdef",
      token_key_succession: [],
      withdrawn: [],
      ...facts,
    });
    if (!sealed) throw new Error("there was nothing to send");
    return sealed;
  } finally {
    store.close();
    await rm(draftDirectory, { recursive: true, force: true });
  }
}

/** Seals and publishes; returns the folder. */
export async function send(...parameters: Parameters<typeof seal>): Promise<string> {
  return publishSubmission(await seal(...parameters));
}

export interface TestHub {
  directory: string;
  /** The inbox that all sites share. */
  inbox: string;
  keys: Record<string, SigningKey>;
  remove(): Promise<void>;
}

/** A hub that lists `sites`, each with its own key. */
export async function hubFor(sites: string[], warehouse?: string): Promise<TestHub> {
  const directory = await mkdtemp(join(tmpdir(), "propool-hub-"));
  const keys = Object.fromEntries(sites.map((site) => [site, createSigningKey()]));
  const configuration = {
    network: "NET",
    name: "Test network",
    ...(warehouse && { warehouse }),
    sites: sites.map((site) => ({ site, public_key: keys[site]?.publicKey, inbox: "inbox" })),
  };
  await writeFile(join(directory, "hub.yaml"), stringify(configuration));
  await mkdir(join(directory, "keys"), { mode: 0o700 });
  await writeFile(join(directory, "keys", "hub.key"), `${HUB_KEY.identity}\n`, { mode: 0o600 });
  return {
    directory,
    inbox: join(directory, "inbox"),
    keys,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
