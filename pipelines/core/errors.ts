/** A place in a source or configuration file. `record` is the unit inside it (a line, a document), `pointer` the spot in the record. */
export interface Where {
  file?: string | undefined;
  record?: string | undefined;
  pointer?: string | undefined;
}

/** Process exit codes, documented in the README. Numbers are never reused. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  config: 10,
  mapping: 11,
  source: 12,
  quality: 13,
  disclosure: 14,
  warehouse: 15,
  submission: 16,
} as const;

const FAMILIES = {
  USAGE: EXIT.usage,
  CONFIG: EXIT.config,
  MAPPING: EXIT.mapping,
  SOURCE: EXIT.source,
  QUALITY: EXIT.quality,
  DISCLOSURE: EXIT.disclosure,
  WAREHOUSE: EXIT.warehouse,
  SUBMISSION: EXIT.submission,
} as const;

type Family = keyof typeof FAMILIES;
export type ErrorCode = `${Family}_${string}`;

export interface ErrorDetail {
  where?: Where;
  /** What the reader can do now. */
  hint?: string;
  cause?: unknown;
}

/**
 * A problem that stops the run. The code is stable and starts with its family, which decides the exit code.
 * The message says the shape of what was found, never a patient's value.
 */
export class ProError extends Error {
  override readonly name = "ProError";
  readonly code: ErrorCode;
  readonly where: Where;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.where = detail.where ?? {};
    this.hint = detail.hint;
  }

  get exitCode(): number {
    const family = this.code.slice(0, this.code.indexOf("_")) as Family;
    return FAMILIES[family];
  }
}

/** `file:record pointer`, the parts that are known. */
export function whereText(where: Where): string {
  const place = [where.file, where.record].filter(Boolean).join(" ");
  return [place, where.pointer].filter(Boolean).join(" at ");
}
