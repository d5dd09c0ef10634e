import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { TABLE_NAMES, type TableName } from "../../warehouse/schema.ts";
import { ProError, type Where } from "../core/errors.ts";
import { fileSha256 } from "../core/files.ts";
import { verify } from "../core/signature.ts";
import { checkConformance } from "./conformance.ts";
import {
  bytesSha256,
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  SIGNATURE_FILE,
  submissionName,
} from "./manifest.ts";

/** What the hub expects of one site. */
export interface Expectation {
  site: string;
  /** The name under which the submission arrived. */
  submission: string;
  /** Ed25519, base64 of 32 bytes. */
  publicKey: string;
  /** The agreed privacy profile. */
  privacy: string;
}

export interface OpenedSubmission {
  manifest: Manifest;
  manifestSha256: string;
}

/**
 * Verifies a submission from the outside in: files, signature, manifest, hashes, rows. Nothing of it is parsed before the
 * signature holds.
 *
 * @throws ProError `SUBMISSION_*` saying why the hub does not take it.
 */
export async function openSubmission(
  directory: string,
  expected: Expectation,
): Promise<OpenedSubmission> {
  await checkFiles(directory);
  const bytes = await readSigned(directory, expected.publicKey);
  const manifest = parseManifest(bytes);
  checkAgreement(manifest, expected);
  await checkHashes(directory, manifest);
  await checkConformance(directory, manifest);
  return { manifest, manifestSha256: bytesSha256(bytes) };
}

const FILES = [MANIFEST_FILE, SIGNATURE_FILE, ...TABLE_NAMES.map((table) => `${table}.parquet`)];
/** A manifest is a few kB; more would be somebody filling the hub's memory. */
const MANIFEST_BYTES_MAX = 1_000_000;

/**
 * Whether a folder holds the files of a submission and nothing else.
 *
 * @throws ProError `SUBMISSION_FILE_MISSING`, `SUBMISSION_FILE_UNKNOWN` or `SUBMISSION_MANIFEST` (too large).
 */
export async function checkFiles(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of FILES.filter((file) => !names.includes(file))) {
    throw refuse("SUBMISSION_FILE_MISSING", "a file is missing", { file: name }, RESEND);
  }
  for (const name of names) {
    if (!FILES.includes(name)) {
      const hint = "a submission holds its tables, manifest.json and manifest.sig; remove the rest";
      throw refuse(
        "SUBMISSION_FILE_UNKNOWN",
        "a file is not part of a submission",
        { file: name },
        hint,
      );
    }
    const status = await lstat(join(directory, name));
    if (!status.isFile()) {
      throw refuse("SUBMISSION_FILE_UNKNOWN", "not a regular file", { file: name }, RESEND);
    }
    if (name === MANIFEST_FILE && status.size > MANIFEST_BYTES_MAX) {
      throw refuse("SUBMISSION_MANIFEST", "the manifest is over 1 MB", { file: name }, RESEND);
    }
  }
}

const RESEND = "send it again as propool run left it in the outbox";

async function readSigned(directory: string, publicKey: string): Promise<Buffer> {
  const bytes = await readFile(join(directory, MANIFEST_FILE));
  const signature = await readFile(join(directory, SIGNATURE_FILE), "latin1");
  const base64 = signature.trim();
  // Base64 decoders forgive stray characters and spare bits; then two files would hold one signature.
  const canonical = `${Buffer.from(base64, "base64").toString("base64")}\n` === signature;
  if (canonical && verify(bytes, base64, publicKey)) return bytes;
  throw refuse(
    "SUBMISSION_SIGNATURE",
    "the signature is not the site's over this manifest",
    { file: SIGNATURE_FILE },
    "compare the site's public key (propool keys) with the one in the hub's hub.yaml; if they agree, the files were changed on the way",
  );
}

function parseManifest(bytes: Buffer): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new ProError("SUBMISSION_MANIFEST", "the manifest does not fit its schema", {
      where: { file: MANIFEST_FILE },
      hint: "the site and the hub run versions of propool that do not understand each other: update the older one",
      cause,
    });
  }
}

function checkAgreement(manifest: Manifest, expected: Expectation): void {
  const name = submissionName(manifest.site, manifest.sequence);
  if (manifest.site !== expected.site || name !== expected.submission) {
    throw refuse(
      "SUBMISSION_NAME",
      `the manifest is of ${name}, the folder is called ${expected.submission}`,
      { file: MANIFEST_FILE, pointer: "sequence" },
      RESEND,
    );
  }
  if (manifest.privacy !== expected.privacy) {
    throw refuse(
      "SUBMISSION_PRIVACY",
      `made with the privacy profile ${manifest.privacy}, agreed was ${expected.privacy}`,
      { file: MANIFEST_FILE, pointer: "privacy" },
      "set privacy in site.yaml to what was agreed and run again, or have the hub's hub.yaml changed",
    );
  }
}

async function checkHashes(directory: string, manifest: Manifest): Promise<void> {
  for (const [table, { sha256 }] of Object.entries(manifest.tables) as [
    TableName,
    { sha256: string },
  ][]) {
    const file = `${table}.parquet`;
    if ((await fileSha256(join(directory, file))) === sha256) continue;
    const hint = `the file was cut or changed on the way; ${RESEND}`;
    throw refuse(
      "SUBMISSION_HASH",
      "the file is not the one that the manifest names",
      { file },
      hint,
    );
  }
}

function refuse(
  code: `SUBMISSION_${string}`,
  message: string,
  where: Where,
  hint: string,
): ProError {
  return new ProError(code, message, { where, hint });
}

/** Whether the signature, which is written last, is there; without it a folder is still on its way. */
export function isSealed(directory: string): Promise<boolean> {
  return lstat(join(directory, SIGNATURE_FILE)).then(
    () => true,
    () => false,
  );
}
