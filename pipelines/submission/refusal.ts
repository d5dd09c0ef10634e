import { type ErrorCode, ProError, type Where } from "../core/errors.ts";
import type { Issue } from "../core/issues.ts";

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

/** Rows that break rules of the CDM: `SUBMISSION_NOT_CONFORMING` with all of them. */
export class ConformanceError extends ProError {
  readonly issues: Issue[];

  constructor(issues: Issue[]) {
    const [first] = issues;
    super(
      "SUBMISSION_NOT_CONFORMING",
      `${issues.length} rule(s) of the CDM are broken; the first: ${first?.message}`,
      { where: first?.examples[0] ?? {}, hint: first?.hint ?? "" },
    );
    this.issues = issues;
  }
}

/** What refusal.json says of the error that stopped a submission. */
export function refusalOf(error: ProError, submission: string): Refusal {
  const { code, message, where, hint = "" } = error;
  const issues = error instanceof ConformanceError ? error.issues : [];
  return { submission, code, message, where, hint, issues };
}

export const RESEND = "send it again as propool run left it in the outbox";

export function refuse(
  code: `SUBMISSION_${string}`,
  message: string,
  where: Where,
  hint: string,
  cause?: unknown,
): ProError {
  return new ProError(code, message, { where, hint, cause });
}
