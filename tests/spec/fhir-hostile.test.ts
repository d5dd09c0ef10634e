import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { readFhirFiles } from "../../pipelines/adapters/fhir/read.ts";
import { createResourceTables } from "../../pipelines/adapters/fhir/strict.ts";
import { createIntake } from "../../pipelines/adapters/intake.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { columnsOf, readRecords, withFhir } from "../golden/fhir/read-golden.ts";

const corpus = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
  "hostile",
);
const isPresent = existsSync(corpus);
const hostile = isPresent
  ? (await readdir(corpus, { recursive: true })).filter((name) => name.endsWith(".json")).sort()
  : [];

/** What becomes of each file: the code of the error that stops the night, or the states of its records. */
async function outcomes(files: Record<string, string | Uint8Array>) {
  const root = await mkdtemp(join(tmpdir(), "propool-hostile-"));
  const db = await DuckDb.open(":memory:", { small: true });
  const told: Record<string, string> = {};
  try {
    await createIntake(db);
    await createResourceTables(db);
    const scratch = join(root, "scratch");
    await mkdir(scratch);
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(root, name), content);
      const input = {
        db,
        exportDirectory: root,
        files: [name],
        mapping: null,
        scratch,
        progress: createProgress({ err: new Writable(), tty: false, quiet: true }),
        site: "TEST",
      };
      told[name] = await readFhirFiles(input, [name]).then(
        () => "read",
        (error) => (error instanceof ProError ? error.code : String(error)),
      );
    }
    const rows = await db.all<{ file: string; states: string }>(
      `SELECT where_file AS file, string_agg(DISTINCT coalesce(state, 'accepted') || ' ' || coalesce(reason, '')) AS states
      FROM intake_record GROUP BY ALL`,
    );
    for (const { file, states } of rows) if (told[file] === "read") told[file] = states;
    return told;
  } finally {
    db.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** Nothing in these suites is a resource that we read: each must be refused or counted, by name. */
const TOLD =
  /^(quarantined SOURCE_(MALFORMED|NOT_A_RESOURCE|REFUSED|WRONG_TYPE|TOO_DEEP)|SOURCE_EMPTY|out_of_scope SOURCE_RESOURCE_NOT_READ)$/;

describe.skipIf(!isPresent)(
  isPresent ? "hostile JSON" : `hostile JSON (left out: nothing at ${corpus})`,
  () => {
    let asDocument: Record<string, string> = {};
    let asLine: Record<string, string> = {};
    beforeAll(async () => {
      const documents: Record<string, Uint8Array> = {};
      const lines: Record<string, Uint8Array> = {};
      for (const [i, name] of hostile.entries()) {
        const content = await readFile(join(corpus, name));
        documents[`${i}.json`] = content;
        if (!content.includes("\n")) lines[`${i}.ndjson`] = content;
      }
      asDocument = await outcomes(documents);
      asLine = await outcomes(lines);
    }, 120_000);

    it("is a suite of several hundred files", () => {
      expect(hostile.length).toBeGreaterThan(300);
    });

    it("neither stops the machine nor passes in silence, as a document or as a line", () => {
      const told = [...Object.entries(asDocument), ...Object.entries(asLine)];
      expect(told.length).toBeGreaterThan(600);
      const passed = told.filter(([, outcome]) => !TOLD.test(outcome));
      expect(
        passed.map(([file, outcome]) => [hostile[Number.parseInt(file, 10)], outcome]),
      ).toEqual([]);
    });
  },
);

const line = (more: object) => JSON.stringify({ resourceType: "Patient", id: "p", ...more });
const form = (item: string) =>
  `{"resourceType":"QuestionnaireResponse","id":"r","status":"completed","item":${item}}`;
/** Items in items, so many levels down. */
const deep = (levels: number) =>
  form(`${'[{"linkId":"a","item":'.repeat(levels)}[]${"}]".repeat(levels)}`);

describe("a file of", () => {
  it("a NUL byte quarantines its line", async () => {
    const content = `${line({})}\n{"resourceType":"Pat\0ient"}\n`;
    expect(await outcomes({ "a.ndjson": content })).toEqual({
      "a.ndjson": "quarantined SOURCE_MALFORMED",
    });
  });

  it.each(["1e999", "9".repeat(400), "-0.1e-400"])(
    "the number %s goes on as it stands",
    async (number) => {
      const content = `${form(`[{"linkId":"a","answer":[{"valueDecimal":${number}}]}]`)}\n`;
      const rows = await withFhir({ files: { "a.ndjson": content } }, (db) =>
        columnsOf(db, "intake_response", "coalesce(answer_text, answer_num::VARCHAR)"),
      );
      expect(rows).toEqual([[number === "-0.1e-400" ? "0.000000" : number]]);
    },
  );

  it.each(["1", "2", "3"])(
    "a member given twice at level %s of a form is refused",
    async (level) => {
      const twice = '{"linkId":"a","linkId":"b","answer":[{"valueInteger":1}]}';
      const item = Array.from({ length: Number(level) - 1 }).reduce<string>(
        (below) => `{"linkId":"group","item":[${below}]}`,
        twice,
      );
      expect(await outcomes({ "a.ndjson": `${form(`[${item}]`)}\n` })).toEqual({
        "a.ndjson": "quarantined SOURCE_REFUSED",
      });
    },
  );

  it("items with ids of their own says the same as without, and no text loses what looks like one", async () => {
    const said = String.raw`{"valueString":"\"id\":\"1\", and \\\"id\":\"2\""}`;
    const without = `[{"linkId":"g","item":[{"linkId":"a","answer":[${said},{"valueInteger":1}]}]}]`;
    const withIds = without
      .replaceAll('{"linkId"', '{"id":"x","linkId"')
      .replaceAll('{"value', '{"id":"{\\"id\\":1","value')
      .replaceAll("}]", ',"id":"last"}]');
    const files = { "a.ndjson": `${form(without)}\n`, "b.ndjson": `${form(withIds)}\n` };
    const [first, second, third, fourth] = await withFhir({ files }, (db) =>
      columnsOf(db, "intake_response", "item_code, where_pointer, answer_text, answer_num::DOUBLE"),
    );
    expect([first?.[2], second?.[3]]).toEqual([JSON.parse(said).valueString, 1]);
    expect([third, fourth]).toEqual([first, second]);
  });

  it("a resource of 40 MB is read like any other", async () => {
    const large = line({ name: [{ family: "x".repeat(40 * 2 ** 20) }] });
    const told = await readRecords({
      "a.ndjson": `${line({ id: "a" })}\n${large}\n`,
      "b.json": `{"resourceType":"Bundle","entry":[{"resource":${large}}]}`,
    });
    expect(told).toEqual({
      "a.ndjson": ["Patient @ line 1", "Patient @ line 2"],
      "b.json": ["Patient @ entry[0]"],
    });
  }, 60_000);

  it.each([500, 100_000])(
    "a form of %i levels ends in one state",
    async (levels) => {
      const told = await readRecords({ "a.ndjson": `${line({})}\n${deep(levels)}\n` });
      expect(told["a.ndjson"]).toEqual([
        "Patient @ line 1",
        levels > 1000
          ? "QuestionnaireResponse @ line 2 quarantined SOURCE_TOO_DEEP"
          : "QuestionnaireResponse @ line 2",
      ]);
    },
    60_000,
  );

  it("forms alone, one of 100,000 levels, which takes the fast way first", async () => {
    const told = await readRecords({ "a.ndjson": `${deep(2)}\n${deep(100_000)}\n` });
    expect(told["a.ndjson"]).toEqual([
      "QuestionnaireResponse @ line 1",
      "QuestionnaireResponse @ line 2 quarantined SOURCE_TOO_DEEP",
    ]);
  }, 60_000);
});

describe("other containers:", () => {
  it("zstd, as lines and as a document", async () => {
    const told = await readRecords({
      "a.ndjson.zst": zstdCompressSync(`${line({ id: "a" })}\n${line({ id: "b" })}\n`),
      "b.json.zst": zstdCompressSync(line({ id: "c" })),
    });
    expect(told).toEqual({
      "a.ndjson.zst": ["Patient @ line 1", "Patient @ line 2"],
      "b.json.zst": ["Patient @ resource"],
    });
  });

  it("zstd that was put together of several files", async () => {
    const one = (id: string) => zstdCompressSync(`${line({ id })}\n`);
    const told = await readRecords({
      "a.ndjson.zst": Buffer.concat([one("a"), one("b"), one("c")]),
    });
    expect(told["a.ndjson.zst"]).toHaveLength(3);
  });

  it("a cut zstd file stops the night", async () => {
    const packed = zstdCompressSync(`${line({ id: "a" })}\n`.repeat(50_000));
    await expect(
      readRecords({ "a.ndjson.zst": packed.subarray(0, packed.length - 20) }),
    ).rejects.toMatchObject({ code: "SOURCE_UNREADABLE", where: { file: "a.ndjson.zst" } });
  });

  it.each(["a.ndjson.zst", "a.json.zst", "a.xml.zst"])(
    "a bomb called %s does not fill the memory",
    async (name) => {
      const packed = zstdCompressSync(Buffer.alloc(16 * 2 ** 20, " "));
      const told = readRecords({ [name]: Buffer.concat(Array(20).fill(packed)) });
      // Lines are counted to the end; a document is one record, and one that is set aside.
      if (name.includes("ndjson"))
        await expect(told).rejects.toMatchObject({ code: "SOURCE_TOO_LARGE" });
      else expect(await told).toEqual({ [name]: [expect.stringContaining("SOURCE_TOO_LARGE")] });
    },
  );

  it("the manifest of a bulk export is counted and no resource", async () => {
    const manifest = { transactionTime: "2024-01-01T00:00:00Z", request: "x", output: [] };
    expect(await readRecords({ "manifest.json": JSON.stringify(manifest) })).toEqual({
      "manifest.json": ["manifest @ resource out_of_scope SOURCE_MANIFEST"],
    });
  });

  it("Bundles in Bundles and on lines, whose entries take their ids from the full URL", async () => {
    const inner = {
      resourceType: "Bundle",
      entry: [{ fullUrl: "urn:uuid:1b", resource: { resourceType: "Patient" } }],
    };
    const outer = { resourceType: "Bundle", entry: [{ resource: inner }, { request: {} }] };
    const files = { "a.ndjson": `${JSON.stringify(outer)}\n${line({ id: "z" })}\n` };
    const told = await readRecords(files);
    expect(told["a.ndjson"]?.toSorted()).toEqual([
      "Patient @ line 1 entry[0] entry[0]",
      "Patient @ line 2",
      "resource @ line 1 entry[1] quarantined SOURCE_NOT_A_RESOURCE",
    ]);
    const ids = await withFhir({ files }, (db) => columnsOf(db, "intake_patient", "patient_key"));
    expect(ids).toEqual([["1b"], ["z"]]);
  });

  it("a file of nothing but Bundles on lines is read, and not left out as another type", async () => {
    const bundle = (id: string) => ({
      resourceType: "Bundle",
      entry: [{ resource: { resourceType: "Patient", id } }],
    });
    const lines = ["a", "b"].map((id) => `${JSON.stringify(bundle(id))}\n`).join("");
    expect(await readRecords({ "a.ndjson": lines })).toEqual({
      "a.ndjson": ["Patient @ line 1 entry[0]", "Patient @ line 2 entry[0]"],
    });
  });

  it("DSTU2 forms whose group is no group are quarantined", async () => {
    const bad = { resourceType: "QuestionnaireResponse", group: { question: "q" } };
    expect(await readRecords({ "a.ndjson": `${JSON.stringify(bad)}\n` })).toEqual({
      "a.ndjson": ["QuestionnaireResponse @ line 1 quarantined SOURCE_WRONG_TYPE /group"],
    });
  });
});
