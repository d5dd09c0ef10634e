import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withFhir } from "../golden/fhir/read-golden.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "propool-torture-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Writes pieces one after the other; a file too large to be held. */
async function write(name: string, pieces: Iterable<string>): Promise<number> {
  const out = createWriteStream(join(root, name));
  for (const piece of pieces) if (!out.write(piece)) await once(out, "drain");
  out.end();
  await finished(out);
  return (await stat(join(root, name))).size;
}

const states = (files: string[]) =>
  withFhir({ folder: { path: root, files } }, (db) =>
    db.all<{ kind: string; state: string | null; reason: string | null; n: number }>(
      "SELECT kind, state, reason, count(*)::INTEGER AS n FROM intake_record GROUP BY ALL ORDER BY ALL",
    ),
  );

it("two million tiny resources are two million records", async () => {
  await write(
    "Patient.ndjson",
    (function* () {
      for (let i = 0; i < 2_000_000; i++) yield `{"resourceType":"Patient","id":"p${i}"}\n`;
    })(),
  );
  expect(await states(["Patient.ndjson"])).toEqual([
    { kind: "Patient", state: null, reason: null, n: 2_000_000 },
  ]);
});

it("two million tiny resources of two types, one line of them broken, lose that one line", async () => {
  await write(
    "mixed.ndjson",
    (function* () {
      for (let i = 0; i < 2_000_000; i++)
        yield i === 1_234_567
          ? '{"resourceType":\n'
          : `{"resourceType":"${i % 2 ? "Patient" : "Location"}","id":"p${i}"}\n`;
    })(),
  );
  expect(await states(["mixed.ndjson"])).toEqual([
    { kind: "Location", state: "out_of_scope", reason: "SOURCE_CONTEXT", n: 1_000_000 },
    { kind: "Patient", state: null, reason: null, n: 999_999 },
    { kind: "resource", state: "quarantined", reason: "SOURCE_MALFORMED", n: 1 },
  ]);
});

it("a Bundle of more than 512 MB, which no text can hold, gives its entries", async () => {
  const filler = "x".repeat(100_000);
  const size = await write(
    "bundle.json",
    (function* () {
      yield '{"resourceType":"Bundle","type":"collection","entry":[';
      for (let i = 0; i < 5_600; i++)
        yield `${i ? "," : ""}\n{"fullUrl":"urn:uuid:${i}","resource":{"resourceType":"Patient","text":{"div":"${filler} ]}\\" ["}}}`;
      yield '],"total":5600}\n';
    })(),
  );
  expect(size).toBeGreaterThan(2 ** 29);
  expect(await states(["bundle.json"])).toEqual([
    { kind: "Patient", state: null, reason: null, n: 5_600 },
  ]);
});

it("a document of more than 64 MB that is cut short says so, and keeps the entries before", async () => {
  await write(
    "cut.json",
    (function* () {
      yield '{"resourceType":"Bundle","entry":[';
      for (let i = 0; i < 800; i++)
        yield `{"resource":{"resourceType":"Patient","id":"${i}","text":{"div":"${"y".repeat(100_000)}"}}},`;
    })(),
  );
  expect(await states(["cut.json"])).toEqual([
    { kind: "Patient", state: null, reason: null, n: 800 },
    { kind: "resource", state: "quarantined", reason: "SOURCE_MALFORMED", n: 1 },
  ]);
});
