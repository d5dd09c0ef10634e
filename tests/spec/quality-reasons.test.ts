import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readReasons } from "../../pipelines/quality/reasons.ts";

const PIPELINES = join(import.meta.dirname, "../../pipelines");

/** Codes that a row or record can carry: quoted in adapters, mapping and checks, and not thrown as an error. */
async function reasonCodes(): Promise<string[]> {
  const codes = new Set<string>();
  for (const folder of ["adapters", "mapping", "quality", "scoring"]) {
    const files = await readdir(join(PIPELINES, folder), { recursive: true });
    for (const file of files.filter((name) => name.endsWith(".ts"))) {
      const source = await readFile(join(PIPELINES, folder, file), "utf8");
      const thrown = [...source.matchAll(/ProError\(\s*"([A-Z_]+)"/g)].map(([, code]) => code);
      for (const [, code] of source.matchAll(/["'`]((?:SOURCE|MAPPING|QUALITY)_[A-Z_]+)["'`]/g)) {
        if (code && !thrown.includes(code)) codes.add(code);
      }
    }
  }
  return [...codes].sort();
}

describe("reasons", () => {
  it("explain every code that a record or answer can end with", async () => {
    const codes = await reasonCodes();
    expect(codes.length).toBeGreaterThan(20);
    const errorsOnly = [
      "MAPPING_CHECKS",
      "MAPPING_CSV",
      "MAPPING_FORMAT",
      "MAPPING_INSTRUMENT",
      "MAPPING_MISSING_COLUMN",
      "MAPPING_REASONS",
      "MAPPING_SHEET",
      "MAPPING_WORDS",
    ];
    const explained = Object.keys(await readReasons());
    expect(codes.filter((code) => !explained.includes(code) && !errorsOnly.includes(code))).toEqual(
      [],
    );
  });

  it("say what it means and what to do, in a sentence each", async () => {
    for (const { message, hint } of Object.values(await readReasons())) {
      expect(message).toMatch(/^[a-zA-Z].{10,}[^.]$/);
      expect(hint).toMatch(/^[a-z].{8,}[^.]$/);
    }
  });
});
