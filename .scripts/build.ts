/** Compiles the sources to `dist/`, as JavaScript that Node 20 runs; `mappings/` is published beside it as it stands. */
import { spawnSync } from "node:child_process";
import { chmod, glob, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

// What does not type-check is not published. tsconfig.json's `lib` is what Node 20 has, so newer calls are found there.
const CONFIG = {
  extends: "../tsconfig.json",
  compilerOptions: {
    rootDir: "..",
    outDir: ".",
    noEmit: false,
    noEmitOnError: true,
    rewriteRelativeImportExtensions: true,
  },
  include: ["../cli", "../pipelines", "../warehouse"],
  exclude: ["../warehouse/generate-schema.ts"],
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await compile(join(dist, "tsconfig.json"));
for await (const file of glob("**/*.js", { cwd: dist })) await rewriteAddresses(join(dist, file));
await makeCommand(join(dist, "cli", "main.js"));

async function compile(config: string): Promise<void> {
  await writeFile(config, JSON.stringify(CONFIG));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "--project", config], { stdio: "inherit" });
  await rm(config);
  if (status !== 0) process.exit(status ?? 1);
}

/** A worker is found by `new URL("./file.ts", import.meta.url)`, which the compiler leaves as it is. */
async function rewriteAddresses(file: string): Promise<void> {
  const source = await readFile(file, "utf8");
  const rewritten = source.replaceAll(
    /(new URL\(\s*["'][^"']+)\.ts(["'],\s*import\.meta\.url)/g,
    "$1.js$2",
  );
  const left = /["'`]\.\.?\/[^"'`\n]*\.ts["'`]/.exec(rewritten);
  if (left !== null)
    throw new Error(`${file}: ${left[0]} is a source file, which is not published`);
  if (rewritten !== source) await writeFile(file, rewritten);
}

async function makeCommand(file: string): Promise<void> {
  const source = await readFile(file, "utf8");
  const shebang = "#!/usr/bin/env node\n";
  await writeFile(file, source.startsWith("#!") ? source : shebang + source);
  await chmod(file, 0o755);
}
