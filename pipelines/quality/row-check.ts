/**
 * A row-level check that is made before rows are loaded. `fails` is SQL over the mapped row; rows for which it is true get
 * `reason` (explained in mappings/quality/reasons.yaml).
 */
export interface RowCheck {
  reason: string;
  table: "patient" | "administration";
  /** quarantine: the row is not loaded. withhold: the row is loaded without the fact in question. */
  effect: "quarantine" | "withhold";
  fails: string;
}
