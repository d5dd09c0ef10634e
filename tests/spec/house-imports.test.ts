import { execFile } from "node:child_process";
import { copyFile, glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** Who may import whom: the same table judges the test's own rule and the linter's. */
const CASES: [from: string, target: string, verdict: "allowed" | "refused"][] = [
  ["cli/commands/x.ts", "../../pipelines/run.ts", "allowed"],
  ["cli/commands/x.ts", "../../warehouse/sql.ts", "allowed"],
  ["pipelines/x.ts", "./pool.ts", "allowed"],
  ["pipelines/x.ts", "./privacy/keys.ts", "allowed"],
  ["pipelines/x.ts", "../warehouse/sql.ts", "allowed"],
  ["pipelines/x.ts", "../cli/command.ts", "refused"],
  ["pipelines/x.ts", "../cli/commands/run.ts", "refused"],
  ["pipelines/privacy/x.ts", "./keys.ts", "allowed"],
  ["pipelines/privacy/x.ts", "../core/errors.ts", "allowed"],
  ["pipelines/privacy/x.ts", "../configuration/site.ts", "allowed"],
  ["pipelines/privacy/x.ts", "../../warehouse/sql.ts", "allowed"],
  ["pipelines/privacy/x.ts", "../run.ts", "refused"],
  ["pipelines/privacy/x.ts", "../preview.ts", "refused"],
  ["pipelines/privacy/x.ts", "../../cli/command.ts", "refused"],
  ["pipelines/privacy/x.ts", "../../cli/commands/run.ts", "refused"],
  ["pipelines/adapters/fhir/x.ts", "../intake.ts", "allowed"],
  ["pipelines/adapters/fhir/x.ts", "../../core/errors.ts", "allowed"],
  ["pipelines/adapters/fhir/x.ts", "../../../warehouse/sql.ts", "allowed"],
  ["pipelines/adapters/fhir/x.ts", "../../run.ts", "refused"],
  ["pipelines/adapters/fhir/x.ts", "../../preview.ts", "refused"],
  ["pipelines/adapters/fhir/x.ts", "../../../cli/command.ts", "refused"],
  ["warehouse/x.ts", "./sql.ts", "allowed"],
  ["warehouse/x.ts", "../pipelines/core/errors.ts", "allowed"],
  ["warehouse/x.ts", "../pipelines/adapters/intake.ts", "refused"],
  ["warehouse/x.ts", "../pipelines/adapters/fhir/fill.ts", "refused"],
  ["warehouse/x.ts", "../pipelines/run.ts", "refused"],
  ["warehouse/x.ts", "../cli/command.ts", "refused"],
  ["warehouse/dialects/x.ts", "../sql.ts", "allowed"],
  ["warehouse/dialects/x.ts", "../../pipelines/core/errors.ts", "allowed"],
  ["warehouse/dialects/x.ts", "../../pipelines/privacy/keys.ts", "refused"],
  ["warehouse/dialects/x.ts", "../../pipelines/run.ts", "refused"],
  ["warehouse/dialects/x.ts", "../../cli/command.ts", "refused"],
  ["pipelines/core/x.ts", "./errors.ts", "allowed"],
  ["pipelines/core/x.ts", "../adapters/intake.ts", "refused"],
  ["pipelines/core/x.ts", "../run.ts", "refused"],
  ["pipelines/core/x.ts", "../../warehouse/sql.ts", "refused"],
  ["pipelines/core/x.ts", "../../cli/main.ts", "refused"],
];

test.each(CASES)("%s importing %s is %s", (from, target, verdict) => {
  const found = complaint(from, { target, typeOnly: false });
  expect(found === undefined ? "allowed" : "refused").toBe(verdict);
});

test("a part takes another part's types, and its functions through a stage file", () => {
  const target = "../catalogue/load.ts";
  expect(complaint("pipelines/scoring/x.ts", { target, typeOnly: true })).toBeUndefined();
  expect(complaint("pipelines/scoring/x.ts", { target, typeOnly: false })).toBe(
    "pipelines/scoring/x.ts imports functions of another part, pipelines/catalogue/load.ts",
  );
});

test("the sources import one way", async () => {
  const complaints: string[] = [];
  let read = 0;
  for await (const found of glob("{cli,pipelines,warehouse}/**/*.ts", { cwd: root })) {
    const file = found.replaceAll("\\", "/");
    for (const imported of importsOf(await readFile(join(root, file), "utf8"))) {
      complaints.push(complaint(file, imported) ?? "");
      read++;
    }
  }
  expect(complaints.filter(Boolean)).toEqual([]);
  expect(read).toBeGreaterThan(20);
});

test("every form of an import statement is seen", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import type { B } from "./b.ts";',
    'import {\n  c,\n} from "./c.ts";',
    'export { d } from "./d.ts";',
    'export type { E } from "./e.ts";',
    'import "./f.ts";',
    'const g = await import("./g.ts");',
    'new Worker(new URL("./h.ts", import.meta.url));',
    'import { z } from "zod";',
  ].join("\n");
  expect(importsOf(source).map(({ target, typeOnly }) => `${target} ${typeOnly}`)).toEqual([
    "./a.ts false",
    "./b.ts true",
    "./c.ts false",
    "./d.ts false",
    "./e.ts true",
    "./f.ts false",
    "./g.ts false",
    "./h.ts false",
  ]);
});

test("the linter refuses and allows the same imports", { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "propool-lint-"));
  try {
    await copyFile(join(root, ".biome.json"), join(folder, ".biome.json"));
    const files = CASES.map(([from], index) => from.replace(/x\.ts$/, `x${index}.ts`));
    for (const [index, [, target]] of CASES.entries()) {
      const path = join(folder, files[index] ?? "");
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `import { a } from "${target}";\n\na();\n`);
    }
    const refused = await restrictedImports(folder);
    expect(files.filter((file) => refused.has(file))).toEqual(
      files.filter((_, index) => CASES[index]?.[2] === "refused"),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

interface Import {
  target: string;
  typeOnly: boolean;
}

/** Relative imports of a source, in their order. */
function importsOf(source: string): Import[] {
  const statement =
    /(?:\b(?:import|export)\s+(?<type>type\s)?[^;"'()]*?from\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)["'](?<target>\.[^"']*)["']/g;
  return [...source.matchAll(statement)].map(({ groups }) => ({
    target: groups?.target ?? "",
    typeOnly: groups?.type !== undefined,
  }));
}

/** What is wrong with a file's import, or undefined. */
function complaint(file: string, { target, typeOnly }: Import): string | undefined {
  const imported = posix.join(posix.dirname(file), target);
  const [from, to] = [layerOf(file), layerOf(imported)];
  if (from === undefined || to === undefined)
    return `${file} imports ${imported}, which is no source`;
  if (to > from) return `${file} imports ${imported} against the direction`;
  const otherPart = from === PART && to === PART && partOf(file) !== partOf(imported);
  const shared =
    ["configuration", "page"].includes(partOf(imported) ?? "") ||
    imported === "pipelines/adapters/intake.ts";
  if (otherPart && !typeOnly && !shared) {
    return `${file} imports functions of another part, ${imported}`;
  }
  return undefined;
}

const PART = 2;

/** cli, stage files, parts, warehouse, core: a file imports from its own layer and from those below it. */
function layerOf(file: string): number | undefined {
  if (file.startsWith("pipelines/core/")) return 0;
  if (file.startsWith("warehouse/")) return 1;
  if (/^pipelines\/[^/]+\/./.test(file)) return PART;
  if (file.startsWith("pipelines/")) return 3;
  if (file.startsWith("cli/")) return 4;
  return undefined;
}

function partOf(file: string): string | undefined {
  return file.split("/")[1];
}

function restrictedImports(folder: string): Promise<Set<string>> {
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const args = [biome, "lint", "--max-diagnostics=none", "--colors=off"];
  return new Promise((resolve) => {
    // The linter leaves with 1 when it refuses something, which is what is asked of it here.
    execFile(process.execPath, args, { cwd: folder }, (_, stdout, stderr) => {
      const places = `${stdout}${stderr}`.matchAll(/^(\S+):\d+:\d+ \S*noRestrictedImports/gm);
      resolve(new Set([...places].map(([, file]) => (file ?? "").replaceAll("\\", "/"))));
    });
  });
}
