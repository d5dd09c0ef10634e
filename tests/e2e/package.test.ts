import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
}

/** As a user has it: an empty folder, and no tool of this repository in the path (so their own Node, too). */
let folder: string;
const installed = () => join(folder, "node_modules", "propool");
const environment = userEnvironment();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-package-"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: root, env: process.env });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
  await writeFile(join(folder, "package.json"), "{}");
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`]);
}, 180_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("the published package", () => {
  test("ships compiled code, the mappings, the licence and the readme, and nothing else", async () => {
    const files = await readdir(installed(), { recursive: true, withFileTypes: true });
    const names = files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed().length + 1))
      .map((name) => name.replaceAll("\\", "/"));
    const expected =
      /^(?:dist\/(?:cli|pipelines|warehouse)\/[\w./-]+\.js|mappings\/.+\.(?:csv|yaml|md|schema\.json)|LICENSE|README\.md|package\.json)$/;
    expect(names.filter((name) => !expected.test(name))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(["LICENSE", "dist/cli/main.js", "mappings/cdm/fields.csv"]),
    );
  });

  test("imports what it depends on, and no development dependency", async () => {
    const imported = new Set<string>();
    const dist = join(installed(), "dist");
    for (const name of await readdir(dist, { recursive: true })) {
      if (!name.endsWith(".js")) continue;
      const source = await readFile(join(dist, name), "utf8");
      const statement =
        /^(?:import|export|\})[^"'\n]*\bfrom "([^".]+)"|^import "([^".]+)"|\bimport\("([^".]+)"\)/gm;
      for (const [, ...targets] of source.matchAll(statement)) {
        imported.add(packageOf(targets.find(Boolean) ?? ""));
      }
    }
    const known = new Set([...Object.keys(manifest.dependencies), ...builtinModules]);
    expect([...imported].filter((name) => !known.has(name))).toEqual([]);
    expect(imported).toContain("commander");
  });

  test("answers --version and --help", async () => {
    expect((await npx(["--version"])).trim()).toBe(manifest.version);
    expect(await npx(["--help"])).toMatch(/Usage: propool/);
  });

  // Every kind of file that is read at run time: mappings, templates, the XML workers' own module, DuckDB and its Parquet.
  test("makes a site, and a night of it from C-CDA", { timeout: 180_000 }, async () => {
    const site = join(folder, "clinic");
    await npx(["init", "site", site, "--site", "PACK", "--network", "NET", "--format", "ccda"]);
    await mkdir(join(site, "export"), { recursive: true });
    await cp(join(root, "tests/golden/ccda/phq9.xml"), join(site, "export", "a.xml"));
    const [night] = JSON.parse(await npx(["run", site, "--today", "2026-01-15", "--json"]));
    expect(night.ledgers.records.loaded).toBe(1);
  });
});

/** `npx propool`, which fails here rather than fetch a package of that name. */
function npx(args: string[]): Promise<string> {
  return run("npx", ["--no", "--", "propool", ...args]);
}

/** What the command wrote to stdout. @throws with its stderr, if it ends in anything but 0. */
async function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: folder,
    env: environment,
    maxBuffer: 1 << 26,
    // npm and npx are .cmd files on Windows, which start in a shell only.
    shell: process.platform === "win32",
    ...options,
  });
  return stdout;
}

function packageOf(target: string): string {
  return target
    .replace(/^node:/, "")
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Without what npm and vitest tell their children about this repository; npm's settings (cache, proxy) stay. */
function userEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_(?!config_)|npm_config_local_prefix$|VITEST|NODE_ENV$)/i.test(name),
  );
  const path = (process.env.PATH ?? "").split(delimiter);
  return {
    ...Object.fromEntries(own),
    PATH: path.filter((directory) => !directory.startsWith(root)).join(delimiter),
  };
}
