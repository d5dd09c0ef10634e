import { createHash } from "node:crypto";
import { z } from "zod";
import { TABLE_NAMES } from "../../warehouse/schema.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");
const count = z.int().min(0);

/** manifest.json: what a submission holds, and what it was made with. Its bytes are what the site signs. */
export const manifestSchema = z.strictObject({
  format: z.literal(1).describe("version of this layout"),
  site: z.string().regex(/^[A-Z0-9]{1,10}$/),
  sequence: z.int().min(1).max(999_999).describe("counted by the site, without gaps"),
  kind: z
    .enum(["full"])
    .describe("full: all rows of the site, in the place of what it sent before"),
  cdm_version: z.literal("7.0"),
  created: z.iso.date(),
  mapping_sha256: sha256.nullable().describe("of the site's mapping file; null where it has none"),
  instruments: z.record(z.string(), z.string()).describe("catalogue id -> version"),
  tables: z.record(z.enum(TABLE_NAMES), z.strictObject({ rows: count, sha256 })),
  ledger: z
    .strictObject({
      records: z.record(z.string(), count),
      answers: z.record(z.string(), count),
    })
    .describe("how many source records and answers ended in each state"),
  privacy: z.string().describe("the privacy profile that was applied"),
  token_key_fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe("names the key of the tokens without revealing it"),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const MANIFEST_FILE = "manifest.json";
export const SIGNATURE_FILE = "manifest.sig";

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
