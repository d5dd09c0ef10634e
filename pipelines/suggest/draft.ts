import type { Chosen } from "./choose.ts";
import type { FileKind } from "./roles.ts";
import type { ColumnEvidence, Suggestion } from "./suggestion.ts";

export interface DraftInput {
  file: string;
  kind: FileKind;
  why: string;
  columns: readonly Suggestion[];
  evidence: readonly ColumnEvidence[];
  groups: readonly Chosen[];
}
export function draftFile(_: DraftInput): string {
  return "";
}
