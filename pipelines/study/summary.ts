import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { publicKeyOf, sign, verify } from "../core/signature.ts";
import type { Suppressed, Unavailable } from "../disclosure/gate.ts";
import type { LinearSums } from "../statistics/linear.ts";
import type { Scale, Statistic } from "../statistics/statistic.ts";

export const SUMMARY_FORMAT = "propool-summary/2";
/** Of the rows that studies read. */
export const CDM_VERSION = "7.0";
/** Accepted too: it knew five statistics and no models, channels or missing fields. */
export const PREVIOUS_FORMAT = "propool-summary/1";

interface SchemaParts {
  statistics: readonly Statistic<unknown>[];
  channels: readonly Statistic<unknown>[];
  scale: z.ZodType<Scale>;
  linearSums: z.ZodType<LinearSums>;
}

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const siteId = z.string().regex(/^[A-Z0-9]{1,10}$/);

/** The schema of a summary file: what leaves a site in distributed mode. Its size does not depend on the number of people. */
export function summarySchema({ statistics, channels, scale, linearSums }: SchemaParts) {
  const mark = z.enum(["suppressed", "unavailable"] satisfies [Suppressed, Unavailable]);
  const cellOf = (of: readonly Statistic<unknown>[]) =>
    z.strictObject({
      stratum: z.string().max(200),
      statistics: z.strictObject(
        Object.fromEntries(of.map((one) => [one.name, z.union([mark, one.summary]).optional()])),
      ),
    });
  const model = z.strictObject({
    id: z.string(),
    state: z.enum(["shown", "suppressed", "unavailable"]),
    sums: linearSums.optional().describe("of linear models; others are answered by rounds"),
  });
  return z.strictObject({
    format: z.literal(SUMMARY_FORMAT),
    study: z.strictObject({ id: z.string(), title: z.string(), sha256: hex }),
    package_sha256: hex.optional().describe("of the study package that was answered"),
    site: siteId,
    created: z.iso.date().optional(),
    propool: z.string().optional().describe("version of the program"),
    cdm_version: z.string().optional(),
    snapshot: z
      .string()
      .nullable()
      .optional()
      .describe("names the state of the store: site, sequence and hash of its last submission"),
    disclosure: z.strictObject({ profile: z.string(), minimum_people: z.int().min(1) }),
    outcomes: z.array(
      z.strictObject({
        instrument: z.string(),
        instrument_version: z.string(),
        instrument_sha256: hex.describe("of the instrument's definition in the site's catalogue"),
        score: z.string(),
        scale,
        lacking: z
          .array(z.string())
          .describe("fields without which nobody here can be selected; then all is unavailable"),
        cells: z.array(cellOf(statistics)).min(1).describe("the margin first, then the strata"),
        channels: z.array(cellOf(channels)).describe("the margin first, then the channels"),
        models: z.array(model),
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
  /** What was signed, as it stood in the file. */
  signed: object;
}

/** @throws ProError `SUBMISSION_SUMMARY` when the file is missing, is no JSON, or does not fit the schema. */
export async function readSummary(
  file: string,
  schema: z.ZodType<Summary>,
): Promise<ReceivedSummary> {
  const content = await readSigned(file, {
    what: "summary",
    hint: "ask the site to write it again: propool study run --on <site> --summary <file>",
  });
  const parsed = schema.safeParse(upgrade(content));
  if (parsed.success) return { summary: parsed.data, file, signed: content };
  const [issue] = parsed.error.issues;
  const pointer = issue?.path.join(".") || "(top level)";
  throw new ProError(
    "SUBMISSION_SUMMARY",
    `the summary does not fit ${SUMMARY_FORMAT} at ${pointer}`,
    {
      where: { file },
      hint: "ask the site to write it again: propool study run --on <site> --summary <file>",
      cause: parsed.error,
    },
  );
}

/** A signed JSON file as an object. @throws ProError `SUBMISSION_SUMMARY` */
export async function readSigned(
  file: string,
  { what, hint }: { what: string; hint: string },
): Promise<object> {
  const refuse = (message: string, cause?: unknown) =>
    new ProError("SUBMISSION_SUMMARY", message, { where: { file }, hint, cause });
  const source = await readFile(file, "utf8").catch((cause) => {
    throw refuse(`the ${what} cannot be read`, cause);
  });
  let content: unknown;
  try {
    content = JSON.parse(source);
  } catch (cause) {
    // The parser's own message would quote the file.
    throw refuse(`the ${what} is no whole JSON file`, cause);
  }
  if (typeof content !== "object" || content === null) throw refuse(`the ${what} is no object`);
  return content;
}

/** A summary of the previous format in today's shape; what it did not know is unavailable. Anything else as it is. */
function upgrade(content: object): object {
  const old = content as { format?: string; outcomes?: object[] };
  if (old.format !== PREVIOUS_FORMAT || !Array.isArray(old.outcomes)) return content;
  return {
    ...old,
    format: SUMMARY_FORMAT,
    outcomes: old.outcomes.map((outcome) => ({
      lacking: [],
      channels: [],
      models: [],
      ...outcome,
    })),
  };
}

export function isPrevious({ signed }: ReceivedSummary): boolean {
  return (signed as { format?: string }).format === PREVIOUS_FORMAT;
}

/** @param privatePem Ed25519 key, PKCS #8 */
export function signObject<T extends object>(
  content: T,
  privatePem: string,
): T & { signed_by: string; signature: string } {
  const { signature: _, ...rest } = content as T & { signature?: string };
  const signed = { ...rest, signed_by: publicKeyOf(privatePem) };
  const whole = { ...signed, signature: sign(signedBytes(signed), privatePem) };
  return whole as unknown as T & { signed_by: string; signature: string };
}

export function isSignatureValid(signed: object, publicKey: string): boolean {
  const { signature } = signed as { signature?: unknown };
  return typeof signature === "string" && verify(signedBytes(signed), signature, publicKey);
}

function signedBytes(signed: object): Uint8Array {
  const { signature: _, ...rest } = signed as { signature?: unknown };
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
