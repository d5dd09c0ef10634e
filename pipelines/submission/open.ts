import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { TABLE_NAMES, type TableName } from "../../warehouse/schema.ts";
import { decryptFile, decryptToBytes } from "../core/age.ts";
import { fileSha256, sync, writeWhole } from "../core/files.ts";
import { verify } from "../core/signature.ts";
import { type Agreement, checkAgreement, type Held } from "./agreement.ts";
import { checkConformance } from "./conformance.ts";
import {
  bytesSha256,
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  SEALED,
  SIGNATURE_FILE,
  tableFile,
} from "./manifest.ts";
import { RESEND, refuse } from "./refusal.ts";

/** What the hub expects of one site. */
export interface Expectation extends Agreement {
  /** Ed25519, base64 of 32 bytes. */
  publicKey: string;
  /** The hub's age identity. */
  identity: string;
  /** The newest accepted submission of the site; null: none yet. */
  held: Held | null;
}

export interface OpenedSubmission {
  manifest: Manifest;
  manifestSha256: string;
}

/**
 * Verifies a submission from the outside in and writes it, readable, into `target`: manifest, signature, agreement, sequence, files,
 * hashes, rows. Nothing but the encryption is parsed before the signature holds, and what is verified is what is written.
 *
 * @throws ProError `SUBMISSION_*` saying why the hub does not take it.
 */
export async function openSubmission(
  directory: string,
  target: string,
  expected: Expectation,
): Promise<OpenedSubmission> {
  const { manifest, bytes, signature } = await readManifest(directory, expected);
  checkAgreement(manifest, expected, expected.held);
  await checkFiles(directory, manifest);
  for (const table of filesOf(manifest))
    await openFile(directory, target, table, { manifest, expected });
  await writeWhole(join(target, SIGNATURE_FILE), signature);
  await writeWhole(join(target, MANIFEST_FILE), bytes);
  await checkConformance(target, manifest);
  return { manifest, manifestSha256: bytesSha256(bytes) };
}

/** A manifest is a few kB; more would be somebody filling the hub's memory. */
const MANIFEST_BYTES_MAX = 1_000_000;

/**
 * The manifest of a submission as it arrived, once its signature holds.
 *
 * @throws ProError `SUBMISSION_FILE_MISSING`, `SUBMISSION_ENCRYPTION`, `SUBMISSION_SIGNATURE`, `SUBMISSION_MANIFEST`.
 */
export async function readManifest(
  directory: string,
  { identity, publicKey }: Pick<Expectation, "identity" | "publicKey">,
): Promise<{ manifest: Manifest; bytes: Uint8Array; signature: string }> {
  const name = MANIFEST_FILE + SEALED;
  for (const needed of [name, SIGNATURE_FILE]) {
    const status = await lstat(join(directory, needed)).catch(() => null);
    if (!status)
      throw refuse("SUBMISSION_FILE_MISSING", "a file is missing", { file: needed }, RESEND);
    if (!status.isFile())
      throw refuse("SUBMISSION_FILE_UNKNOWN", "not a regular file", { file: needed }, RESEND);
    if (status.size > MANIFEST_BYTES_MAX)
      throw refuse("SUBMISSION_MANIFEST", "the manifest is over 1 MB", { file: needed }, RESEND);
  }
  const bytes = await decryptToBytes(join(directory, name), identity).catch((cause) => {
    throw notForUs(name, cause);
  });
  const signature = await readFile(join(directory, SIGNATURE_FILE), "latin1");
  checkSignature(bytes, signature, [publicKey]);
  return { manifest: parseManifest(bytes), bytes, signature };
}

/**
 * Proves that an archived submission is what its site signed: the source of a rebuild.
 *
 * @throws ProError `SUBMISSION_SIGNATURE`, `SUBMISSION_MANIFEST`, `SUBMISSION_FILE_MISSING`, `SUBMISSION_HASH`.
 */
export async function verifyArchived(
  directory: string,
  publicKeys: readonly string[],
): Promise<OpenedSubmission> {
  const bytes = await readFile(join(directory, MANIFEST_FILE));
  const signature = await readFile(join(directory, SIGNATURE_FILE), "latin1");
  checkSignature(bytes, signature, publicKeys);
  const manifest = parseManifest(bytes);
  for (const table of filesOf(manifest)) {
    const file = join(directory, tableFile(table));
    const sha256 = await fileSha256(file).catch((cause) => {
      throw refuse("SUBMISSION_FILE_MISSING", "a file is missing", { file }, ARCHIVE, cause);
    });
    if (sha256 !== manifest.tables[table].file?.sha256)
      throw refuse(
        "SUBMISSION_HASH",
        "the archived file is not what the site signed",
        { file },
        ARCHIVE,
      );
  }
  return { manifest, manifestSha256: bytesSha256(bytes) };
}

const ARCHIVE =
  "restore the folder from a backup; or remove the site's archive and ask for a full submission (propool run --full)";

/** Base64 decoders forgive stray characters and spare bits; then two files would hold one signature. */
function checkSignature(bytes: Uint8Array, signature: string, publicKeys: readonly string[]): void {
  const base64 = signature.trim();
  const canonical = `${Buffer.from(base64, "base64").toString("base64")}\n` === signature;
  if (canonical && publicKeys.some((key) => verify(bytes, base64, key))) return;
  throw refuse(
    "SUBMISSION_SIGNATURE",
    "the signature is not the site's over this manifest",
    { file: SIGNATURE_FILE },
    "compare the site's public key (propool keys) with the one in the hub's hub.yaml; if they agree, the files were changed on the way",
  );
}

function parseManifest(bytes: Uint8Array): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw refuse(
      "SUBMISSION_MANIFEST",
      "the manifest does not fit its schema",
      { file: MANIFEST_FILE },
      "the site and the hub run versions of propool that do not understand each other: update the older one",
      cause,
    );
  }
}

function filesOf(manifest: Manifest): TableName[] {
  return TABLE_NAMES.filter((table) => manifest.tables[table].file !== null);
}

/** The files that the manifest names, each whole, and nothing else. */
async function checkFiles(directory: string, manifest: Manifest): Promise<void> {
  const tables = filesOf(manifest).map((table) => tableFile(table) + SEALED);
  const names = await readdir(directory);
  for (const name of names) {
    if ([MANIFEST_FILE + SEALED, SIGNATURE_FILE, ...tables].includes(name)) continue;
    const hint = "a submission holds what its manifest names; remove the rest";
    throw refuse(
      "SUBMISSION_FILE_UNKNOWN",
      "a file is not part of the submission",
      { file: name },
      hint,
    );
  }
  for (const table of filesOf(manifest)) {
    const file = tableFile(table) + SEALED;
    const status = await lstat(join(directory, file)).catch(() => null);
    const bytes = manifest.tables[table].file?.sealed_bytes ?? 0;
    if (status && !status.isFile())
      throw refuse("SUBMISSION_FILE_UNKNOWN", "not a regular file", { file }, RESEND);
    if (!status || status.size < bytes) {
      const message = `${status?.size ?? 0} of ${bytes} bytes arrived`;
      throw refuse("SUBMISSION_INCOMPLETE", message, { file }, RESEND);
    }
  }
}

async function openFile(
  directory: string,
  target: string,
  table: TableName,
  { manifest, expected }: { manifest: Manifest; expected: Expectation },
): Promise<void> {
  const file = tableFile(table);
  const opened = join(target, file);
  await decryptFile(join(directory, file + SEALED), opened, expected.identity).catch((cause) => {
    throw notForUs(file + SEALED, cause);
  });
  if ((await fileSha256(opened)) !== manifest.tables[table].file?.sha256)
    throw refuse(
      "SUBMISSION_HASH",
      "the file is not the one that the manifest names",
      { file },
      RESEND,
    );
  await sync(opened);
}

/** A full disk is no fault of the submission. */
function notForUs(file: string, cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== undefined) return cause;
  return refuse(
    "SUBMISSION_ENCRYPTION",
    "the file was not encrypted to this hub's key, or was changed on the way",
    { file },
    "compare hub_key in site.yaml with the hub's key (propool keys), and send it again",
    cause,
  );
}

/** Whether the signature, which is written last, is there; without it a folder is still on its way. */
export function isSealed(directory: string): Promise<boolean> {
  return lstat(join(directory, SIGNATURE_FILE)).then(
    () => true,
    () => false,
  );
}
