import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mappingsDirectory } from "./mappings.ts";

/** The program's own version, as package.json says. */
export function propoolVersion(): string {
  const file = join(dirname(mappingsDirectory), "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
