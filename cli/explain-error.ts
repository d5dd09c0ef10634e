import { type ErrorCode, EXIT, ProError, whereText } from "../pipelines/core/errors.ts";

const DISK_FULL = /No space left|disk is full|ENOSPC|EDQUOT|max_temp_directory_size/i;
const OUT_OF_MEMORY = /Out of Memory Error/;

/**
 * What went wrong, where, and what to do, as text for the terminal. An error that is not ours may quote a line of the data, so
 * its message is shown only on request.
 */
export function explainError(
  error: unknown,
  options: { debug: boolean },
): { text: string; exitCode: number; code: ErrorCode | null } {
  const known = error instanceof ProError ? error : recognise(error);
  const details = options.debug ? `\n${inspect(error)}` : "";
  if (known) {
    const place = whereText(known.where);
    const lines = [
      `propool: ${known.message} (${known.code})`,
      place && `  where: ${place}`,
      known.hint && `  do:    ${known.hint}`,
    ];
    const text = lines.filter(Boolean).join("\n") + details;
    return { text, exitCode: known.exitCode, code: known.code };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    text: `propool: an unexpected ${kind} stopped the command; what was published before is untouched\n  do:    run it again with PROPOOL_DEBUG=1 to see the details (they may quote patient data), and report it${details}`,
    exitCode: EXIT.bug,
    code: null,
  };
}

/** Failures of the machine that every command can meet. */
function recognise(error: unknown): ProError | null {
  const message =
    error instanceof Error ? `${(error as NodeJS.ErrnoException).code ?? ""} ${error.message}` : "";
  if (DISK_FULL.test(message)) {
    return new ProError("WAREHOUSE_DISK_FULL", "the disk is full", {
      hint: "make room and run again; what was published before is untouched",
      cause: error,
    });
  }
  if (OUT_OF_MEMORY.test(message)) {
    return new ProError("WAREHOUSE_MEMORY", "the work does not fit into the memory limit", {
      hint: "make more disk available for spilling, or report the size of the export",
      cause: error,
    });
  }
  return null;
}

function inspect(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause ? `\ncaused by ${inspect(error.cause)}` : "";
  return `${error.stack}${cause}`;
}
