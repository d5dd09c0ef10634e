import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { publicKeyOf, sign, verify } from "../core/signature.ts";
import type { Suppressed } from "../disclosure/gate.ts";
import type { Scale, Statistic } from "../statistics/statistic.ts";

export const SUMMARY_FORMAT = "propool-summary/1";

interface SchemaParts {
  statistics: readonly Statistic<unknown>[];
  scale: z.ZodType<Scale>;
}

/** The schema of a summary file: what leaves a site in distributed mode. Its size does not depend on the number of people. */
export function summarySchema({ statistics, scale }: SchemaParts) {
  const hidden = z.literal<Suppressed>("suppressed");
  const byStatistic = Object.fromEntries(
    statistics.map((one) => [one.name, z.union([hidden, one.summary]).optional()]),
  );
  const hex = z.string().regex(/^[0-9a-f]{64}$/);
  const cell = z.strictObject({ stratum: z.string(), statistics: z.strictObject(byStatistic) });
  return z.strictObject({
    format: z.literal(SUMMARY_FORMAT),
    study: z.strictObject({ id: z.string(), title: z.string(), sha256: hex }),
    site: z.string().regex(/^[A-Z0-9]{1,10}$/),
    created: z.iso.date().optional(),
    disclosure: z.strictObject({ profile: z.string(), minimum_people: z.int().min(1) }),
    outcomes: z.array(
      z.strictObject({
        instrument: z.string(),
        instrument_version: z.string(),
        instrument_sha256: hex.describe("of the instrument's definition in the site's catalogue"),
        score: z.string(),
        scale,
        cells: z.array(cell).min(1).describe("the margin first, then the strata"),
      }),
    ),
    signed_by: z.string().optional().describe("the site's public key, Ed25519, base64"),
    signature: z.string().optional().describe("over the canonical JSON of all the rest"),
  });
}
export type Summary = z.infer<ReturnType<typeof summarySchema>>;

/** A summary and the file it came from. */
export interface ReceivedSummary {
  summary: Summary;
  file: string;
}

/** @throws ProError `SUBMISSION_SUMMARY` when the file is missing, is no JSON, or does not fit the schema. */
export async function readSummary(
  file: string,
  schema: z.ZodType<Summary>,
): Promise<ReceivedSummary> {
  const refuse = (message: string, cause: unknown) =>
    new ProError("SUBMISSION_SUMMARY", message, {
      where: { file },
      hint: "ask the site to write it again: propool study run --on <site> --summary <file>",
      cause,
    });
  const source = await readFile(file, "utf8").catch((cause) => {
    throw refuse("the summary cannot be read", cause);
  });
  let content: unknown;
  try {
    content = JSON.parse(source);
  } catch (cause) {
    // The parser's own message would quote the file.
    throw refuse("the summary is no whole JSON file", cause);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return { summary: parsed.data, file };
  const [issue] = parsed.error.issues;
  const pointer = issue?.path.join(".") || "(top level)";
  throw refuse(`the summary does not fit ${SUMMARY_FORMAT} at ${pointer}`, parsed.error);
}

/** @param privatePem the site's Ed25519 key, PKCS #8 */
export function signSummary(summary: Summary, privatePem: string): Summary {
  const { signature: _, ...rest } = summary;
  const signed = { ...rest, signed_by: publicKeyOf(privatePem) };
  return { ...signed, signature: sign(signedBytes(signed), privatePem) };
}

export function isSignatureValid(summary: Summary, publicKey: string): boolean {
  return verify(signedBytes(summary), summary.signature ?? "", publicKey);
}

function signedBytes({ signature: _, ...rest }: Summary): Uint8Array {
  return Buffer.from(canonicalJson(rest), "utf8");
}

/** JSON with sorted keys and without blanks: the same bytes however a file was formatted. Undefined values are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, of]) => of !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, of]) => `${JSON.stringify(key)}:${canonicalJson(of)}`);
  return `{${entries.join(",")}}`;
}
