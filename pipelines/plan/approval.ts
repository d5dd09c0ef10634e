import { parseDocument } from "yaml";

/** Who approved a mapping, and when. */
export interface Approval {
  name: string;
  /** YYYY-MM-DD. */
  date: string;
}

/** The approval that a site's mapping files state: the latest of them; null: none. */
export function approvalOf(files: Readonly<Record<string, string>>): Approval | null {
  const stated = Object.entries(files).flatMap(([path, source]): Approval[] => {
    // Instruments and crosswalks say who reviewed the published facts, not who approved the site's mapping.
    if (!path.endsWith(".yaml") || path.includes("/")) return [];
    const reviewed: unknown = (parseDocument(source).toJS() as { reviewed?: unknown } | null)
      ?.reviewed;
    if (reviewed === null || typeof reviewed !== "object") return [];
    const { name, date } = reviewed as Partial<Approval>;
    return name && date ? [{ name: String(name), date: String(date) }] : [];
  });
  return stated.toSorted((a, b) => (a.date < b.date ? 1 : -1))[0] ?? null;
}

/**
 * The mapping files as somebody approved them: those that were remembered, as long as the approval is the same; those that stand now
 * when they carry a new one; undefined while nobody has approved any.
 */
export function approvedFiles(
  remembered: Record<string, string> | undefined,
  files: Record<string, string>,
): Record<string, string> | undefined {
  const now = approvalOf(files);
  const then = remembered ? approvalOf(remembered) : null;
  if (remembered && then && (!now || (now.name === then.name && now.date === then.date))) {
    return remembered;
  }
  return now ? files : undefined;
}

/** A mapping file's text with a new approval; every other line stays as it is. */
export function withApproval(source: string, { name, date }: Approval): string {
  const line = `reviewed: { name: ${JSON.stringify(name)}, date: ${date} }`;
  if (/^reviewed:.*$/m.test(source)) return source.replace(/^reviewed:.*(\n[ \t]+.*)*$/m, line);
  const comments = /^(?:#.*\n|\s*\n)*/.exec(source)?.[0] ?? "";
  return `${comments}${line}\n${source.slice(comments.length)}`;
}
