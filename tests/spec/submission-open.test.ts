import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgeKey, decryptToBytes, encryptBytes } from "../../pipelines/core/age.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { createSigningKey, sign } from "../../pipelines/core/signature.ts";
import { type Expectation, openSubmission } from "../../pipelines/submission/open.ts";
import { refusalOf } from "../../pipelines/submission/refusal.ts";
import { HUB_KEY, SMALL_STORE, seal, send } from "../support/submission.ts";

const key = createSigningKey();
const expected: Expectation = {
  site: "SITEA",
  submission: "SITEA-000001",
  publicKey: key.publicKey,
  privacy: "shifted",
  tokenKeyFingerprint: null,
  identity: HUB_KEY.identity,
  held: null,
};
let directory: string;
let good: string;
let copies = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-open-"));
  good = await send(SMALL_STORE, { outbox: join(directory, "good"), key });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function copyOfGood(): Promise<string> {
  const copy = join(directory, `copy-${++copies}`);
  await cp(good, copy, { recursive: true });
  return copy;
}

const MANIFEST = "manifest.json.age";

/** Changes the manifest, signs and encrypts it again, as a faulty or hostile site could. */
async function resign(folder: string, change: (manifest: Record<string, unknown>) => void) {
  const file = join(folder, MANIFEST);
  const manifest = JSON.parse(
    Buffer.from(await decryptToBytes(file, HUB_KEY.identity)).toString("utf8"),
  );
  change(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  await writeFile(file, await encryptBytes(new Uint8Array(bytes), HUB_KEY.recipient));
  await writeFile(join(folder, "manifest.sig"), `${sign(bytes, key.privatePem)}\n`);
}

/** Opens into a new folder. */
async function open(folder: string, expectation = expected) {
  return openSubmission(folder, await mkdtemp(join(directory, "opened-")), expectation);
}

async function code(folder: string, expectation = expected): Promise<string> {
  const error = await open(folder, expectation).then(
    () => new Error("accepted"),
    (reason) => reason,
  );
  return error instanceof ProError ? error.code : String(error);
}

describe("openSubmission", () => {
  it("opens what the site sealed", async () => {
    const { manifest, manifestSha256 } = await open(good);
    expect(manifest).toMatchObject({ site: "SITEA", sequence: 1, kind: "full", base: null });
    const bytes = await decryptToBytes(join(good, MANIFEST), HUB_KEY.identity);
    expect(manifestSha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  it("refuses another site's signature", async () => {
    const other = { ...expected, publicKey: createSigningKey().publicKey };
    expect(await code(good, other)).toBe("SUBMISSION_SIGNATURE");
  });

  it("refuses a folder that has another name than its manifest", async () => {
    const renamed = { ...expected, submission: "SITEA-000002" };
    expect(await code(good, renamed)).toBe("SUBMISSION_NAME");
  });

  it("refuses another privacy profile than was agreed", async () => {
    const strict = { ...expected, privacy: "safe-harbor" };
    expect(await code(good, strict)).toBe("SUBMISSION_PRIVACY");
  });

  it("refuses a file too many", async () => {
    const folder = await copyOfGood();
    await writeFile(join(folder, "notes.txt"), "hello");
    expect(await code(folder)).toBe("SUBMISSION_FILE_UNKNOWN");
  });

  it.each([
    ["a manifest", MANIFEST, "SUBMISSION_FILE_MISSING"],
    ["a signature", "manifest.sig", "SUBMISSION_FILE_MISSING"],
    ["a table", "pro_cm.parquet.age", "SUBMISSION_INCOMPLETE"],
  ])("refuses one without %s", async (_, file, expectedCode) => {
    const folder = await copyOfGood();
    await rm(join(folder, file));
    expect(await code(folder)).toBe(expectedCode);
  });

  it("refuses what was encrypted to another hub", async () => {
    const other = await createAgeKey();
    expect(await code(good, { ...expected, identity: other.identity })).toBe(
      "SUBMISSION_ENCRYPTION",
    );
  });

  it("refuses tokens of another key than was agreed, unless the site tells which key followed", async () => {
    const agreed = { ...expected, tokenKeyFingerprint: "f".repeat(16) };
    expect(await code(good, agreed)).toBe("SUBMISSION_TOKEN_KEY");
    const folder = await copyOfGood();
    await resign(folder, (manifest) => {
      const [from, over, to] = ["f".repeat(16), "e".repeat(16), "0123456789abcdef"];
      const date = "2024-03-31";
      manifest.token_key_succession = [
        { from, to: over, date },
        { from: over, to, date },
      ];
    });
    expect(await code(folder, agreed)).toBe("Error: accepted");
  });

  it("accepts a submission of a propool that had no PARTIAL_DATE yet", async () => {
    const folder = await copyOfGood();
    await resign(
      folder,
      (manifest) => delete (manifest.tables as { partial_date?: object }).partial_date,
    );
    const { manifest } = await open(folder);
    expect(manifest.tables.partial_date).toMatchObject({ rows: 0, file: null });
  });

  it("refuses a ledger that does not add up", async () => {
    const folder = await copyOfGood();
    await resign(folder, (manifest) => {
      manifest.ledger = { records: { read: 3, loaded: 2 }, answers: {} };
    });
    expect(await code(folder)).toBe("SUBMISSION_LEDGER");
  });

  it("refuses changes of what the hub does not hold, and an old number", async () => {
    const folder = await copyOfGood();
    const held = {
      sequence: 1,
      manifestSha256: "a".repeat(64),
      tokenKeyFingerprint: "0123456789abcdef",
    };
    expect(await code(folder, { ...expected, held })).toBe("SUBMISSION_REPLAY");
    await resign(folder, (manifest) => {
      manifest.kind = "changes";
      manifest.base = { sequence: 7, manifest_sha256: "b".repeat(64) };
    });
    expect(await code(folder)).toBe("SUBMISSION_GAP");
    expect(await code(folder, { ...expected, held: { ...held, sequence: 0 } })).toBe(
      "SUBMISSION_GAP",
    );
  });

  it("does not follow a link out of the folder", async () => {
    const folder = await copyOfGood();
    await rm(join(folder, "pro_cm.parquet.age"));
    await symlink(join(good, "pro_cm.parquet.age"), join(folder, "pro_cm.parquet.age"));
    expect(await code(folder)).toBe("SUBMISSION_FILE_UNKNOWN");
  });

  it("refuses a manifest that fills the memory", async () => {
    const folder = await copyOfGood();
    await writeFile(join(folder, MANIFEST), " ".repeat(1_000_001));
    expect(await code(folder)).toBe("SUBMISSION_MANIFEST");
  });

  it("refuses a Parquet file that was cut on the way", async () => {
    const folder = await copyOfGood();
    await truncate(join(folder, "pro_cm.parquet.age"), 200);
    expect(await code(folder)).toBe("SUBMISSION_INCOMPLETE");
  });

  it("refuses a signed manifest whose Parquet file was cut before it was signed", async () => {
    const folder = await copyOfGood();
    const file = join(folder, "pro_cm.parquet.age");
    const whole = Buffer.from(await decryptToBytes(file, HUB_KEY.identity));
    const cut = whole.subarray(0, 200);
    const sealed = await encryptBytes(new Uint8Array(cut), HUB_KEY.recipient);
    await writeFile(file, sealed);
    const sha256 = createHash("sha256").update(cut).digest("hex");
    await resign(folder, (manifest) => {
      const { pro_cm } = manifest.tables as Record<string, object>;
      Object.assign(pro_cm ?? {}, {
        file: { sha256, bytes: cut.length, sealed_bytes: sealed.length },
      });
    });
    expect(await code(folder)).toBe("SUBMISSION_UNREADABLE");
  });

  it.each<[string, (manifest: Record<string, unknown>) => void]>([
    ["an unknown key", (manifest) => Object.assign(manifest, { note: "hello" })],
    ["another CDM version", (manifest) => Object.assign(manifest, { cdm_version: "6.1" })],
    ["another layout", (manifest) => Object.assign(manifest, { format: 1 })],
    ["changes of nothing", (manifest) => Object.assign(manifest, { kind: "changes" })],
    ["a sequence that is no number", (manifest) => Object.assign(manifest, { sequence: "1" })],
    ["a path for a site", (manifest) => Object.assign(manifest, { site: "../SITEB" })],
    ["a table left out", (manifest) => delete (manifest.tables as { death?: object }).death],
    ["no ledger", (manifest) => delete manifest.ledger],
  ])("refuses a signed manifest with %s", async (_, change) => {
    const folder = await copyOfGood();
    await resign(folder, change);
    expect(await code(folder)).toBe("SUBMISSION_MANIFEST");
  });

  it("refuses a signature that only a forgiving base64 decoder reads", async () => {
    const folder = await copyOfGood();
    const file = join(folder, "manifest.sig");
    const signature = (await readFile(file, "utf8")).trim();
    // The last letter before == carries four bits that no byte needs.
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const spare = letters[letters.indexOf(signature[85] ?? "") + 1] ?? "";
    const twin = `${signature.slice(0, 85)}${spare}==`;
    expect(Buffer.from(twin, "base64")).toEqual(Buffer.from(signature, "base64"));
    await writeFile(file, `${twin}\n`);
    expect(await code(folder)).toBe("SUBMISSION_SIGNATURE");
  });
});

describe("CDM conformance of a submission", () => {
  const rule = (issue: string, table: string) => ({ issue, table });
  it.each([
    [
      "a code outside its value set",
      "UPDATE demographic SET sex = 'QQ' WHERE patid = 'P1'",
      rule("SUBMISSION_VALUE_SET", "demographic"),
    ],
    [
      "a text that is too long",
      "UPDATE demographic SET birth_time = '10:30:00' WHERE patid = 'P1'",
      rule("SUBMISSION_LENGTH", "demographic"),
    ],
    [
      "two rows of one key",
      "INSERT INTO harvest FROM harvest",
      rule("SUBMISSION_DUPLICATE_KEY", "harvest"),
    ],
    [
      "an answer of nobody",
      "DELETE FROM demographic WHERE patid = 'P2'",
      rule("SUBMISSION_REFERENCE", "pro_cm"),
    ],
    [
      "a score of no administration",
      "DELETE FROM pro_collection WHERE pro_seq = 'S2'",
      rule("SUBMISSION_REFERENCE", "pro_cm_detail"),
    ],
    [
      "rows of another site",
      "UPDATE demographic SET datamartid = 'SITEB' WHERE patid = 'P2'",
      rule("SUBMISSION_SITE", "demographic"),
    ],
    [
      "an infinite day",
      "UPDATE pro_cm SET pro_date = 'infinity' WHERE pro_cm_id = 'C1'",
      rule("SUBMISSION_DATE", "pro_cm"),
    ],
    [
      "a NUL in a text",
      "UPDATE pro_cm SET pro_name = 'a' || chr(0) WHERE pro_cm_id = 'C1'",
      rule("SUBMISSION_TEXT", "pro_cm"),
    ],
    [
      "a required value left out",
      "ALTER TABLE pro_cm ALTER pro_date DROP NOT NULL; UPDATE pro_cm SET pro_date = NULL WHERE pro_cm_id = 'C1'",
      rule("SUBMISSION_REQUIRED", "pro_cm"),
    ],
    [
      "a column of another type",
      "ALTER TABLE pro_cm ALTER pro_response_num TYPE DOUBLE",
      rule("SUBMISSION_COLUMN", "pro_cm"),
    ],
  ])("refuses %s and says where", async (_, sql, { issue, table }) => {
    const outbox = join(directory, `rows-${++copies}`);
    const sealed = await seal(SMALL_STORE, { outbox, key, change: (store) => store.run(sql) });
    const error = await open(sealed.directory).catch((reason) => reason);
    const refusal = refusalOf(error, "SITEA-000001");
    expect(refusal.code).toBe("SUBMISSION_NOT_CONFORMING");
    expect(refusal.issues).toContainEqual(
      expect.objectContaining({
        code: issue,
        count: 1,
        examples: [expect.objectContaining({ file: `${table}.parquet` })],
      }),
    );
  });

  it("refuses rows that the manifest does not count", async () => {
    const folder = await copyOfGood();
    await resign(folder, (manifest) => {
      const { tables } = manifest as { tables: Record<string, { rows: number }> };
      Object.assign(tables.pro_cm ?? {}, { added: 4 });
    });
    expect(await code(folder)).toBe("SUBMISSION_NOT_CONFORMING");
  });

  it("takes a visit that the export does not hold: it is no fault of the answer", async () => {
    const sealed = await seal(SMALL_STORE, {
      outbox: join(directory, "visit"),
      key,
      change: (store) => store.run("UPDATE pro_cm SET encounterid = 'elsewhere'"),
    });
    expect(await code(sealed.directory)).toBe("Error: accepted");
  });
});
