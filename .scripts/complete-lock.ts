/**
 * `npm install` writes only those optional packages into the lock that its registry holds for some platform, and
 * `npm ci` refuses a lock that lacks any of the others. This script adds them, as far as a package's name tells what
 * it is for, and removes registry addresses. It asks no network, and running it twice changes nothing.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { platformOf } from "./platform-of.ts";

export interface LockEntry {
  version?: string;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  devOptional?: boolean;
  peer?: boolean;
  optional?: boolean;
  link?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

export interface Lock {
  packages: Record<string, LockEntry>;
}

/** The lock with every optional package of every package in it, and no registry address. */
export function completeLock<L extends Lock>(lock: L): L {
  const packages = Object.fromEntries(
    Object.entries(lock.packages).map(([path, entry]) => [path, withoutAddress(entry)]),
  );
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = missingFrom(packages, path, name, range);
      if (found !== undefined) packages[found] = optionalEntry(name, range, entry);
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

/** Addresses of folders and of git stay: only a registry's are left to the reader's own settings. */
function withoutAddress(entry: LockEntry): LockEntry {
  if (entry.link || !/^https?:.*\.tgz$/.test(entry.resolved ?? "")) return entry;
  const { resolved: _, ...rest } = entry;
  return rest;
}

/** Where the package has to be written, or undefined if `path` already finds one that will do. */
function missingFrom(
  packages: Record<string, LockEntry>,
  path: string,
  name: string,
  range: string,
): string | undefined {
  const places = foldersAbove(path).map((folder) => `${folder}node_modules/${name}`);
  const found = places.find((place) => packages[place] !== undefined);
  if (found === undefined) return `node_modules/${name}`;
  const entry = packages[found];
  if (!isExact(range) || entry?.version === range) return undefined;
  // Another version without a hash is what this script wrote for the parent's earlier version.
  return entry?.integrity === undefined ? found : places[0];
}

/** `node_modules/a/node_modules/b` gives itself, `node_modules/a` and the root, each ending in a slash. */
function foldersAbove(path: string): string[] {
  const cut = path.lastIndexOf("node_modules/");
  return path === "" ? [""] : [`${path}/`, ...foldersAbove(path.slice(0, Math.max(0, cut - 1)))];
}

/** Keys in the order in which npm writes them, so that the next `npm install` makes no other difference. */
function optionalEntry(name: string, range: string, parent: LockEntry): LockEntry {
  const { cpu, os, libc } = platformOf(name, Object.keys(parent.optionalDependencies ?? {}));
  return {
    version: lowestVersion(name, range),
    ...(cpu && { cpu }),
    ...(parent.dev && { dev: true }),
    ...(parent.devOptional && { devOptional: true }),
    ...(libc && { libc }),
    optional: true,
    ...(os && { os }),
    ...(parent.peer && { peer: true }),
  };
}

function lowestVersion(name: string, range: string): string {
  const version = range.replace(/^[\^~=]/, "");
  if (isExact(version)) return version;
  throw new Error(
    `package-lock.json: ${name} is missing and its range "${range}" names no version; install it by hand`,
  );
}

function isExact(range: string): boolean {
  return /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(range);
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "..", "package-lock.json");
  const before = await readFile(file, "utf8");
  const lock = JSON.parse(before) as Lock;
  const complete = completeLock(lock);
  await writeFile(file, `${JSON.stringify(complete, null, 2)}\n`);
  const added = Object.keys(complete.packages).filter((path) => !(path in lock.packages));
  console.log(
    [...added.map((path) => `added ${path}`), `${added.length} packages added`].join("\n"),
  );
}
