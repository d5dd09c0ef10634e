import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Site } from "../configuration/site.ts";

/** The store before the last applied plan, to which one step back leads. */
export const keptFile = ({ storeFile }: Pick<Site, "storeFile">): string =>
  join(dirname(storeFile), "previous.duckdb");

/**
 * Forgets the store before the last plan: as soon as the store itself moves on, going back would lose a night's rows, or bring
 * people back who have withdrawn.
 */
export async function dropKept(site: Pick<Site, "storeFile">): Promise<void> {
  await rm(keptFile(site), { force: true });
}
