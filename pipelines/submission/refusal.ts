import type { ErrorCode, ProError, Where } from "../core/errors.ts";
import type { Issue } from "../core/issues.ts";
import { ConformanceError } from "./conformance.ts";

/** Why a submission was not taken: the content of refusal.json, for the site to act on. */
export interface Refusal {
  /** Name of the submission's folder. */
  submission: string;
  code: ErrorCode;
  message: string;
  where: Where;
  hint: string;
  /** Every rule of the CDM that its rows break; empty for other reasons. */
  issues: Issue[];
}

/** What refusal.json says of the error that stopped a submission. */
export function refusalOf(error: ProError, submission: string): Refusal {
  const { code, message, where, hint = "" } = error;
  const issues = error instanceof ConformanceError ? error.issues : [];
  return { submission, code, message, where, hint, issues };
}
