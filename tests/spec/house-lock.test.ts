import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completeLock, type Lock } from "../../.scripts/complete-lock.ts";
import { platformOf } from "../../.scripts/platform-of.ts";

const root = join(import.meta.dirname, "..", "..");
const text = await readFile(join(root, "package-lock.json"), "utf8");
const lock = JSON.parse(text) as Lock;
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;

interface Manifest {
  allowScripts: Record<string, boolean>;
  engines: unknown;
}

describe("package-lock.json", () => {
  test("names no registry host", () => {
    const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved);
    expect(resolved).toEqual([]);
    const addresses = text.match(/\w+:\/\/[^"]+/g) ?? [];
    expect(addresses.filter((address) => /registry|npmjs|\.tgz|\/-\//i.test(address))).toEqual([]);
  });

  test("holds every optional package of every package, for every platform", () => {
    const named = Object.values(lock.packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    expect(named.filter((name) => !(`node_modules/${name}` in lock.packages))).toEqual([]);
    expect(named).toEqual(
      expect.arrayContaining(["@duckdb/node-bindings-darwin-arm64", "@biomejs/cli-win32-x64"]),
    );
  });

  test("is what npm run lock writes", () => {
    expect(`${JSON.stringify(completeLock(lock), null, 2)}\n`).toBe(text);
  });

  test("agrees with package.json on the Node it needs", () => {
    expect(lock.packages[""]).toMatchObject({ engines: manifest.engines });
  });

  test("runs install scripts of reviewed packages only", () => {
    const running = Object.entries(lock.packages)
      .filter(([, entry]) => (entry as { hasInstallScript?: boolean }).hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ""));
    expect(running.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
    expect(running).toContain("node");
  });
});

describe("npm run lock", () => {
  const parent = {
    version: "1.0.0",
    dev: true,
    optionalDependencies: { "@x/cli-darwin-arm64": "1.2.3" },
  };
  const added = { version: "1.2.3", cpu: ["arm64"], dev: true, optional: true, os: ["darwin"] };

  test("adds a missing optional package as npm would have", () => {
    expect(completeLock({ packages: { "node_modules/x": parent } }).packages).toEqual({
      "node_modules/@x/cli-darwin-arm64": added,
      "node_modules/x": parent,
    });
  });

  test("leaves a package that is there as it is", () => {
    const there = { version: "1.2.3", integrity: "sha512-AA==" };
    const packages = { "node_modules/@x/cli-darwin-arm64": there, "node_modules/x": parent };
    expect(completeLock({ packages }).packages).toEqual(packages);
  });

  test("replaces its own entry of an earlier version", () => {
    const packages = {
      "node_modules/@x/cli-darwin-arm64": { ...added, version: "1.2.2" },
      "node_modules/x": parent,
    };
    expect(completeLock({ packages }).packages["node_modules/@x/cli-darwin-arm64"]).toEqual(added);
  });

  test("puts a second version below the package that asks for it", () => {
    const other = { version: "2.0.0", integrity: "sha512-AA==" };
    const packages = { "node_modules/@x/cli-darwin-arm64": other, "node_modules/x": parent };
    expect(completeLock({ packages }).packages).toEqual({
      "node_modules/@x/cli-darwin-arm64": other,
      "node_modules/x": parent,
      "node_modules/x/node_modules/@x/cli-darwin-arm64": added,
    });
  });

  test("finds an optional package that is hoisted above a nested one", () => {
    const there = { version: "1.2.3", integrity: "sha512-AA==" };
    const packages = {
      "node_modules/@x/cli-darwin-arm64": there,
      "node_modules/y/node_modules/x": parent,
    };
    expect(completeLock({ packages }).packages).toEqual(packages);
  });

  test("takes the lowest version of a range, and asks for help where there is none", () => {
    const from = (range: string): Lock["packages"] =>
      completeLock({ packages: { "": { optionalDependencies: { "x-linux-x64": range } } } })
        .packages;
    expect(from("^1.4.0-beta.17")["node_modules/x-linux-x64"]?.version).toBe("1.4.0-beta.17");
    expect(() => from(">=1 <3")).toThrow(
      'x-linux-x64 is missing and its range ">=1 <3" names no version',
    );
  });

  test("removes a registry's address and keeps the hash", () => {
    const resolved = "https://registry.example/x/-/x-1.0.0.tgz";
    const packages = { "node_modules/x": { version: "1.0.0", resolved, integrity: "sha512-AA==" } };
    expect(completeLock({ packages }).packages).toEqual({
      "node_modules/x": { version: "1.0.0", integrity: "sha512-AA==" },
    });
  });
});

describe("the platform in a package's name", () => {
  test.each([
    ["@x/cli-darwin-arm64", [], { os: ["darwin"], cpu: ["arm64"] }],
    ["@x/windows-x64", [], { os: ["win32"], cpu: ["x64"] }],
    ["@x/cli-linux-x64-musl", [], { os: ["linux"], cpu: ["x64"], libc: ["musl"] }],
    ["@x/cli-linux-x64-gnu", [], { os: ["linux"], cpu: ["x64"], libc: ["glibc"] }],
    ["@x/linux-x64", ["@x/linux-x64-musl"], { os: ["linux"], cpu: ["x64"], libc: ["glibc"] }],
    ["@x/linux-x64", [], { os: ["linux"], cpu: ["x64"] }],
    ["@x/binding-wasm32-wasi", [], { cpu: ["wasm32"] }],
    ["pg-cloudflare", [], {}],
  ])("%s beside %j", (name, siblings, platform) => {
    expect(platformOf(name, siblings)).toEqual(platform);
  });

  test("is what the packages say themselves, wherever the lock has their word", () => {
    let compared = 0;
    for (const entry of Object.values(lock.packages)) {
      const names = Object.keys(entry.optionalDependencies ?? {});
      for (const name of names) {
        const { os, cpu, libc, integrity } = lock.packages[`node_modules/${name}`] ?? {};
        // fsevents is for macOS, and its name does not say so.
        if (integrity === undefined || name === "fsevents") continue;
        const stated = { ...(os && { os }), ...(cpu && { cpu }), ...(libc && { libc }) };
        expect({ name, ...platformOf(name, names) }).toEqual({ name, ...stated });
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(30);
  });
});
