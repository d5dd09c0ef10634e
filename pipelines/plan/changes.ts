import { parseDocument } from "yaml";

/** One line of a mapping that is otherwise than it was. */
export interface MappingChange {
  file: string;
  /** Path of the key: files.0.instruments.0.items.PHQ9_1 */
  pointer: string;
  change: "added" | "changed" | "removed";
  before: string | null;
  after: string | null;
}

/** What two sets of mapping files, by path, say otherwise; comments and layout do not count. */
export function mappingChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): MappingChange[] {
  const files = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return files.flatMap((file) => {
    const old = leavesOf(file, before[file]);
    const now = leavesOf(file, after[file]);
    const pointers = [...new Set([...old.keys(), ...now.keys()])];
    return pointers.flatMap((pointer): MappingChange[] => {
      const [from = null, to = null] = [old.get(pointer), now.get(pointer)];
      if (from === to || pointer.startsWith("reviewed")) return [];
      const change = from === null ? "added" : to === null ? "removed" : "changed";
      return [{ file, pointer, change, before: from, after: to }];
    });
  });
}

/** Every value of a file with its path; a table is compared line by line. */
function leavesOf(file: string, source: string | undefined): Map<string, string> {
  const leaves = new Map<string, string>();
  if (source === undefined) return leaves;
  if (!file.endsWith(".yaml")) {
    for (const [i, line] of source.trimEnd().split(/\r?\n/).entries())
      leaves.set(`line ${i + 1}`, line);
    return leaves;
  }
  const collect = (value: unknown, path: string): void => {
    if (value !== null && typeof value === "object") {
      const entries = Object.entries(value);
      if (entries.length === 0) leaves.set(path, Array.isArray(value) ? "[]" : "{}");
      for (const [key, one] of entries) collect(one, path === "" ? key : `${path}.${key}`);
    } else leaves.set(path, String(value));
  };
  collect(parseDocument(source).toJS({ maxAliasCount: 100 }), "");
  return leaves;
}
