import { MANIFEST_FILE, type Manifest, submissionName } from "./manifest.ts";
import { RESEND, refuse } from "./refusal.ts";

/** What was agreed with one site. */
export interface Agreement {
  site: string;
  /** The name under which the submission arrived. */
  submission: string;
  /** The privacy profile. */
  privacy: string;
  /** Fingerprint of the key of its tokens; null: that of its first submission. */
  tokenKeyFingerprint: string | null;
}

/** An accepted submission, as far as the next one builds on it. */
export interface Held {
  sequence: number;
  manifestSha256: string;
  tokenKeyFingerprint: string;
}

/**
 * Holds a signed manifest against what was agreed with its site and what it sent before.
 *
 * @throws ProError `SUBMISSION_NAME`, `_PRIVACY`, `_TOKEN_KEY`, `_LEDGER`, `_REPLAY`, `_GAP`.
 */
export function checkAgreement(manifest: Manifest, agreed: Agreement, held: Held | null): void {
  const name = submissionName(manifest.site, manifest.sequence);
  if (manifest.site !== agreed.site || name !== agreed.submission) {
    throw refuse(
      "SUBMISSION_NAME",
      `the manifest is of ${name}, the folder is called ${agreed.submission}`,
      { file: MANIFEST_FILE, pointer: "sequence" },
      RESEND,
    );
  }
  if (manifest.privacy !== agreed.privacy) {
    throw refuse(
      "SUBMISSION_PRIVACY",
      `made with the privacy profile ${manifest.privacy}, agreed was ${agreed.privacy}`,
      { file: MANIFEST_FILE, pointer: "privacy" },
      "set privacy in site.yaml to what was agreed and run again, or have the hub's hub.yaml changed",
    );
  }
  checkTokenKey(manifest, agreed.tokenKeyFingerprint ?? held?.tokenKeyFingerprint ?? null, held);
  checkLedger(manifest);
  checkSequence(manifest, held);
}

/** The agreed key, or one that it was replaced by, step by step, as the site signed. */
function checkTokenKey(manifest: Manifest, agreed: string | null, held: Held | null): void {
  const { token_key_fingerprint: made, token_key_succession } = manifest;
  let current = agreed;
  for (let steps = 0; current !== null && current !== made; steps++) {
    const next = token_key_succession.find(({ from }) => from === current);
    if (!next || steps > token_key_succession.length) {
      throw refuse(
        "SUBMISSION_TOKEN_KEY",
        `its tokens were made with key ${made}, agreed was ${agreed}`,
        { file: MANIFEST_FILE, pointer: "token_key_fingerprint" },
        "restore the site's keys/token.key; or, if the key was changed on purpose, set token_key_fingerprint in hub.yaml",
      );
    }
    current = next.to;
  }
  if (manifest.kind === "changes" && held && held.tokenKeyFingerprint !== made) {
    throw refuse(
      "SUBMISSION_GAP",
      "after a change of the token key the site must send everything",
      { file: MANIFEST_FILE, pointer: "kind" },
      FULL,
    );
  }
}

function checkLedger({ ledger }: Manifest): void {
  for (const [level, { read = 0, ...states }] of Object.entries(ledger)) {
    const sum = Object.values(states).reduce((total, count) => total + count, 0);
    if (sum === read) continue;
    throw refuse(
      "SUBMISSION_LEDGER",
      `the ledger of ${level} says ${read} were read, its states add up to ${sum}`,
      { file: MANIFEST_FILE, pointer: `ledger.${level}` },
      "run the site's night again; if it stays so, report it",
    );
  }
}

const FULL = "nothing to do by hand: the site's next night reads this and sends a full submission";

function checkSequence({ site, sequence, kind, base }: Manifest, held: Held | null): void {
  if (held && sequence <= held.sequence) {
    throw refuse(
      "SUBMISSION_REPLAY",
      `submission ${held.sequence} of ${site} was accepted before, and this one is not newer`,
      { file: MANIFEST_FILE, pointer: "sequence" },
      "a site counts its submissions upwards; after its store was restored from a backup its next night reads this and goes on behind the newest",
    );
  }
  if (kind === "full") return;
  if (base?.sequence === held?.sequence && base?.manifest_sha256 === held?.manifestSha256) return;
  const has = held ? `the hub holds submission ${held.sequence}` : "the hub holds none of the site";
  throw refuse(
    "SUBMISSION_GAP",
    `it builds on submission ${base?.sequence}, ${has}`,
    { file: MANIFEST_FILE, pointer: "base" },
    FULL,
  );
}
