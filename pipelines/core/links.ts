import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ProError } from "./errors.ts";

/** What the export folder stands beside in a site: nothing of it is an export. */
const OWN_FOLDERS = ["keys", "identified", "store", "outbox", "broker", "reports"];

/**
 * Links of the export folder may lead elsewhere, where its owner wants it so. Whoever can only write into the folder must not choose
 * what else of this machine is read: a link of theirs leads to files of theirs, and nobody's leads into the site's other folders.
 *
 * @throws ProError `SOURCE_LINK`.
 */
export async function refuseForeignLinks(
  exportDirectory: string,
  links: readonly string[],
): Promise<void> {
  if (links.length === 0) return;
  const root = await realpath(dirname(exportDirectory));
  for (const path of links) {
    const target = await realpath(path).catch(() => null);
    // A link to nothing is told as a file that cannot be read.
    if (target === null) continue;
    const isOwn = OWN_FOLDERS.some((name) => target.startsWith(join(root, name) + sep));
    const owners = {
      link: (await lstat(path)).uid,
      target: (await stat(target)).uid,
    };
    if (!isOwn && mayFollow({ ...owners, process: process.geteuid?.() ?? owners.link })) continue;
    throw new ProError("SOURCE_LINK", "a link in the export folder leads to what is no export", {
      where: { file: relative(exportDirectory, path) },
      hint: isOwn
        ? "keys, store and reports of the site are not read as an export: remove the link"
        : "it leads to a file of somebody else: put the file itself there, or make the link as the user who runs propool",
    });
  }
}

/** Whose link leads where, as user ids. The rule of Linux's protected_symlinks, and of SymLinksIfOwnerMatch in web servers. */
export function mayFollow(owner: { link: number; target: number; process: number }): boolean {
  return owner.link === owner.process || owner.link === 0 || owner.link === owner.target;
}
