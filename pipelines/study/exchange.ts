import { createHash } from "node:crypto";
import { z } from "zod";
import { ProError } from "../core/errors.ts";
import { parseStudy, type Study } from "./read-study.ts";
import { canonicalJson, isSignatureValid, readSigned } from "./summary.ts";

export const PACKAGE_FORMAT = "propool-study-package/1";
export const REFUSAL_FORMAT = "propool-study-refusal/1";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const signature = {
  signed_by: z.string().describe("Ed25519, base64"),
  signature: z.string().describe("over the canonical JSON of all the rest"),
};

/** What a hub hands to the sites: the study's very text, and what it expects of them. */
export const packageSchema = z.strictObject({
  format: z.literal(PACKAGE_FORMAT),
  network: z.string(),
  created: z.iso.date().optional(),
  answer_by: z.iso.date().optional().describe("a summary made later is late"),
  sites: z.array(z.string().regex(/^[A-Z0-9]{1,10}$/)).describe("who is asked"),
  study: z.strictObject({ id: z.string(), sha256: hex, text: z.string().max(1_000_000) }),
  catalogue: z.record(z.string(), hex).describe("instrument -> SHA-256 of its definition"),
  disclosure: z.strictObject({ profile: z.string(), minimum_people: z.int().min(1) }),
  cdm_version: z.string(),
  propool: z.string(),
  ...signature,
});
export type StudyPackage = z.infer<typeof packageSchema>;

/** A package as it was received, with the study inside. */
export interface ReceivedPackage {
  content: StudyPackage;
  /** Of its canonical JSON: a summary names the package it answers. */
  sha256: string;
  study: Study;
  file: string;
}

/** What a site answers that does not take part. */
export const refusalSchema = z.strictObject({
  format: z.literal(REFUSAL_FORMAT),
  study: z.strictObject({ id: z.string(), sha256: hex }),
  package_sha256: hex,
  site: z.string().regex(/^[A-Z0-9]{1,10}$/),
  created: z.iso.date().optional(),
  reason: z.string().max(500),
  ...signature,
});
export type Refusal = z.infer<typeof refusalSchema>;

/**
 * Reads a package and proves that it is whole and from the hub.
 *
 * @param hubKey the hub's Ed25519 key; undefined: whoever signed is believed, only tampering is found
 * @throws ProError `SUBMISSION_PACKAGE` or `SUBMISSION_TAMPERED`
 */
export async function readPackage(
  file: string,
  { hubKey, directory }: { hubKey?: string | undefined; directory?: string } = {},
): Promise<ReceivedPackage> {
  const hint = "ask the hub for the package again: propool study package";
  const signed = await readSigned(file, { what: "study package", hint });
  const parsed = packageSchema.safeParse(signed);
  if (!parsed.success) {
    const pointer = parsed.error.issues[0]?.path.join(".") || "(top level)";
    throw new ProError(
      "SUBMISSION_PACKAGE",
      `the package does not fit ${PACKAGE_FORMAT} at ${pointer}`,
      {
        where: { file },
        hint,
      },
    );
  }
  const content = parsed.data;
  if (!isSignatureValid(signed, hubKey ?? content.signed_by)) {
    throw new ProError(
      "SUBMISSION_TAMPERED",
      "the signature does not fit: the package was changed, or another key signed it",
      { where: { file }, hint: "compare the hub's public key, and ask for the package again" },
    );
  }
  const study = parseStudy(content.study.text, file, directory);
  if (study.sha256 !== content.study.sha256) {
    throw new ProError("SUBMISSION_TAMPERED", "the study in the package is not the one it names", {
      where: { file },
      hint,
    });
  }
  return { content, sha256: sha256Of(signed), study, file };
}

/**
 * Proves that this program would answer what the hub means.
 *
 * @throws ProError `SUBMISSION_OUTDATED` naming the instruments that differ, or the CDM version
 */
export function checkPackage(
  { content, file }: ReceivedPackage,
  own: { catalogue: ReadonlyMap<string, string>; cdmVersion: string },
): void {
  const other = Object.entries(content.catalogue)
    .filter(([id, sha256]) => own.catalogue.get(id) !== sha256)
    .map(([id]) => id);
  if (other.length > 0) {
    throw new ProError(
      "SUBMISSION_OUTDATED",
      `hub and site define ${other.join(", ")} in different ways`,
      { where: { file }, hint: `the hub has propool ${content.propool}: use the same version` },
    );
  }
  if (content.cdm_version !== own.cdmVersion) {
    throw new ProError(
      "SUBMISSION_OUTDATED",
      `the package expects CDM ${content.cdm_version}, this store is CDM ${own.cdmVersion}`,
      { where: { file }, hint: "use the same version of propool at hub and site" },
    );
  }
}

/** SHA-256 of a signed object, signature included, however its file was formatted. */
export function sha256Of(signed: object): string {
  return createHash("sha256").update(canonicalJson(signed)).digest("hex");
}
