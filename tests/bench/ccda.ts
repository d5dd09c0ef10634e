/**
 * How fast C-CDA is read, and with how much memory: `node tests/bench/ccda.ts [documents]`. The corpus is repeated under new ids; each
 * measure runs in a process of its own, the bare parse of the same bytes among them. Two large documents follow.
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ParseOption, XmlDocument } from "libxml2-wasm";
import { ccda } from "../../pipelines/adapters/ccda/ccda.ts";
import { toUtf8 } from "../../pipelines/adapters/xml/encoding.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { mapRecords, openIdentified, prepare, readExport } from "../../pipelines/intake.ts";
import { settleRecords } from "../../pipelines/quality/ledger.ts";

const corpus = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);

async function compare(wanted: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
  try {
    const many = join(root, "many");
    const { documents, bytes } = await repeatCorpus(many, wanted);
    const megabytes = bytes / 1e6;
    console.log(
      `${documents} documents, ${megabytes.toFixed(0)} MB, ${availableParallelism()} cores\n`,
    );
    console.log("| measure | seconds | documents/s | MB/s | peak MB |\n|---|---|---|---|---|");
    for (const what of MEASURES) {
      const { seconds, peak } = child(what, many);
      const rates =
        what === "nothing"
          ? ["", ""]
          : [documents / seconds, megabytes / seconds].map((rate) => rate.toFixed(0));
      console.log(`| ${NAMES[what]} | ${seconds.toFixed(2)} | ${rates.join(" | ")} | ${peak} |`);
    }
    console.log("\n| document | MB | seconds | peak MB | outcome |\n|---|---|---|---|---|");
    for (const [name, make] of Object.entries(LARGE)) {
      const directory = join(root, name.replaceAll(" ", "-"));
      await mkdir(directory);
      const size = make(join(directory, "large.xml"));
      const { seconds, peak, outcome } = child("read", directory);
      console.log(
        `| ${name} | ${(size / 1e6).toFixed(0)} | ${seconds.toFixed(2)} | ${peak} | ${outcome} |`,
      );
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const MEASURES = ["nothing", "parse", "read", "map"];
const NAMES: Record<string, string> = {
  nothing: "start, catalogue and database only",
  parse: "bare parse of the same bytes, one core",
  read: "read into the intake tables",
  map: "read, map, score and settle",
};

interface Measured {
  seconds: number;
  /** Megabytes. */
  peak: number;
  outcome: string;
}

function child(what: string, directory: string): Measured {
  const { stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, what, directory], {
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

async function measure(what: string, directory: string): Promise<void> {
  const files = (await readdir(directory)).sort();
  const started = performance.now();
  const outcome =
    what === "parse" ? await parseAll(directory, files) : await readAll(what, directory, files);
  const seconds = (performance.now() - started) / 1000;
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ seconds, peak, outcome } satisfies Measured));
}

/** Nothing but the parser; fragments that it refuses cost it as much. */
async function parseAll(directory: string, files: string[]): Promise<string> {
  let failed = 0;
  for (const file of files) {
    const source = toUtf8(await readFile(join(directory, file)));
    try {
      const option = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_COMPACT;
      if (source) XmlDocument.fromBuffer(source.content, { option }).dispose();
    } catch {
      failed++;
    }
  }
  return `${failed} fragments`;
}

async function readAll(what: string, directory: string, files: string[]): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-bench-"));
  const identity = { site: "BENCH", name: "bench", network: "B", format: "ccda" };
  const settings = siteSchema.parse(identity);
  const site = { ...settings, exportDirectory: directory, identifiedDirectory: scratch } as Site;
  const db = await openIdentified(scratch);
  try {
    await prepare(db, site, "2028-01-01");
    if (what === "nothing") return "";
    const progress = createProgress({ err: process.stderr, tty: false, quiet: true });
    await readExport(db, site, { adapter: ccda, files, ignored: [] }, progress);
    if (what === "map") {
      await mapRecords(db, site);
      await settleRecords(db);
    }
    const { outcome } = await db.one<{ outcome: string }>(
      "SELECT coalesce(any_value(reason), 'read') || ', ' || (SELECT count(*) FROM intake_response) || ' answers' AS outcome FROM intake_record",
    );
    return outcome;
  } finally {
    db.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The same documents about other people. */
async function repeatCorpus(
  target: string,
  wanted: number,
): Promise<{ documents: number; bytes: number }> {
  await mkdir(target);
  const source = join(corpus, "ccda");
  const names = ((await readdir(source, { recursive: true })) as string[])
    .filter((file) => ccda.accepts(file))
    .sort();
  const contents = await Promise.all(names.map((file) => readFile(join(source, file), "utf8")));
  let bytes = 0;
  let documents = 0;
  for (let turn = 0; documents < wanted; turn++) {
    for (const content of contents) {
      const renamed = content.replace(
        /<([\w:]*)recordTarget[\s\S]*?<\/\1recordTarget>/,
        (target_) => target_.replace(/(<(?:\w+:)?id [^>]*extension=")/g, `$1${turn}-`),
      );
      bytes += Buffer.byteLength(renamed);
      await writeFile(join(target, `${String(documents++).padStart(6, "0")}.xml`), renamed);
    }
  }
  return { documents, bytes };
}

const HEAD = `<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><recordTarget><patientRole><id root="2.999.7" extension="P1"/><patient/></patientRole></recordTarget><component><structuredBody>`;
const TAIL = `</structuredBody></component></ClinicalDocument>`;

/** Writes a document of one repeated part; returns its bytes. */
function repeat(path: string, part: (n: number) => string, times: number): number {
  const file = openSync(path, "w");
  try {
    let bytes = writeSync(file, HEAD);
    for (let n = 0; n < times; n += 1000) {
      const chunk = Array.from({ length: Math.min(1000, times - n) }, (_, i) => part(n + i));
      bytes += writeSync(file, chunk.join(""));
    }
    return bytes + writeSync(file, TAIL);
  } finally {
    closeSync(file);
  }
}

const observation = (n: number) =>
  `<entry><observation classCode="OBS" moodCode="EVN"><id root="2.999.1" extension="${n}"/><code code="44261-6" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/><effectiveTime value="2024${String((n % 12) + 1).padStart(2, "0")}15"/><value xsi:type="INT" value="${n % 28}"/></observation></entry>`;
const section = (content: string) => `<component><section>${content}</section></component>`;

const side = (code: string) => (n: number) =>
  `<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.86"/><code code="${code}" codeSystem="2.16.840.1.113883.6.1"/><value xsi:type="INT" value="${n % 4}"/></observation></entryRelationship>`;
const around =
  (open: string, close: string, times: number, part: (n: number) => string) => (n: number) =>
    (n === 0 ? open : "") + part(n) + (n === times - 1 ? close : "");
const PANEL = `<component><section><entry><observation classCode="OBS" moodCode="EVN"><code code="44249-1" codeSystem="2.16.840.1.113883.6.1"/><effectiveTime value="20240304"/>`;
const LOOSE = `<component><section><entry><act classCode="ACT" moodCode="EVN"><effectiveTime value="20240304"/>`;
const END = (name: string) => `</${name}></entry></section></component>`;

const LARGE: Record<string, (path: string) => number> = {
  "100 MB of narrative": (path) =>
    repeat(
      path,
      (n) => section(`<text><paragraph>${`word ${n} `.repeat(1_000)}</paragraph></text>`),
      9_500,
    ),
  "100 MB of scores": (path) => repeat(path, (n) => section(observation(n)), 300_000),
  "100,000 items of one panel": (path) =>
    repeat(path, around(PANEL, END("observation"), 100_000, side("44250-9")), 100_000),
  "100,000 totals of another form in one panel": (path) =>
    repeat(path, around(PANEL, END("observation"), 100_000, side("55758-7")), 100_000),
  "100,000 answers of one day under unknown codes": (path) =>
    repeat(path, around(LOOSE, END("act"), 100_000, side("99999-9")), 100_000),
  "1 million elements": (path) => repeat(path, (n) => section(observation(n)), 111_112),
  "1 million elements in one section": (path) =>
    repeat(
      path,
      (n) =>
        `${n === 0 ? "<component><section>" : ""}${observation(n)}${n === 142_856 ? "</section></component>" : ""}`,
      142_857,
    ),
};

const [, , first = "2000", folder] = process.argv;
if (folder !== undefined) await measure(first, folder);
else await compare(Number(first));
