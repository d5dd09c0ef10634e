import { type Coded, codings, idOf } from "./code.ts";
import type { DocumentContext } from "./context.ts";
import { endOf, startOf, timeOf } from "./time.ts";
import {
  ancestors,
  attribute,
  type CdaNode,
  childrenOf,
  find,
  hasTemplate,
  pointer,
} from "./tree.ts";

// The last of each is its forerunner in CCD 1.0, which C32 documents carry.
const PROBLEM_OBSERVATIONS = ["2.16.840.1.113883.10.20.22.4.4", "2.16.840.1.113883.10.20.1.28"];
const PROBLEM_STATUS = ["2.16.840.1.113883.10.20.22.4.6", "2.16.840.1.113883.10.20.1.50"];
/** Procedure activity as procedure, act and observation. */
const PROCEDURES = [14, 12, 13]
  .map((last) => `2.16.840.1.113883.10.20.22.4.${last}`)
  .concat("2.16.840.1.113883.10.20.1.29");

/** Problems and procedures: what happened to the person, negated or merely planned ones left out. */
export function readClinical(statement: CdaNode, context: DocumentContext): void {
  if (attribute(statement, "negationInd") === "true") return;
  if (statement.name === "observation" && hasAny(statement, PROBLEM_OBSERVATIONS)) {
    addCondition(statement, context);
  }
  if (hasAny(statement, PROCEDURES)) {
    addProcedure(statement, context);
  }
}

function hasAny(statement: CdaNode, templates: readonly string[]): boolean {
  return templates.some((template) => hasTemplate(statement, template));
}

/** Ids are copied from entry to entry in some documents, and left out in others: the code and the day make them whole. */
function keyOf(statement: CdaNode, { code }: Coded, at: string | null): string {
  return [idOf(statement) ?? at, code].filter((one) => one !== null).join("|");
}

function addCondition(problem: CdaNode, context: DocumentContext): void {
  const [coded] = codings(find(problem, "value"), context.settings);
  if (coded === undefined) return;
  const period = find(problem, "effectiveTime");
  const onset = startOf(period) ?? timeOf(period);
  const resolvedAt = endOf(period);
  context.rows.add("intake_condition", {
    where_pointer: pointer(problem),
    patient_key: context.patientKey,
    condition_key: keyOf(problem, coded, onset),
    code: coded.code,
    code_system: coded.system,
    status: problemStatus(problem, context) ?? (resolvedAt ? "resolved" : concernStatus(problem)),
    onset_at: onset,
    recorded_at: timeOf(find(problem, "author", "time")),
    resolved_at: resolvedAt,
  });
}

function problemStatus(problem: CdaNode, context: DocumentContext): string | null {
  for (const relation of childrenOf(problem, "entryRelationship")) {
    const status = find(relation, "observation");
    if (status === undefined || !hasAny(status, PROBLEM_STATUS)) continue;
    const code = attribute(find(status, "value"), "code");
    return context.settings.problemStatus.get(code ?? "") ?? null;
  }
  return null;
}

/** The concern around a problem: while it is followed up it is active, afterwards only no longer of concern. */
function concernStatus(problem: CdaNode): string | null {
  const concern = ancestors(problem).find((node) => node.name === "act");
  const status = attribute(find(concern, "statusCode"), "code");
  return status === "completed" ? "inactive" : status;
}

function addProcedure(procedure: CdaNode, context: DocumentContext): void {
  const [coded] = codings(find(procedure, "code"), context.settings);
  if (coded === undefined) return;
  const performed = timeOf(find(procedure, "effectiveTime"));
  context.rows.add("intake_procedure", {
    where_pointer: pointer(procedure),
    patient_key: context.patientKey,
    procedure_key: keyOf(procedure, coded, performed),
    code: coded.code,
    code_system: coded.system,
    performed_at: performed,
  });
}
