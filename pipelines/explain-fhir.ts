import { CONSENTS } from "./adapters/fhir/consent.ts";
import { FORMS } from "./adapters/fhir/forms.ts";
import { DEVICES, MEASUREMENTS } from "./adapters/fhir/measurements.ts";
import { OBSERVATIONS } from "./adapters/fhir/observations.ts";
import { PEOPLE } from "./adapters/fhir/people.ts";
import { ASKED_FOR, ASKED_FORMS } from "./adapters/fhir/requests.ts";
import {
  isResourceType,
  RESOURCES,
  reasonNotRead,
  resourceShape,
  resourceTable,
} from "./adapters/fhir/resources.ts";
import { RESPONSES } from "./adapters/fhir/responses.ts";
import { SAME_SITTING } from "./adapters/fhir/same-sitting.ts";
import type { Shape } from "./adapters/fhir/shape.ts";
import { INTAKE, type IntakeTable } from "./adapters/intake.ts";
import { nearest } from "./core/nearest.ts";
import { expressionsFor, type Statement, tableOf, tablesIn } from "./explain/trace.ts";
import type { Explanation } from "./explain.ts";

const STATEMENTS: Statement[] = Object.entries({
  people: PEOPLE,
  consent: CONSENTS,
  measurements: [...DEVICES, ...MEASUREMENTS],
  requests: [...ASKED_FORMS, ...ASKED_FOR],
  forms: FORMS,
  responses: RESPONSES,
  observations: OBSERVATIONS,
  "same-sitting": SAME_SITTING,
}).flatMap(([file, list]) => list.map((sql) => ({ module: `adapters/fhir/${file}`, sql })));

/** A path as FHIR writes it (Patient.name.given, item[0].linkId, value[x]); null: it does not begin with a type of resource. */
function parsePath(what: string): { type: string; steps: string[] } | null {
  const [type = "", ...steps] = what.replaceAll(/\[\d*\]/g, "").split(/[./]/);
  const known = Object.keys(RESOURCES).find((one) => one.toLowerCase() === type.toLowerCase());
  if (known) return { type: known, steps };
  return /^[A-Z][A-Za-z]+$/.test(type) && steps.length > 0 ? { type, steps } : null;
}

/** What becomes of a path of a FHIR resource: whether it is read, the intake columns that take it, and the SQL. */
export function explainFhirPath(what: string): Explanation[] {
  const path = parsePath(what);
  if (!path) return [];
  const { type, steps } = path;
  const name = [type, ...steps].join(".");
  const told = (meaning: string, more: Partial<Explanation> = {}): Explanation[] => [
    { what: name, kind: "FHIR path", meaning, rules: [], sql: [], ...more },
  ];
  if (!isResourceType(type)) {
    return told(`resources of type ${type} are out of scope (${reasonNotRead(type)})`);
  }
  const place = walk(resourceShape(type), steps);
  if ("missing" in place) {
    const near = nearest(place.missing, place.known);
    const hint = near ? `did you mean ${near}? ` : "";
    return told(
      `${place.missing} is not read and leaves nothing behind; ${hint}read there: ${place.known.join(", ")}`,
    );
  }
  const words = place.names;
  const reading = reachable(resourceTable(type)).filter(({ sql }) => mentions(sql, words));
  const rules = reading.flatMap((statement) => intakeRules(statement, words));
  return told(rules.length > 0 ? "read, and passed on as below" : "read, and used as below", {
    rules,
    sql: reading.map(({ module, sql }) => ({ name: `${module}: ${targetOf(sql)}`, sql })),
  });
}

type Walked = { names: string[] } | { missing: string; known: string[] };

/** Goes down a shape; `value[x]` and `value` stand for each of valueInteger, valueCoding … */
function walk(top: Shape, steps: readonly string[]): Walked {
  let shape = top;
  let names: string[] = [];
  for (const step of steps) {
    let here: Shape = shape;
    while (typeof here === "function" || Array.isArray(here)) {
      here = typeof here === "function" ? here() : (here[0] as Shape);
    }
    // What is kept as it stands is looked into later.
    if (typeof here === "string") return here === "JSON" ? { names } : { missing: step, known: [] };
    const members = here as { readonly [member: string]: Shape };
    const own = Object.keys(members).filter((one) => !one.startsWith("_"));
    const choice = step.replace("[x]", "");
    const found = own.includes(step)
      ? [step]
      : own.filter((one) => one.startsWith(choice) && /^[A-Z]/.test(one.slice(choice.length)));
    const [first] = found;
    if (first === undefined) return { missing: step, known: own };
    names = found;
    shape = members[first] as Shape;
  }
  return { names };
}

const mentions = (sql: string, words: readonly string[]): boolean =>
  words.some((word) => new RegExp(`\\b${word}\\b`, "i").test(sql));

/** The statements that read a table, or what was made of it; the items of responses are read apart from them. */
function reachable(table: string): Statement[] {
  const isResponse = table === resourceTable("QuestionnaireResponse");
  const known = new Set([table, `${table}_numbered`, ...(isResponse ? ["fhir_item_read"] : [])]);
  return STATEMENTS.filter(({ sql }) => {
    if (!tablesIn(sql).some((one) => known.has(one))) return false;
    const made = tableOf(sql);
    if (made) known.add(made);
    return true;
  });
}

/** The intake table whose columns a statement makes; what answers say is numbered before it is inserted. */
const intakeOf = (sql: string): string | undefined =>
  ["fhir_item_said", "fhir_phrase"].includes(tableOf(sql))
    ? "intake_response"
    : /INSERT INTO (\w+)/.exec(sql)?.[1];
const targetOf = (sql: string): string => tableOf(sql) || (intakeOf(sql) ?? "");

/** The intake columns whose expression has one of the names in it. */
function intakeRules({ sql }: Statement, words: readonly string[]): Explanation["rules"] {
  const table = intakeOf(sql);
  if (!table || !(table in INTAKE)) return [];
  return Object.entries(INTAKE[table as IntakeTable]).flatMap(([column, [, meaning]]) => {
    if (column === "where_pointer") return [];
    const made = expressionsFor(sql, column).filter(
      (one) => one !== column && mentions(one, words),
    );
    const about = meaning ? ` (${meaning})` : "";
    return made.map((one) => ({ says: `${table}.${column}${about} = ${one}`, where: null }));
  });
}
