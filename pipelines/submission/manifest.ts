import { createHash } from "node:crypto";
import { z } from "zod";
import { TABLE_NAMES, type TableName } from "../../warehouse/schema.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");
const count = z.int().min(0);
const keyFingerprint = z.string().regex(/^[0-9a-f]{16}$/);

const tableSchema = z.strictObject({
  rows: count.describe("rows of the table at the site after this submission"),
  added: count,
  changed: count,
  removed: count,
  file: z
    .strictObject({ sha256, bytes: count, sealed_bytes: count })
    .nullable()
    .describe(
      "<table>.parquet: hash and size before encryption, size after; null: no row, no file",
    ),
});

/** Tables that came later: an archive holds submissions of a propool that had none of them. */
const CAME_LATER = { partial_date: { rows: 0, added: 0, changed: 0, removed: 0, file: null } };

/** manifest.json: what a submission holds, and what it was made with. Its bytes are what the site signs. */
export const manifestSchema = z
  .strictObject({
    format: z.literal(2).describe("version of this layout"),
    site: z.string().regex(/^[A-Z0-9]{1,10}$/),
    sequence: z.int().min(1).max(999_999).describe("counted by the site, without gaps"),
    kind: z
      .enum(["full", "changes"])
      .describe("full: all rows, in the place of what was sent before; changes: since base"),
    base: z
      .strictObject({ sequence: z.int().min(1).max(999_999), manifest_sha256: sha256 })
      .nullable()
      .describe("the submission whose rows the changes build on; null for a full one"),
    cdm_version: z.literal("7.0"),
    created: z.iso.date(),
    mapping_sha256: sha256
      .nullable()
      .describe("of the site's mapping file; null where it has none"),
    instruments: z.record(z.string(), z.string()).describe("catalogue id -> version"),
    tables: z.preprocess(
      (told) => (typeof told === "object" && told !== null ? { ...CAME_LATER, ...told } : told),
      z.record(z.enum(TABLE_NAMES), tableSchema),
    ),
    ledger: z
      .strictObject({
        records: z.record(z.string(), count),
        answers: z.record(z.string(), count),
      })
      .describe("how many source records and answers ended in each state"),
    privacy: z.string().describe("the privacy profile that was applied"),
    token_key_fingerprint: keyFingerprint.describe(
      "names the key of the tokens without revealing it",
    ),
    token_key_succession: z
      .array(z.strictObject({ from: keyFingerprint, to: keyFingerprint, date: z.iso.date() }))
      .default([])
      .describe("which key followed which, when a site rotated its keys"),
    withdrawn: z
      .array(z.string())
      .default([])
      .describe("tokens (PATID) of people who withdrew: no row of theirs may stay anywhere"),
  })
  .refine(({ kind, base }) => (kind === "full") === (base === null), {
    error: "a full submission has no base, and changes have one",
  });
export type Manifest = z.infer<typeof manifestSchema>;

export const MANIFEST_FILE = "manifest.json";
export const SIGNATURE_FILE = "manifest.sig";
/** What an encrypted file's name ends in. */
export const SEALED = ".age";

export const tableFile = (table: TableName) => `${table}.parquet`;

/** The folder name of a submission: `SITEA-000001`. */
export function submissionName(site: string, sequence: number): string {
  return `${site}-${String(sequence).padStart(6, "0")}`;
}

/** Reads a folder name; null when it is not a submission's. */
export function parseSubmissionName(name: string): { site: string; sequence: number } | null {
  const match = /^([A-Z0-9]{1,10})-(\d{6})$/.exec(name);
  return match?.[1] && match[2] ? { site: match[1], sequence: Number(match[2]) } : null;
}

export function bytesSha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
