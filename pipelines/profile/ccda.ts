import type { CdaNode } from "../adapters/ccda/tree.ts";
import type { FieldProfile } from "./field.ts";
import { type MaskRules, shownValues, whyMasked } from "./mask.ts";

/** Elements whose code says what a statement is about. */
const CODED = new Set(["code", "value", "statusCode", "routeCode", "administrativeGenderCode"]);
const CODED_MORE = [
  "raceCode",
  "ethnicGroupCode",
  "languageCode",
  "methodCode",
  "interpretationCode",
];
for (const name of CODED_MORE) CODED.add(name);
const SHOWN = 40;

interface Tally {
  /** Sections (or documents) in which it stands. */
  filled: number;
  lastSeen: number;
  values: Map<string, number>;
}

/** What was counted, in a form that passes between threads. */
export interface Counts {
  /** Documents, and sections by their code. */
  records: Map<string, number>;
  fields: Map<string, Map<string, Tally>>;
}

/**
 * Counts what C-CDA documents hold: the templates and codes of the document, of each section and of the statements in it. It
 * keeps counts only, one document at a time.
 */
export class CcdaTally {
  readonly counts: Counts = { records: new Map(), fields: new Map() };
  readonly #records = this.counts.records;
  readonly #fields = this.counts.fields;
  /** The document or section that is being walked, and how many there were. */
  #unit = 0;
  #units = 0;

  /** Adds what was counted elsewhere, of other documents. */
  merge({ records, fields }: Counts): void {
    for (const [record, n] of records) add(this.#records, record, n);
    for (const [record, tallies] of fields) {
      const known = this.#fields.get(record) ?? new Map<string, Tally>();
      this.#fields.set(record, known);
      for (const [path, { filled, values }] of tallies) {
        const tally = known.get(path) ?? { filled: 0, lastSeen: 0, values: new Map() };
        known.set(path, tally);
        tally.filled += filled;
        for (const [value, n] of values) add(tally.values, value, n);
      }
    }
  }

  add(document: CdaNode): void {
    this.#begin("document");
    this.#walk(document, "document", "");
  }

  records(): Record<string, number> {
    return Object.fromEntries([...this.#records].sort());
  }

  fields(rules: MaskRules): FieldProfile[] {
    const all: FieldProfile[] = [];
    for (const [record, fields] of [...this.#fields].sort()) {
      const records = this.#records.get(record) ?? 0;
      for (const [path, tally] of [...fields].sort()) {
        all.push(describe({ record, path, records, tally, rules }));
      }
    }
    return all;
  }

  #begin(record: string): void {
    this.#unit = ++this.#units;
    add(this.#records, record, 1);
  }

  #walk(node: CdaNode, record: string, path: string): void {
    for (const child of node.children) {
      if (child.name === "section") {
        const section = sectionName(child);
        const outer = this.#unit;
        this.#begin(section);
        this.#walk(child, section, "");
        this.#unit = outer;
        continue;
      }
      const { root, extension, code, codeSystem, nullFlavor } = child.attributes;
      const at = path === "" ? child.name : `${path}/${child.name}`;
      if (child.name === "templateId") {
        this.#count(record, at, extension ? `${root}:${extension}` : (root ?? ""));
      } else if (CODED.has(child.name)) {
        if (code) this.#count(record, at, codeSystem ? `${codeSystem} ${code}` : code);
        else if (nullFlavor) this.#count(record, `${at}/@nullFlavor`, nullFlavor);
        const type = child.attributes["xsi:type"];
        if (type) this.#count(record, `${at}/@xsi:type`, type);
      } else if (child.name !== "text" && child.children.length === 0) {
        const filled = child.text !== "" || Object.keys(child.attributes).length > 0;
        if (filled) this.#count(record, at, null);
      }
      if (child.name !== "text") this.#walk(child, record, isStep(child) ? at : path);
    }
  }

  #count(record: string, path: string, value: string | null): void {
    const fields = this.#fields.get(record) ?? new Map<string, Tally>();
    this.#fields.set(record, fields);
    const tally = fields.get(path) ?? { filled: 0, lastSeen: 0, values: new Map() };
    fields.set(path, tally);
    if (tally.lastSeen !== this.#unit) tally.filled++;
    tally.lastSeen = this.#unit;
    if (value !== null) add(tally.values, value, 1);
  }
}

function add(counts: Map<string, number>, key: string, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n);
}

/** Wrappers that say nothing of their own would make each path long. */
const isStep = ({ name }: CdaNode): boolean =>
  !["component", "structuredBody", "entry", "entryRelationship", "translation"].includes(name);

function sectionName(section: CdaNode): string {
  const code = section.children.find(({ name }) => name === "code")?.attributes.code;
  return `section ${code ?? "without a code"}`;
}

interface Counted {
  record: string;
  path: string;
  records: number;
  tally: Tally;
  rules: MaskRules;
}

function describe({ record, path, records, tally, rules }: Counted): FieldProfile {
  const values = [...tally.values]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const filled = values.reduce((sum, { count }) => sum + count, 0);
  const masked =
    values.length === 0
      ? null
      : whyMasked({ name: path, distinct: values.length, filled, values }, rules);
  return {
    record,
    path,
    type: "text",
    formats: [],
    misfits: 0,
    records,
    filled: tally.filled,
    distinct: values.length > 0 ? values.length : null,
    isEstimated: false,
    values: shownValues(values, masked, rules).slice(0, SHOWN),
    masked,
    least: null,
    largest: null,
  };
}
