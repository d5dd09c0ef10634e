import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { XmlDocument, XmlElement } from "libxml2-wasm";
import type { DemoNetwork } from "../../pipelines/demo/index.ts";

/** A demo network's files, read without any code of the generator or the adapters. */
export interface DemoFiles {
  /** All lines of the FHIR site; `resource` is null where a line is no JSON. */
  lines: Line[];
  /** All documents of the C-CDA site; `observations` is null where a file is no XML. */
  documents: Document[];
  patients: Row[];
  survey: Row[];
}

export interface Line {
  place: string;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: resources are read as they are, without a schema that could hide a difference
  resource: any;
}

export interface Document {
  place: string;
  text: string;
  mrn: string;
  person: string;
  scales: Scale[] | null;
}

/** An assessment scale: values by LOINC code, the panel's own value first. */
export interface Scale {
  panel: string;
  value: number | null;
  parts: Map<string, number | null>;
}

export interface Row {
  place: string;
  cells: Record<string, string>;
}

export async function readDemo(network: DemoNetwork): Promise<DemoFiles> {
  const [river = "", harbor = "", summit = ""] = network.sites.map(({ directory }) =>
    join(directory, "export"),
  );
  const ndjson = (await readdir(river)).sort();
  const xml = (await readdir(harbor)).sort();
  return {
    lines: (await Promise.all(ndjson.map((file) => readLines(river, file)))).flat(),
    documents: await Promise.all(xml.map((file) => readDocument(harbor, file))),
    patients: await readRows(summit, "patients.csv"),
    survey: await readRows(summit, "survey.csv"),
  };
}

/** The answers and scores of a response or a form, groups unfolded. */
// biome-ignore lint/suspicious/noExplicitAny: see Line
export function itemsOf(resource: any): any[] {
  // biome-ignore lint/suspicious/noExplicitAny: see Line
  return (resource.item ?? []).flatMap((item: any) => (item.item ? itemsOf(item) : [item]));
}

/** The FHIR site's resources of a type; a line that is no JSON is none. */
export function resourcesOf(files: DemoFiles, type: string): Line[] {
  return files.lines.filter(({ resource }) => resource?.resourceType === type);
}

/** Documents without those that say again what one with a shorter name says. */
export function firstDocuments({ documents }: DemoFiles): Document[] {
  const names = documents.toSorted((a, b) => a.place.length - b.place.length);
  const first = new Map<string, string>();
  for (const { text, place } of names) if (!first.has(text)) first.set(text, place);
  return documents.filter(({ text, place }) => first.get(text) === place);
}

/** Name and birth date, and record number, of everyone at every site. */
export function everybody(files: DemoFiles): [person: string, mrn: string][] {
  return [
    ...resourcesOf(files, "Patient").map(({ resource }): [string, string] => [
      personOf(resource),
      resource.identifier[0].value,
    ]),
    ...files.documents
      .filter(({ scales }) => scales !== null)
      .map(({ person, mrn }): [string, string] => [person, mrn]),
    ...files.patients.map(({ cells }): [string, string] => {
      const [month, day, year] = cells.dob?.split("/") ?? [];
      return [`${cells.first_name}|${cells.last_name}|${year}-${month}-${day}`, cells.mrn ?? ""];
    }),
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: see Line
export function personOf(patient: any): string {
  return `${patient.name[0].given[0]}|${patient.name[0].family}|${patient.birthDate}`;
}

export const PHQ9 = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `phq9_${n}`);
export const GAD7 = [1, 2, 3, 4, 5, 6, 7].map((n) => `gad7_${n}`);

/** A reported total and the answers that it is made of; null: skipped or not readable. */
export interface Total {
  place: string;
  reported: number;
  answers: (number | null)[];
}

/** With one or two answers missing the mean of the others counts for them, rounded half up. */
export function isWrong({ reported, answers }: Total): boolean {
  const given = answers.filter((answer) => answer !== null);
  if (answers.length - given.length > 2) return true;
  return Math.round((sum(given) * answers.length) / given.length) !== reported;
}

/** LOINC codes of the summed items: panel, total, items. */
const PANELS = [
  ["44249-1", "44261-6", "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8"],
  ["69737-5", "70274-6", "69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7"],
] as const;

export function riverTotals(files: DemoFiles): Total[] {
  const loinc = new Map<string, string>();
  for (const { resource } of resourcesOf(files, "Questionnaire")) {
    for (const item of itemsOf(resource)) loinc.set(item.linkId, item.code[0].code);
  }
  return resourcesOf(files, "QuestionnaireResponse").flatMap(({ place, resource }) => {
    const answers = new Map(
      itemsOf(resource).map((item) => [loinc.get(item.linkId), item.answer?.[0]]),
    );
    return PANELS.flatMap(([, total, items]) => {
      const score = answers.get(total);
      const reported = score?.valueDecimal ?? score?.valueInteger;
      if (reported === undefined) return [];
      return [
        {
          place,
          reported,
          answers: items
            .split(" ")
            .map((code) => answerValue(answers.get(code)?.valueCoding?.code)),
        },
      ];
    });
  });
}

/** The panel's own value and, where it is there, the total among its parts must agree. */
export function harborTotals(files: DemoFiles): Total[] {
  return firstDocuments(files).flatMap(({ place, scales }) =>
    (scales ?? []).flatMap(({ panel, value, parts }) => {
      const known = PANELS.find(([code]) => code === panel);
      if (!known || value === null) return [];
      const [, total, items] = known;
      // Said twice, it must be said alike.
      if ((parts.get(total) ?? value) !== value)
        return [{ place, reported: Number.NaN, answers: [] }];
      return [
        {
          place,
          reported: value,
          answers: items.split(" ").map((code) => parts.get(code) ?? null),
        },
      ];
    }),
  );
}

export function summitTotals(files: DemoFiles): Total[] {
  return files.survey.flatMap(({ place, cells }) =>
    [
      { total: cells.phq9_total, columns: PHQ9 },
      { total: cells.gad7_total, columns: GAD7 },
    ].flatMap(({ total, columns }) => {
      if (!total) return [];
      const answers = columns.map((column) =>
        cells[column] === "" ? null : Number(cells[column]),
      );
      return [{ place, reported: Number(total), answers }];
    }),
  );
}

function sum(list: readonly number[]): number {
  return list.reduce((added, x) => added + x, 0);
}

async function readLines(directory: string, file: string): Promise<Line[]> {
  const text = await readFile(join(directory, file), "utf8");
  return text
    .slice(0, -1)
    .split("\n")
    .map((line, i) => ({ place: `${file} line ${i + 1}`, text: line, resource: parsed(line) }));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const HL7 = { h: "urn:hl7-org:v3", xsi: "http://www.w3.org/2001/XMLSchema-instance" };

async function readDocument(directory: string, file: string): Promise<Document> {
  const text = await readFile(join(directory, file), "utf8");
  const broken = { place: file, text, mrn: "", person: "", scales: null };
  let document: XmlDocument;
  try {
    document = XmlDocument.fromString(text);
  } catch {
    return broken;
  }
  using _open = document;
  const content = (path: string) => document.root.get(path, HL7)?.content ?? "";
  const names = ["given", "family"].map((name) => content(`//h:patient/h:name/h:${name}`));
  const birth = content("//h:birthTime/@value");
  return {
    place: file,
    text,
    mrn: content("//h:patientRole/h:id/@extension"),
    person: [...names, `${birth.slice(0, 4)}-${birth.slice(4, 6)}-${birth.slice(6)}`].join("|"),
    scales: document.root
      .find("//h:observation[h:templateId/@root='2.16.840.1.113883.10.20.22.4.69']", HL7)
      .filter((node) => node instanceof XmlElement)
      .map(readScale),
  };
}

function readScale(node: XmlElement): Scale {
  const code = (one: XmlElement) => one.get("h:code/@code", HL7)?.content ?? "";
  const parts = node
    .find("h:entryRelationship/h:observation", HL7)
    .filter((part) => part instanceof XmlElement);
  return {
    panel: code(node),
    value: numberOf(node),
    parts: new Map(parts.map((part) => [code(part), numberOf(part)])),
  };
}

/** PHQ-9 and GAD-7 answers. */
const ANSWERS: Readonly<Record<string, number>> = {
  "LA6568-5": 0,
  "LA6569-3": 1,
  "LA6570-1": 2,
  "LA6571-9": 3,
};

export function answerValue(code: string | undefined): number | null {
  return ANSWERS[code ?? ""] ?? null;
}

function numberOf(observation: XmlElement): number | null {
  const number = observation.get("h:value[@xsi:type='INT' or @xsi:type='PQ']/@value", HL7)?.content;
  return number === undefined
    ? answerValue(observation.get("h:value/@code", HL7)?.content)
    : Number(number);
}

/** RFC 4180 without line breaks in cells. */
async function readRows(directory: string, file: string): Promise<Row[]> {
  const text = await readFile(join(directory, file), "utf8");
  const [header = [], ...rows] = text
    .slice(0, -1)
    .split("\n")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
      ),
    );
  return rows.map((cells, i) => ({
    place: `${file} line ${i + 2}`,
    cells: Object.fromEntries(header.map((name, column) => [name, cells[column] ?? ""])),
  }));
}
