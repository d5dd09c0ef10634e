import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../core/files.ts";
import { parseSubmissionName, submissionName } from "./manifest.ts";

/** What the hub says of a submission. It lies beside the submission, in the hub's inbox, and goes back the way that the submission came. */
export const receiptSchema = z.object({
  submission: z.string(),
  site: z.string(),
  sequence: z.int().min(1),
  status: z.enum(["accepted", "refused"]),
  manifest_sha256: z.string().nullable().describe("null where the manifest could not be read"),
  held: z.int().min(0).describe("the newest submission of the site that the hub accepted"),
  refusal: z
    .object({ code: z.string(), message: z.string(), hint: z.string() })
    .loose()
    .nullable()
    .describe("why it was refused, as refusal.json says it"),
});
export type Receipt = z.infer<typeof receiptSchema>;

const ENDING = ".receipt.json";

export const isReceipt = (name: string) => name.endsWith(ENDING);

export async function writeReceipt(directory: string, receipt: Receipt): Promise<void> {
  const file = join(directory, receipt.submission + ENDING);
  await writeWhole(file, `${JSON.stringify(receipt, null, 2)}\n`);
}

/** What came back to a site, by sequence. A file that is not readable as a receipt says nothing. */
export async function readReceipts(outbox: string, site: string): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const name of (await readdir(outbox).catch(() => [])).filter(isReceipt)) {
    const text = await readFile(join(outbox, name), "utf8").catch(() => "");
    const parsed = receiptSchema.safeParse(parseJson(text));
    if (parsed.success && parsed.data.site === site) receipts.push(parsed.data);
  }
  return receipts.toSorted((a, b) => a.sequence - b.sequence);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Clears a site's outbox of what needs not be sent any more: submissions that the hub accepted, those before a full one, and receipts
 * that were acted on.
 */
export async function tidyOutbox(
  outbox: string,
  site: string,
  options: { sealed: number; full: number; receipts: readonly Receipt[] },
): Promise<void> {
  const { sealed, full, receipts } = options;
  for (const name of await readdir(outbox).catch(() => [])) {
    const one = parseSubmissionName(name);
    const isAccepted = receipts.some((r) => r.status === "accepted" && r.submission === name);
    if (one?.site === site && (isAccepted || one.sequence < full))
      await rm(join(outbox, name), { recursive: true, force: true });
  }
  for (const { sequence } of receipts.filter((one) => one.sequence < sealed))
    await rm(join(outbox, submissionName(site, sequence) + ENDING), { force: true });
}
