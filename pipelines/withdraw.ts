import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { copyWithout } from "../warehouse/copy-without.ts";
import { DuckDb } from "../warehouse/duckdb.ts";
import { readSite } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { exists, publish, unfinished } from "./core/files.ts";
import { withLock } from "./core/lock.ts";
import { removeUnfinished } from "./core/remove-unfinished.ts";
import { forgetPeople } from "./disclosure/ledger.ts";
import { dropKept } from "./plan/kept.ts";
import { readSiteKeys, type SiteKeys } from "./privacy/keys.ts";
import { loadTokenKeys, tokenSql } from "./privacy/tokens.ts";
import { keepBarred } from "./submission/barred.ts";
import { parseSubmissionName } from "./submission/manifest.ts";
import { checkStoreFacts, readOldStore, writeStoreFacts } from "./submission/store-facts.ts";

export interface Withdrawn {
  site: string;
  /** People who were named, and how many of them the store held. */
  named: number;
  held: number;
  /** Their tokens: what the hub and `propool query` know them by. */
  patids: string[];
  /** Submissions taken out of the outbox, because they hold rows of theirs. */
  removed: string[];
}

/**
 * Removes people from a site's store and outbox, for good: whatever an export brings of them later stays out. The next submission
 * names them as withdrawn, and the hub removes them from warehouse, kept publications and archive.
 *
 * `keys` are the source's own keys of persons (identified: give them through a file or standard input), `patids` their tokens.
 *
 * @throws ProError `USAGE_WITHDRAW`, `CONFIG_*`, `WAREHOUSE_*`.
 */
export async function withdraw(
  siteDirectory: string,
  people: { keys: readonly string[]; patids: readonly string[] },
): Promise<Withdrawn> {
  const site = await readSite(siteDirectory);
  const keys = await readSiteKeys(site.keysDirectory, { site: site.site, env: process.env });
  refuseNonsense(people.patids);
  return withLock(site.directory, async () => {
    await removeUnfinished(dirname(site.storeFile));
    const facts = await readOldStore(site.storeFile, { isReplaced: false });
    const now = { token_key_fingerprint: keys.tokenKeyFingerprint, privacy: site.privacy };
    if (!facts) throw noStore(site.storeFile);
    checkStoreFacts(facts, now, { file: site.storeFile });
    const patids = [...new Set([...people.patids, ...(await tokensOf(keys, people.keys))])].sort();
    const file = unfinished(site.storeFile);
    const held = await copyWithout(site.storeFile, file, patids);
    const remembered = {
      ...facts,
      // The next submission holds everything that is left, so that the hub can drop what came before.
      sealed: null,
      pending: null,
      withdrawn: union(facts.withdrawn, patids),
      barred: union(facts.barred, patids),
    };
    const store = await DuckDb.open(file);
    try {
      await writeStoreFacts(store, remembered);
      await store.run("CHECKPOINT");
    } finally {
      store.close();
    }
    await dropKept(site);
    await keepBarred(site, remembered);
    // Before the store is: a command that is killed between the two is given again as long as the store holds them.
    await forgetPeople(site.directory, patids);
    await publish(file, site.storeFile);
    const removed = held > 0 ? await emptyOutbox(site.outboxDirectory, site.site) : [];
    // Only the broker can open it; the next night makes it anew.
    if (await exists(site.brokerFile)) removed.push(basename(site.brokerFile));
    await rm(site.brokerFile, { force: true });
    return { site: site.site, named: patids.length, held, patids, removed };
  });
}

function refuseNonsense(patids: readonly string[]): void {
  if (patids.every((patid) => /^[0-9a-f]{32}$/.test(patid))) return;
  throw new ProError("USAGE_WITHDRAW", "a token is 32 hexadecimal digits", {
    hint: "propool preview --site shows it as patient; a person's own key goes into --list",
  });
}

function noStore(file: string): ProError {
  return new ProError("CONFIG_STORE", "this site has no store yet", {
    where: { file },
    hint: "whoever should never be loaded goes into the list of consents (consent: list: in site.yaml)",
  });
}

async function tokensOf(keys: SiteKeys, people: readonly string[]): Promise<string[]> {
  const db = await DuckDb.open(":memory:");
  try {
    await loadTokenKeys(db, { generations: keys.tokenKeys, linkage: null }, ["patid"]);
    const rows = await db.all<{ patid: string }>(
      `SELECT ${tokenSql("patid", "key")} AS patid FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS key)`,
      [JSON.stringify(people)],
    );
    return rows.map(({ patid }) => patid);
  } finally {
    db.close();
  }
}

function union(known: readonly string[] | undefined, more: readonly string[]): string[] {
  return [...new Set([...(known ?? []), ...more])].sort();
}

/** What lies there still holds the people; the next submission is a full one. */
async function emptyOutbox(outbox: string, site: string): Promise<string[]> {
  if (!(await exists(outbox))) return [];
  await removeUnfinished(outbox);
  const names = (await readdir(outbox)).filter((name) => parseSubmissionName(name)?.site === site);
  for (const name of names) await rm(join(outbox, name), { recursive: true, force: true });
  return names.sort();
}
