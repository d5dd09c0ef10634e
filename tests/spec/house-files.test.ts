import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** Files of the repository, those not committed yet too; undefined in a copy without git. */
const files = existsSync(join(root, ".git"))
  ? execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
      cwd: root,
      encoding: "utf8",
    })
      .split("\0")
      .filter((file) => file !== "" && existsSync(join(root, file)))
  : undefined;

const TOP = [
  "LICENSE",
  "README.md",
  "PRIVACY.md",
  "cli",
  "mappings",
  "package-lock.json",
  "package.json",
  "pipelines",
  "tests",
  "tsconfig.json",
  "warehouse",
];

test.skipIf(files === undefined)("the top level has what the design names, and dot files", () => {
  const top = new Set((files ?? []).map((file) => file.split("/")[0] ?? ""));
  expect([...top].filter((name) => !name.startsWith(".") && !TOP.includes(name))).toEqual([]);
});

test.skipIf(files === undefined)("no file tells where it was built", async () => {
  const found: string[] = [];
  for (const file of files ?? []) {
    const place = machinePath(await readFile(join(root, file), "latin1"));
    if (place !== undefined) found.push(`${file}: ${place}`);
  }
  expect(found).toEqual([]);
});

test.skipIf(files === undefined)("no key, database or archive is among the files", () => {
  expect((files ?? []).filter((file) => PRIVATE.test(file))).toEqual([]);
});

const HOME = /(?<![\w.\-/])(?:file:\/\/)?\/(?:home|Users|root|work)\/[\w.-]+|[A-Z]:\\+Users\\/;
const PRIVATE = /\.(?:pem|key|p12|duckdb|wal|tgz|age)$|(?:^|\/)\.env$/;

test.each([
  ["the home of a person on Linux", "at /%/ann/src/x.ts", "home"],
  ["the home of a person on a Mac", "file:///%/ann/x", "Users"],
  ["the home of a person on Windows", "C:\\%\\ann", "Users"],
  ["the administrator's home", '"/%/.npm"', "root"],
])("%s is recognised", (_, pattern, folder) => {
  expect(machinePath(pattern.replace("%", folder))).toBeDefined();
});

test.each(["https://hl7.org/fhir/work/x", "./home/x.ts", "recordTarget/root/id", "/tmp"])(
  "%s is no machine's path",
  (text) => {
    expect(machinePath(text)).toBeUndefined();
  },
);

/** The first absolute path in a text that only one machine has: in a person's home, or of this checkout. */
function machinePath(text: string): string | undefined {
  // A checkout at the top of the disk, such as a container's /app, has too plain a name to search for.
  const checkout = root.split(sep).length > 2 && text.includes(root) ? root : undefined;
  return HOME.exec(text)?.[0] ?? checkout;
}
