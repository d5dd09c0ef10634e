import { ProError } from "../../core/errors.ts";

/** A file that is damaged as a whole stops the night. */

export function empty(file: string): ProError {
  return new ProError("SOURCE_EMPTY", "the file holds no record", {
    where: { file },
    hint: "export it again, or take it out of the export folder",
  });
}

export function unreadable(file: string, cause: unknown): ProError {
  if (cause instanceof ProError) return cause;
  const isPacked = /^Z(STD)?_/.test((cause as NodeJS.ErrnoException)?.code ?? "");
  return new ProError(
    "SOURCE_UNREADABLE",
    isPacked ? "the packed file is damaged or cut short" : "the file cannot be read",
    {
      where: { file },
      hint: "export it again; nothing of this night was loaded",
      cause,
    },
  );
}
