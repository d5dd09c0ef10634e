import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProError } from "../../pipelines/core/errors.ts";
import { createSiteKeys, readSiteKeys } from "../../pipelines/privacy/keys.ts";
import { temporary } from "../support/site.ts";

let keys: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const folder = await temporary();
  keys = join(folder.directory, "keys");
  remove = folder.remove;
});
afterEach(() => remove());

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** The error that reading the keys ends with. */
async function refusal(): Promise<ProError> {
  const error = await readSiteKeys(keys).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProError);
  return error as ProError;
}

describe("a site's keys", () => {
  it.skipIf(process.platform === "win32")("are for their owner only", async () => {
    await createSiteKeys(keys);
    expect(await modeOf(keys)).toBe("700");
    expect(await modeOf(join(keys, "token.key"))).toBe("600");
    expect(await modeOf(join(keys, "signing.key"))).toBe("600");
  });

  it("are kept when they are there already", async () => {
    const first = await createSiteKeys(keys);
    expect(await createSiteKeys(keys)).toEqual(first);
  });

  it("differ from site to site", async () => {
    const first = await createSiteKeys(keys);
    const second = await createSiteKeys(`${keys}-2`);
    expect(second.tokenKeyFingerprint).not.toBe(first.tokenKeyFingerprint);
    expect(second.publicKey).not.toBe(first.publicKey);
  });

  it("are named by a fingerprint that does not contain them", async () => {
    const { tokenKeys, tokenKeyFingerprint } = await createSiteKeys(keys);
    expect(tokenKeyFingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(tokenKeys).toHaveLength(1);
    expect(Buffer.from(tokenKeys[0] ?? []).toString("hex")).not.toContain(tokenKeyFingerprint);
  });

  it.skipIf(process.platform === "win32").each([
    { file: "token.key", mode: 0o640 },
    { file: "token.key", mode: 0o604 },
    { file: "signing.key", mode: 0o644 },
  ])("are refused when others can read $file ($mode)", async ({ file, mode }) => {
    await createSiteKeys(keys);
    await chmod(join(keys, file), mode);
    const error = await refusal();
    expect(error.code).toBe("CONFIG_KEY");
    expect(error.where.file).toBe(join(keys, file));
    expect(error.hint).toBe(`chmod 600 ${join(keys, file)}`);
  });

  it.each(["token.key", "signing.key"])("are refused when %s is missing", async (file) => {
    await createSiteKeys(keys);
    await rm(join(keys, file));
    const error = await refusal();
    expect(error.code).toBe("CONFIG_KEY");
    expect(error.where.file).toBe(join(keys, file));
  });

  it.each([
    { title: "empty", content: "" },
    { title: "one digit short", content: "5".repeat(63) },
    { title: "one digit too long", content: "5".repeat(65) },
    { title: "no hexadecimal number", content: `${"5".repeat(63)}g` },
    { title: "in capital letters", content: "A".repeat(64) },
    { title: "two keys in a line", content: `${"5".repeat(64)} ${"6".repeat(64)}\n` },
    { title: "a key and an empty line", content: `${"5".repeat(64)}\n\n${"6".repeat(64)}\n` },
  ])(
    "are refused when the token key is $title, and the message does not show it",
    async ({ content }) => {
      await createSiteKeys(keys);
      await writeFile(join(keys, "token.key"), content, { mode: 0o600 });
      const error = await refusal();
      expect(error.code).toBe("CONFIG_KEY");
      expect(error.where.file).toBe(join(keys, "token.key"));
      const told = `${error.message} ${error.hint} ${error.stack}`;
      expect(told).not.toMatch(/5555|6666|AAAA/);
    },
  );

  it.each([
    { title: "cut short", change: (pem: string) => pem.slice(0, 60) },
    {
      title: "another kind of key",
      change: () => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    },
  ])(
    "are refused when the signing key is $title, and the message does not show it",
    async ({ change }) => {
      await createSiteKeys(keys);
      const file = join(keys, "signing.key");
      const pem = await readFile(file, "utf8");
      await writeFile(file, change(pem), { mode: 0o600 });
      const error = await refusal();
      expect(error.code).toBe("CONFIG_KEY");
      expect(error.where.file).toBe(file);
      const secret = pem.split("\n")[1]?.slice(24, 44) ?? "?";
      expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain(secret);
    },
  );

  it("of an elliptic curve other than Ed25519 are refused", async () => {
    const { generateKeyPairSync } = await import("node:crypto");
    await mkdir(keys, { mode: 0o700 });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(join(keys, "token.key"), "5".repeat(64), { mode: 0o600 });
    await writeFile(join(keys, "signing.key"), pem, { mode: 0o600 });
    expect((await refusal()).code).toBe("CONFIG_KEY");
  });
});
