import { readdir, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

/**
 * The files that paths of a command line name: a file is itself, a folder all files in it at any depth, and a pattern (`*`, `**`, `?`,
 * `[ab]`, `{a,b}`) what it matches, each in the order of the names. What names nothing is returned as it stands, so that whoever
 * opens it says so.
 */
export async function expandPaths(paths: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const path of paths) expanded.push(...(await expand(path)));
  return expanded;
}

async function expand(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  // A file may be called `a[1].json`: a name that exists is no pattern.
  if (found?.isDirectory()) return filesBelow(path);
  if (found || !/[*?[{]/.test(path)) return [path];
  const parts = path.split(sep === "\\" ? /[\\/]/ : "/");
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => /[*?[{]/.test(part)),
  );
  const root = fixed.join("/") || (path.startsWith("/") ? "/" : ".");
  const pattern = globPattern(parts.slice(fixed.length).join("/"));
  const files = await filesBelow(root).catch(() => []);
  const matching = files.filter((file) => pattern.test(relative(root, file).split(sep).join("/")));
  return matching.length > 0 ? matching : [path];
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath ?? dirname(directory), entry.name))
    .sort();
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(
    /\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|\{[^{}/]*\}|[\\^$.|+()[\]{}]/g,
    (part) => {
      if (part === "**/") return "(?:.*/)?";
      if (part === "**") return ".*";
      if (part === "*") return "[^/]*";
      if (part === "?") return "[^/]";
      if (part.length > 1 && part.startsWith("["))
        return part.replace("[!", "[^").replaceAll("\\", "\\\\");
      if (part.length > 1 && part.startsWith("{"))
        return `(?:${part.slice(1, -1).split(",").map(literal).join("|")})`;
      return `\\${part}`;
    },
  );
  return new RegExp(`^${source}$`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&").replaceAll("\\*", "[^/]*");
}
