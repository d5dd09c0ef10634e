import { stringify } from "yaml";

/** Quoted where YAML would take it for something else. */
export function quote(value: string): string {
  const plain = stringify(value, { lineWidth: 0, version: "1.1" }).trim();
  return /[,[\]{}#:]/.test(value) || plain.includes("\n") ? JSON.stringify(value) : plain;
}

/** A value in one line. */
export function inline(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${JSON.stringify(one)}`)
    .join(", ")} }`;
}
