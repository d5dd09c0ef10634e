import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { type Format, PEOPLE, type Person, VISITS } from "./site.ts";
import { exportFiles } from "./site-export.ts";
import { filesIn } from "./site-look.ts";
import { workbook, zip } from "./zip.ts";

/** What every planted text begins with, in lower case. */
export const CANARY = "zqcanary";
/** What the texts begin with that a steward writes into the site's own files: they stay at the site. */
export const STEWARD = "zqsteward";

/** A text that stands nowhere else in the world. */
export function nest(): () => string {
  let count = 0;
  return () => `Zqcanary${String(++count).padStart(4, "0")}x`;
}

/** Members whose values must stay as they are, or nothing would be read at all. */
const KEPT = new Set([
  ...["resourceType", "id", "system", "code", "reference", "url", "status", "gender", "birthDate"],
  ...["authored", "lastUpdated", "linkId", "questionnaire", "use"],
]);

/** An export with a canary in every place that can hold text, and broken records that hold some; `count` tells how many. */
export function plantedExport(format: Format): { files: Files; count: number } {
  let count = 0;
  const make = nest();
  const next = () => {
    count++;
    return make();
  };
  // The source's own keys too: an id of a resource is a person's for whoever has the source.
  const keys = new Map<string, string>();
  const keyOf = (key: string) => {
    if (!keys.has(key)) keys.set(key, next());
    return keys.get(key) ?? "";
  };
  const people = PEOPLE.map(
    (one): Person => ({
      ...one,
      key: keyOf(one.key),
      family: next(),
      given: `${next()} ${next()}`,
      mrn: next(),
      phone: next(),
      email: `${next()}@example.org`,
      street: next(),
    }),
  );
  const visits = VISITS.map((one) => ({
    ...one,
    id: keyOf(one.id),
    person: keyOf(one.person),
    comment: next(),
  }));
  const files = exportFiles(format, people, visits);
  const planted: Files = Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, PLANT[format](content, name, next)]),
  );
  const [anna] = people as [Person];
  const packed = PACK[format](planted, anna.family, next);
  return { files: { ...packed, ...BROKEN[format](anna.family, next) }, count };
}

type Files = Record<string, string | Uint8Array>;
type Plant = (content: string, name: string, next: () => string) => string;

const PLANT: Record<Format, Plant> = {
  fhir: (content, _name, next) =>
    content
      .trim()
      .split("\n")
      .map((line) => `${JSON.stringify(inResource(JSON.parse(line), next))}\n`)
      .join(""),
  ccda: (content, _name, next) =>
    content
      // Comments and processing instructions between all elements, texts in narrative, names beside every code.
      .replaceAll(/>\n/g, () => `><!-- ${next()} --><?note ${next()}?>\n`)
      .replaceAll(/(<code code="[^"]*")/g, (_, code) => `${code} displayName="${next()}"`)
      .replaceAll("<text>", () => `<text><paragraph>${next()}</paragraph>`)
      .replace(
        "</patient>",
        () =>
          `<guardian><guardianPerson><name><family>${next()}</family></name></guardianPerson></guardian><birthplace><place><addr><city>${next()}</city></addr></place></birthplace></patient>`,
      ),
  csv: (content, name, next) => {
    // A comment of the mapping is the site's own, and stays.
    if (name === "mapping.yaml") return content;
    const [header = "", ...rows] = content.trim().split("\n");
    return [`${header},"${next()}"`, ...rows.map((row) => `${row},"free, ""${next()}"""`)].join(
      "\n",
    );
  },
};

/** Some of the files in packages, with texts where only the package has room for some. */
const PACK: Record<Format, (files: Files, family: string, next: () => string) => Files> = {
  fhir: (files) => files,
  ccda: (files, family, next) => {
    const [first = "", second = "", ...others] = Object.keys(files);
    const entry = (name: string) => ({
      name: `${family}/${family}-${name}`,
      content: files[name] as string,
      comment: next(),
    });
    const parts = [
      entry(first),
      entry(second),
      { name: `${next()}/`, content: "", method: 0, mode: 0o40755 },
      {
        name: `of ${family}.xml`,
        content: `<ClinicalDocument xmlns="urn:hl7-org:v3"><x>${next()}`,
      },
      { name: `IHE_XDM/${next()}.txt`, content: next() },
    ];
    return {
      ...Object.fromEntries(others.map((name) => [name, files[name] ?? ""])),
      "package.zip": zip(parts, next()),
    };
  },
  csv: ({ "survey.csv": survey, ...files }, _family, next) => {
    const rows = String(survey)
      .split("\n")
      .map((line) => [...line.slice(1, -1).split('","'), next()]);
    const mapping = String(files["mapping.yaml"]).replace(
      "match: survey.csv",
      "match: survey.xlsx\n    sheet: Answers",
    );
    const sheets = { [next()]: [[next(), next()]], Answers: rows, [`P. ${next()}`]: [[next()]] };
    const beside = { author: next(), comment: next() };
    return { ...files, "mapping.yaml": mapping, "survey.xlsx": workbook(sheets, beside) };
  },
};

/** Further resources around a resource, and a text in all that is in it. */
function inResource(resource: Record<string, unknown>, next: () => string): object {
  const planted = inside(resource, next) as Record<string, unknown>;
  return {
    ...planted,
    text: { status: "generated", div: `<div>${next()}</div>` },
    contained: [{ resourceType: "Practitioner", id: "c1", name: [{ text: next() }] }],
    fhir_comments: [next()],
    [`_${next()}`]: next(),
    implicitRules: `http://example.org/${next()}`,
    language: next(),
    meta: {
      ...(planted.meta as object),
      tag: [{ system: `http://example.org/${next()}`, code: next(), display: next() }],
      security: [{ code: next() }],
      profile: [`http://example.org/${next()}`],
      source: `urn:${next()}`,
    },
    _status: { extension: [{ url: "http://example.org/x", valueString: next() }] },
    ...(resource.resourceType === "Patient" && {
      contact: [{ name: { family: next() }, telecom: [{ system: "phone", value: next() }] }],
      photo: [{ url: `http://example.org/${next()}` }],
      managingOrganization: { display: next() },
    }),
    ...(resource.resourceType === "QuestionnaireResponse" && {
      author: { display: next() },
      source: { reference: "Patient/other", display: next() },
      identifier: { system: "urn:x", value: next() },
    }),
  };
}

function inside(value: unknown, next: () => string): unknown {
  if (Array.isArray(value)) return value.map((one) => inside(one, next));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, one]) => [
    key,
    typeof one === "string" && !KEPT.has(key) ? `${one} ${next()}` : inside(one, next),
  ]);
  const extension = [{ url: `http://example.org/${next()}`, valueString: next() }];
  return { ...Object.fromEntries(members), extension, text: next(), display: next() };
}

const BROKEN: Record<Format, (family: string, next: () => string) => Files> = {
  fhir: (family, next) => ({
    "Others.ndjson": others(next)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(""),
    "Bundle.json": JSON.stringify({
      resourceType: "Bundle",
      id: next(),
      type: "collection",
      link: [{ relation: "self", url: `http://example.org/${next()}` }],
      entry: [
        {
          fullUrl: `http://example.org/Patient/${next()}`,
          resource: { resourceType: "Patient", id: next(), name: [{ family: next() }] },
          request: { method: "PUT", url: `Patient/${next()}` },
          response: { status: "200", location: `Patient/${next()}`, etag: next() },
        },
      ],
    }),
    [`${family}.ndjson`]: `{"resourceType":"Patient","id":"p9"}\n{"resourceType":"Patient","id":"${next()}","name":[{"family":"${next()}"\n`,
    [`${family}-notes.txt`]: next(),
  }),
  ccda: (family, next) => ({
    // What is not XML: a letter in base64.
    "letter.xml": `<?xml version="1.0"?>\n<!-- ${next()} -->\n<ClinicalDocument xmlns="urn:hl7-org:v3"><title>${next()}</title>
<recordTarget><patientRole><id root="2.999.7" extension="${next()}"/><patient><name><family>${next()}</family></name></patient></patientRole></recordTarget>
<component><nonXMLBody><text mediaType="application/pdf" representation="B64">${btoa(next())}<reference value="${next()}.pdf"/></text></nonXMLBody></component></ClinicalDocument>`,
    [`${family}.xml`]: `<ClinicalDocument xmlns="urn:hl7-org:v3"><title>${next()}</title><x>${next()}`,
  }),
  csv: (family, next) => ({
    [`${family}-notes.csv`]: `a,b\n${next()},1\n`,
    [`${next()}.csv.gz`]: namedGzip("a,b\n1,2\n", { name: next(), comment: next() }),
    "notes.csv": `${next()},${next()}\n${next()},1\n`,
  }),
};

/** Gzip with the name of the packed file and a comment in its header. Source: RFC 1952, 2.3. */
function namedGzip(content: string, { name, comment }: { name: string; comment: string }): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 0x18, 0, 0, 0, 0, 0, 255]);
  return Buffer.concat([
    header,
    Buffer.from(`${name}\0${comment}\0`),
    gzipSync(content).subarray(10),
  ]);
}

/** Resources of which a night needs nothing, little, or a word of a list that is not one: in each place a text. */
function others(next: () => string): object[] {
  const subject = { reference: "Patient/nobody", display: next() };
  const coded = () => ({
    coding: [{ system: `http://example.org/${next()}`, code: next(), display: next() }],
    text: next(),
  });
  return [
    { resourceType: "Binary", id: next(), contentType: "text/plain", data: btoa(next()) },
    {
      resourceType: "DocumentReference",
      id: next(),
      description: next(),
      content: [{ attachment: { url: `http://example.org/${next()}`, title: next() } }],
      subject,
    },
    {
      resourceType: "Questionnaire",
      id: next(),
      url: `http://example.org/Questionnaire/${next()}`,
      title: next(),
      name: next(),
      item: [{ linkId: next(), text: next(), type: "string", prefix: next() }],
    },
    {
      resourceType: "Observation",
      id: next(),
      status: "final",
      category: [coded()],
      code: coded(),
      subject,
      device: { reference: `Device/${next()}`, display: next() },
      effectiveDateTime: "2024-02-05",
      valueQuantity: { value: 3, unit: next(), code: next(), system: `urn:${next()}` },
      interpretation: [coded()],
    },
    {
      resourceType: "Encounter",
      id: next(),
      status: "finished",
      class: { code: next(), display: next() },
      subject,
      period: { start: "2024-02-05" },
      location: [{ location: { display: next() } }],
    },
    { resourceType: "Location", id: next(), name: next(), type: [coded()] },
    {
      resourceType: "Condition",
      id: next(),
      subject,
      code: coded(),
      recordedDate: next(),
      verificationStatus: coded(),
    },
    { resourceType: "Consent", id: next(), status: next(), patient: subject, scope: coded() },
    { resourceType: `Thing${next()}`, id: next() },
    {
      resourceType: "QuestionnaireResponse",
      id: next(),
      status: next(),
      questionnaire: `http://example.org/Questionnaire/${next()}|${next()}`,
      subject: { reference: `Patient/${next()}` },
      authored: next(),
      // The code of an item is shown at the site, so that a steward can map it.
      item: [{ linkId: "local-1", text: next(), answer: [{ valueCoding: coded().coding[0] }] }],
    },
  ];
}

/** Where a canary stands: in any byte of any file below the folders but those left out, or in any value of a database or Parquet file. */
export async function canaryPlaces(
  folder: string,
  leftOut: (file: string) => boolean,
  mark = CANARY,
): Promise<{ places: string[]; bytes: number }> {
  const places: string[] = [];
  let bytes = 0;
  for (const file of await filesIn(folder)) {
    if (leftOut(file)) continue;
    const content = await readFile(join(folder, file));
    bytes += content.length;
    const found = [
      `${file}`,
      content.toString("latin1"),
      content.toString("utf16le"),
      ...(await valuesOf(join(folder, file))),
    ];
    if (found.some((one) => one.toLowerCase().includes(mark))) places.push(file);
  }
  return { places, bytes };
}

async function valuesOf(file: string): Promise<string[]> {
  if (!/\.(duckdb|parquet)$/.test(file)) return [];
  const db = await DuckDb.open(":memory:", { small: true });
  try {
    if (file.endsWith(".parquet"))
      return (
        await db.all<{ t: string }>(
          `SELECT CAST(p AS VARCHAR) AS t FROM read_parquet(${text(file)}) p`,
        )
      ).map(({ t }) => t);
    await db.run(`ATTACH ${text(file)} AS looked_at (READ_ONLY)`);
    const tables = await db.all<{ name: string }>(
      "SELECT '\"' || schema_name || '\".\"' || table_name || '\"' AS name FROM duckdb_tables() WHERE database_name = 'looked_at'",
    );
    const rows = await Promise.all(
      tables.map(({ name }) =>
        db.all<{ t: string }>(`SELECT CAST(p AS VARCHAR) AS t FROM looked_at.${name} p`),
      ),
    );
    return rows.flat().map(({ t }) => t);
  } catch {
    // A store that a killed night left half-written: its bytes were searched.
    return [];
  } finally {
    db.close();
  }
}
