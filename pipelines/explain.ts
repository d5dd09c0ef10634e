import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { TABLE_NAMES, TABLES, type TableName } from "../warehouse/schema.ts";
import { compileFile } from "./adapters/csv/compile.ts";
import type { FileEntry } from "./adapters/csv/layout.ts";
import { columnUses, readCsvMapping } from "./adapters/csv/mapping.ts";
import { statementOf } from "./adapters/csv/scratch.ts";
import type { Instrument } from "./catalogue/instrument.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { placeInYaml } from "./configuration/read-yaml.ts";
import { readSite, type Site, siteSchema } from "./configuration/site.ts";
import { ProError, type Where } from "./core/errors.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import { nearest } from "./core/nearest.ts";
import {
  type Definition,
  identifiersOf,
  type Statement,
  tableOf,
  traceColumn,
} from "./explain/trace.ts";
import { explainBloomFilters } from "./explain-broker.ts";
import { explainFhirPath } from "./explain-fhir.ts";
import { mappingStatements } from "./intake.ts";
import { readPrivacyProfile } from "./privacy/profile.ts";

/** One rule: what it says and where it is written. */
export interface Rule {
  says: string;
  where: Where | null;
}

export interface Explanation {
  what: string;
  kind: "column" | "instrument" | "code" | "source column" | "FHIR path" | "linkage recipe";
  meaning: string;
  rules: Rule[];
  sql: { name: string; sql: string }[];
}

/**
 * Explains a column of the CDM, an instrument, an item or code, or a column of the site's source: the rules, where they are written, and
 * the SQL that runs.
 *
 * @throws ProError `USAGE_UNKNOWN` when it is none of these.
 */
export async function explain(what: string, siteDirectory?: string): Promise<Explanation[]> {
  const site = siteDirectory ? await readSite(siteDirectory) : plainSite();
  const { instruments } = await readCatalogueOf(siteDirectory ?? null);
  const entries = await entriesOf(site);
  const found = [
    ...(await asColumns(what, site, entries)),
    ...(await asInstrument(what, instruments, entries)),
    ...(await asCode(what, instruments, site)),
    ...(await asSource(what, entries)),
  ];
  if (found.length === 0) found.push(...explainFhirPath(what));
  if (found.length === 0) found.push(...(await explainBloomFilters(what)));
  if (found.length > 0) return found;
  const known = [
    ...TABLE_NAMES.flatMap((table) => [
      ...Object.keys(TABLES[table].columns),
      ...Object.keys(TABLES[table].columns).map((column) => `${table}.${column}`),
    ]),
    ...instruments.flatMap(({ id, items }) => [
      id,
      ...items.flatMap((item) => [item.id, item.loinc ?? item.id]),
    ]),
    ...entries.flatMap(({ entry }) =>
      columnUses(entry).flatMap(({ column }) => [column, `${entry.match}:${column}`]),
    ),
  ];
  const near = nearest(what, known);
  throw new ProError(
    "USAGE_UNKNOWN",
    `nothing of propool${siteDirectory ? " or of this site" : ""} is called ${what}`,
    {
      hint: near
        ? `did you mean ${near}?`
        : "name a CDM column (pro_cm.pro_date), an instrument (phq-9), an item or code (44250-9), a FHIR path (QuestionnaireResponse.authored), or with --site a column of the export",
    },
  );
}

function plainSite(): Site {
  const settings = siteSchema.parse({
    site: "SITE",
    name: "site",
    network: "NETWORK",
    format: "fhir",
  });
  const none = "";
  return {
    ...settings,
    directory: none,
    exportDirectory: none,
    mappingFile: null,
    consentFile: null,
    identifiedDirectory: none,
    storeFile: none,
    outboxDirectory: none,
    brokerFile: none,
    reportsDirectory: none,
    keysDirectory: none,
  };
}

interface Entry {
  entry: FileEntry;
  /** Its place in the mapping file; null: it is a shared layout's. */
  index: number | null;
  file: string;
}

async function entriesOf({ format, mappingFile }: Site): Promise<Entry[]> {
  if (format !== "csv" || !mappingFile) return [];
  const { files } = await readCsvMapping(mappingFile);
  return files.map((entry, index) => ({ entry, index, file: mappingFile }));
}

/** `pro_cm.pro_date`, `PRO_DATE`: every table that has the column. */
async function asColumns(
  what: string,
  site: Site,
  entries: readonly Entry[],
): Promise<Explanation[]> {
  const [first = "", second] = what.toLowerCase().split(".");
  const tables = TABLE_NAMES.filter((table) => {
    const column = second ?? first;
    return (second === undefined || table === first) && column in TABLES[table].columns;
  });
  return Promise.all(
    tables.map((table) => explainColumn(table, second ?? first, { site, entries })),
  );
}

async function explainColumn(
  table: TableName,
  column: string,
  { site, entries }: { site: Site; entries: readonly Entry[] },
): Promise<Explanation> {
  const definition = await definitionRow(table, column);
  const steps = traceColumn(mappingStatements(site), `cdm_${table}`, column);
  const rules: Rule[] = [{ says: definition.says, where: definition.where }];
  for (const step of steps) {
    rules.push({
      says: `${step.table}.${step.column} = ${step.expression}`,
      where: await placeInModule(step),
    });
  }
  rules.push(...(await sourceRules(steps, entries)));
  rules.push(await privacyRule(site.privacy, table, column));
  const statements = [
    ...new Map(steps.map(({ statement }) => [statement.sql, statement])).values(),
  ];
  return {
    what: `${table.toUpperCase()}.${column.toUpperCase()}`,
    kind: "column",
    meaning: definition.meaning || definition.says,
    rules,
    sql: statements.map(named),
  };
}

/** The columns of the site's own files that the steps read in the end. */
async function sourceRules(
  steps: readonly Definition[],
  entries: readonly Entry[],
): Promise<Rule[]> {
  const wanted = new Set(
    steps.flatMap(({ expression, column }) => [column, ...identifiersOf(expression)]),
  );
  const rules: Rule[] = [];
  for (const { entry, index, file } of entries) {
    for (const { pointer, column } of columnUses(entry)) {
      const name = pointer.split(".").at(-1) ?? "";
      if (index === null || !wanted.has(name) || /\b(items|scores)\b/.test(pointer)) continue;
      const where = await placeInYaml(file, ["files", index, ...pointer.split(".")]);
      rules.push({ says: `${name} is the column ${column} of ${entry.match}`, where });
    }
  }
  return rules;
}

const named = ({ module, sql }: Statement) => ({ name: `${module}: ${tableOf(sql)}`, sql });

/** The column's line in mappings/cdm. */
async function definitionRow(table: string, column: string) {
  for (const name of ["fields.csv", "companion.csv"]) {
    const file = join(mappingsDirectory, "cdm", name);
    const lines = (await readFile(file, "utf8")).split(/\r?\n/);
    const at = lines.findIndex((line) => line.startsWith(`${table},${column},`));
    if (at < 0) continue;
    const [, , type, length, , , required, , , valueSet, ...description] = (lines[at] ?? "").split(
      ",",
    );
    const says = [
      `${type}${length ? ` of ${length} characters` : ""}${required === "Y" ? ", required" : ""}`,
      valueSet && `codes of ${valueSet}`,
    ]
      .filter(Boolean)
      .join("; ");
    return {
      says,
      meaning: description.join(",").replaceAll('"', ""),
      where: { file, record: `line ${at + 1}` },
    };
  }
  return { says: "a column of propool's own", meaning: "", where: null };
}

/** Where a step's expression stands in the module that writes it; the line of the table where it is put together from parts. */
async function placeInModule({
  statement,
  table,
  expression,
  column,
}: Definition): Promise<Where | null> {
  const base = join(import.meta.dirname, statement.module);
  const file = [`${base}.ts`, `${base}.js`].find((one) => existsSync(one));
  if (!file) return null;
  const lines = (await readFile(file, "utf8")).split("\n");
  const squeezed = (text: string) => text.replaceAll(/\s+/g, "");
  const wanted = squeezed(`${expression} AS ${column}`);
  const exact = lines.findIndex((line) => squeezed(line).includes(wanted));
  const start = lines.findIndex((line) => new RegExp(`TABLE "?${table}\\b`).test(line));
  const near = lines.findIndex((line, i) => i > start && new RegExp(`\\b${column}\\b`).test(line));
  const at = [exact, near, start].find((one) => one >= 0);
  return at === undefined ? { file } : { file, record: `line ${at + 1}` };
}

async function privacyRule(name: string, table: string, column: string): Promise<Rule> {
  const { tables } = await readPrivacyProfile(name);
  const action = tables[table]?.[column] ?? "drop";
  const file = join(mappingsDirectory, "privacy", `${name}.yaml`);
  const place = await placeInYaml(file, ["tables", table, column]);
  return { says: `privacy profile ${name}: ${action}`, where: place };
}

async function asInstrument(
  what: string,
  instruments: readonly Instrument[],
  entries: readonly Entry[],
): Promise<Explanation[]> {
  const instrument = instruments.find(({ id }) => id === what.toLowerCase());
  if (!instrument) return [];
  const file = join(mappingsDirectory, "instruments", `${instrument.id}.yaml`);
  const rules: Rule[] = [];
  const add = async (says: string, ...path: (string | number)[]) =>
    rules.push({ says, where: await placeInYaml(file, path) });
  await add(
    `recognised by ${instrument.panels.map(({ code }) => code).join(", ") || "its items and names"}`,
    "panels",
  );
  await add(
    `${instrument.items.length} items: ${instrument.items.map(({ id }) => id).join(", ")}`,
    "items",
  );
  for (const [i, score] of instrument.scores.entries()) await add(scoreText(score), "scores", i);
  for (const { entry, index, file: mapping } of entries) {
    if (entry.kind !== "wide" || index === null) continue;
    for (const [i, block] of entry.instruments.entries()) {
      if (block.instrument !== instrument.id) continue;
      const where = await placeInYaml(mapping, ["files", index, "instruments", i]);
      rules.push({
        says: `read from ${entry.match}: ${Object.keys(block.items).length} items`,
        where,
      });
    }
  }
  const scoring = mappingStatements(plainSite()).filter(({ module }) => module === "scoring/score");
  return [
    {
      what: instrument.id,
      kind: "instrument",
      meaning: `${instrument.name}; a higher score is ${instrument.direction}`,
      rules,
      sql: scoring.map(named),
    },
  ];
}

function scoreText(score: Instrument["scores"][number]): string {
  const { id, range, sum, table, missing } = score;
  const from = sum
    ? `the sum of ${sum.join(", ")}`
    : table
      ? `looked up from ${table.from} in ${table.file}`
      : "taken as the source reports it, or computed by a rule of its own";
  const gaps = missing ? `; up to ${missing.allowed} missing (${missing.rule})` : "";
  return `${id} is ${from}${range ? `, ${range[0]} to ${range[1]}` : ""}${gaps}`;
}

/** An item, a score, or a code: the catalogue's, LOINC's, or the site's own. */
async function asCode(
  what: string,
  instruments: readonly Instrument[],
  site: Site,
): Promise<Explanation[]> {
  const found: Explanation[] = [];
  for (const instrument of instruments) {
    const file = join(mappingsDirectory, "instruments", `${instrument.id}.yaml`);
    for (const [kind, list] of Object.entries({
      items: instrument.items,
      scores: instrument.scores,
    })) {
      for (const [i, part] of list.entries()) {
        const names: (string | undefined)[] = [part.id, part.loinc, ...(part.aliases ?? [])];
        if (!names.some((name) => name?.toLowerCase() === what.toLowerCase())) continue;
        const answers = "answers" in part ? (instrument.answers[part.answers] ?? []) : [];
        found.push({
          what: `${instrument.id} ${part.id}`,
          kind: "code",
          meaning: ("label" in part ? part.label : undefined) ?? `score ${part.id}`,
          rules: [
            {
              says: `${kind.slice(0, -1)} ${part.id}${part.loinc ? `, LOINC ${part.loinc}` : ""}`,
              where: await placeInYaml(file, [kind, i]),
            },
            ...answers.map(({ value, label }) => ({
              says: `answer ${value ?? "-"}: ${label}`,
              where: null,
            })),
          ],
          sql: [],
        });
      }
    }
  }
  for (const [i, local] of site.codes.entries()) {
    if (local.code.toLowerCase() !== what.toLowerCase()) continue;
    found.push({
      what: local.code,
      kind: "code",
      meaning: `a code of this site: ${local.instrument} ${local.item}`,
      rules: [
        {
          says: `approved as ${local.instrument} ${local.item}`,
          where: await placeInYaml(join(site.directory, "site.yaml"), ["codes", i]),
        },
      ],
      sql: [],
    });
  }
  return found;
}

/** A column of the site's files: `phq9_1`, or `survey.csv:phq9_1`. */
async function asSource(what: string, entries: readonly Entry[]): Promise<Explanation[]> {
  const [before = "", after] = what.split(/:(?=[^:]*$)/);
  const column = after ?? before;
  const found: Explanation[] = [];
  for (const { entry, index, file } of entries) {
    if (after !== undefined && entry.match !== before) continue;
    const uses = columnUses(entry).filter(
      (use) => use.column.toLowerCase() === column.toLowerCase(),
    );
    if (uses.length === 0) continue;
    const rules: Rule[] = [];
    for (const { pointer } of uses) {
      const where =
        index === null ? null : await placeInYaml(file, ["files", index, ...pointer.split(".")]);
      rules.push({
        says: `${pointer.replace(/^.*instruments\.\d+\./, "").replace(/^columns\./, "")} of ${entry.kind} file ${entry.match}`,
        where,
      });
    }
    const steps = compileFile(entry, {
      file: entry.match,
      table: "source",
      firstRecordKey: 1n,
      lines: "position",
      headerLines: 1,
    });
    found.push({
      what: `${entry.match}: ${column}`,
      kind: "source column",
      meaning: `a column of ${entry.match}, read ${uses.length === 1 ? "once" : `${uses.length} times`}`,
      rules,
      sql: steps
        .map((step) => ({ name: step.name, sql: statementOf(step) }))
        .filter(({ sql }) => sql.toLowerCase().includes(column.toLowerCase())),
    });
  }
  return found;
}

/** A place as people read it: relative to where they stand when that is shorter. */
export function placeOf(where: Where | null): string {
  if (!where?.file) return "";
  const path = relative(process.cwd(), where.file);
  return `${path.startsWith("..") ? where.file : path}${where.record ? ` ${where.record}` : ""}`;
}
