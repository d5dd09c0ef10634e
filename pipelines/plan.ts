import { link, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { readSite, type Site } from "./configuration/site.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { ProError } from "./core/errors.ts";
import { cloneFile, exists, publish, unfinished, writeWhole } from "./core/files.ts";
import type { Issue } from "./core/issues.ts";
import { withLock } from "./core/lock.ts";
import { labelled, type Progress } from "./core/progress.ts";
import type { LeftOutCodes } from "./left-out-codes.ts";
import { readApplied } from "./mapping/applied.ts";
import { type Approval, approvalOf, approvedFiles } from "./plan/approval.ts";
import { type MappingChange, mappingChanges } from "./plan/changes.ts";
import { compareStores, type StoreChange } from "./plan/compare.ts";
import { dropKept, keptFile } from "./plan/kept.ts";
import { makeStore, runSite } from "./run.ts";
import { openRows, readStudy, runStudy, type Study } from "./study.ts";
import {
  readOldStore,
  readStoreFacts,
  type StoreFacts,
  writeStoreFacts,
} from "./submission/store-facts.ts";

export interface PlanOptions {
  today: string;
  progress: Progress;
  /** Study files whose numbers are compared. */
  studies?: readonly string[];
  /** Do it: publish the store that was compared, and keep the old one for one step back. */
  apply?: boolean;
}

/** What an edited mapping would change at a site; with `apply`, what it changed. */
export interface Plan extends StoreChange {
  site: string;
  applied: boolean;
  /** No mapping was applied here before: there is nothing to compare with, and all is new. */
  isFirst: boolean;
  /** What the mapping files say otherwise than when they were applied last. */
  mapping: MappingChange[];
  /** Who approved the mapping last, and what of it has changed since; null: nobody yet. */
  approval: (Approval & { since: MappingChange[] }) | null;
  /** Problems by code, where their number changes. */
  issues: { code: string; message: string; before: number; after: number }[];
  /** Codes of the export that the edited mapping gives no meaning. */
  leftOut: LeftOutCodes;
  /** Studies whose numbers would be others, and how many of them. */
  studies: { study: string; numbers: number; moved: number }[];
  /** Whether what the old mapping makes of the export is not what stands in the store: then new files are part of the difference. */
  hasNewFiles: boolean;
}

/**
 * What an edited mapping would change: it runs the night with the mapping that was applied last and with the edited one, and compares
 * the stores. Without `apply` nothing is changed; with it, the very store that was compared is published.
 *
 * @throws ProError as runSite.
 */
export async function planSite(directory: string, options: PlanOptions): Promise<Plan> {
  const baseline: { issues: Issue[]; file: string | null } = { issues: [], file: null };
  let found: Omit<Plan, "applied"> | null = null;
  await runSite(directory, {
    today: options.today,
    progress: labelled(options.progress, "mapping as it is now"),
    dryRun: options.apply !== true,
    examplesMax: 1,
    baseline: async (site, previous) => {
      if (!previous?.applied) return null;
      const into = join(site.identifiedDirectory, "baseline.duckdb");
      const { issues } = await madeByApplied(site, previous, { ...options, into });
      Object.assign(baseline, { issues, file: into });
      return into;
    },
    look: async (storeFile, { issues, leftOut }) => {
      const site = await readSite(directory);
      found = await compare(site, storeFile, {
        options,
        before: baseline.issues,
        after: issues,
        leftOut,
        baseline: baseline.file,
      });
      if (options.apply && (await exists(site.storeFile))) await keepOld(site);
    },
  });
  if (options.apply) await forgetLeavers(await readSite(directory));
  if (!found) throw new TypeError("a night that ends has looked at its store");
  return { ...(found as Omit<Plan, "applied">), applied: options.apply === true };
}

/** A store in which somebody still is who has left is not kept: one step back would bring them back. */
async function forgetLeavers(site: Site): Promise<void> {
  const [now, then] = await Promise.all(
    [site.storeFile, keptFile(site)].map((file) => readOldStore(file, { isReplaced: false })),
  );
  const gone = (facts: StoreFacts | null | undefined) =>
    (facts?.withdrawn ?? []).length + (facts?.barred ?? []).length;
  if (gone(now) > gone(then)) await dropKept(site);
}

async function keepOld(site: Site): Promise<void> {
  const copy = unfinished(keptFile(site));
  await cloneFile(site.storeFile, copy);
  await publish(copy, keptFile(site));
}

/** What the mapping that was applied last makes of the export, in a store of its own. */
async function madeByApplied(
  site: Site,
  previous: StoreFacts,
  options: PlanOptions & { into: string },
) {
  const folder = join(site.identifiedDirectory, "applied");
  await writeFiles(folder, previous.applied ?? {});
  const earlier = await readSite(folder);
  const { identifiedDirectory, storeFile, keysDirectory, exportDirectory } = site;
  const place = { identifiedDirectory, storeFile, keysDirectory };
  const isSameFolder = earlier.export === site.export;
  return makeStore(
    {
      ...earlier,
      ...place,
      exportDirectory: isSameFolder ? exportDirectory : join(site.directory, earlier.export),
    },
    {
      ...options,
      previous,
      progress: labelled(options.progress, "mapping as applied last"),
    },
  );
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(file, content, 0o600);
  }
}

interface Looked {
  options: PlanOptions;
  before: readonly Issue[];
  after: readonly Issue[];
  leftOut: LeftOutCodes;
  /** Store of what the old mapping makes of the export. */
  baseline: string | null;
}

async function compare(
  site: Site,
  storeFile: string,
  looked: Looked,
): Promise<Omit<Plan, "applied">> {
  const before = (await exists(site.storeFile)) ? site.storeFile : null;
  const facts = await readOldStore(site.storeFile, { isReplaced: false });
  const applied = await readApplied(site);
  const approval = approvalOf(applied);
  const db = await DuckDb.open(":memory:", {
    temporaryDirectory: join(site.identifiedDirectory, "compare"),
    small: await isSmall([storeFile]),
  });
  try {
    const change = await compareStores(db, { before, after: storeFile });
    return {
      site: site.site,
      ...change,
      isFirst: !facts?.applied,
      mapping: mappingChanges(facts?.applied ?? {}, applied),
      approval: approval && {
        ...approval,
        since: mappingChanges(approvedFiles(facts?.approved, applied) ?? applied, applied),
      },
      issues: issueChanges(looked.before, looked.after),
      leftOut: looked.leftOut,
      studies: await studyChanges(site, storeFile, looked.options.studies ?? []),
      hasNewFiles: await isNewer(db, before, looked.baseline),
    };
  } finally {
    db.close();
  }
}

/** Whether the old mapping makes rows of the export that the store does not have: files came since the last night. */
async function isNewer(
  db: DuckDb,
  store: string | null,
  baseline: string | null,
): Promise<boolean> {
  if (store === null || baseline === null) return false;
  const { tables } = await compareStores(db, { before: store, after: baseline });
  return tables.some(({ added, changed }) => added + changed > 0);
}

function issueChanges(before: readonly Issue[], after: readonly Issue[]): Plan["issues"] {
  const codes = [...new Set([...before, ...after].map(({ code }) => code))].sort();
  return codes.flatMap((code) => {
    const [old, now] = [before, after].map((list) => list.find((issue) => issue.code === code));
    const [from, to] = [old?.count ?? 0, now?.count ?? 0];
    if (from === to) return [];
    return [{ code, message: now?.message ?? old?.message ?? code, before: from, after: to }];
  });
}

/** Answers studies on the old and the new rows, and counts the numbers that are not the same. */
async function studyChanges(site: Site, storeFile: string, files: readonly string[]) {
  const folder = join(site.identifiedDirectory, "candidate");
  if (files.length > 0) {
    await writeFiles(folder, await readApplied(site));
    await mkdir(join(folder, "store"), { recursive: true, mode: 0o700 });
    await link(storeFile, join(folder, "store", "store.duckdb"));
  }
  const hasStore = await exists(site.storeFile);
  const changes: Plan["studies"] = [];
  for (const file of files) {
    const study = await readStudy(file, site.directory);
    const old = hasStore ? await numbersOf(study, site.directory) : new Map<string, string>();
    const now = await numbersOf(study, folder);
    const keys = [...new Set([...old.keys(), ...now.keys()])];
    const moved = keys.filter((key) => old.get(key) !== now.get(key)).length;
    changes.push({ study: study.title, numbers: keys.length, moved });
  }
  return changes;
}

/** The shown numbers of a study by what they are. */
async function numbersOf(study: Study, folder: string): Promise<Map<string, string>> {
  const { queryable } = await openRows(folder);
  try {
    const { outcomes } = await runStudy({ study, queryable });
    return new Map(
      outcomes.flatMap(({ rows, ...outcome }) =>
        rows.map(({ stratum, statistic, estimate, value, between, state, people }) => [
          JSON.stringify([outcome, stratum, statistic, estimate]),
          JSON.stringify([state, value, between, people]),
        ]),
      ),
    );
  } finally {
    await queryable.close();
  }
}

/** What a step back restored. */
export interface Undone {
  site: string;
  /** Mapping files that were put back; what they said until now is kept beside them as `.undone`. */
  files: string[];
}

/**
 * Takes the last applied plan back: the store and the mapping files are as they were before it. The next night sends the hub the
 * difference. A night, a withdrawal or a new key since then makes it impossible: they would be taken back too.
 *
 * @throws ProError `CONFIG_NOTHING_TO_UNDO`.
 */
export async function undoPlan(directory: string): Promise<Undone> {
  const site = await readSite(directory);
  return withLock(site.directory, async () => {
    const kept = keptFile(site);
    const then = await readOldStore(kept, { isReplaced: false });
    if (!then) {
      throw new ProError("CONFIG_NOTHING_TO_UNDO", "no applied plan is kept to go back to", {
        where: { file: kept },
        hint: "a plan can be taken back once, and only until the next night, withdrawal or new key; edit the mapping and plan again",
      });
    }
    await using _identified = ephemeral(site.identifiedDirectory);
    const now = await readOldStore(site.storeFile, { isReplaced: false });
    const store = unfinished(site.storeFile);
    await cloneFile(kept, store);
    const db = await DuckDb.open(store);
    try {
      const own = (await readStoreFacts(db)) ?? then;
      const { applied, approved } = own;
      // What was sent stays sent: the next submission counts on from it.
      await writeStoreFacts(db, {
        ...(now ?? own),
        ...(applied ? { applied } : {}),
        ...(approved ? { approved } : {}),
      });
      await db.run("CHECKPOINT");
    } finally {
      db.close();
    }
    const files = await putBack(site, then.applied ?? {});
    await publish(store, site.storeFile);
    await rm(kept, { force: true });
    return { site: site.site, files };
  });
}

/** Writes the files as they were; what they say now is kept beside them. */
async function putBack(site: Site, applied: Readonly<Record<string, string>>): Promise<string[]> {
  const present = await readApplied(site);
  const changed: string[] = [];
  for (const path of new Set([...Object.keys(applied), ...Object.keys(present)])) {
    const [was, is] = [applied[path], present[path]];
    if (was === is) continue;
    const file = join(site.directory, path);
    if (is !== undefined) await writeWhole(`${file}.undone`, is);
    if (was === undefined) await rm(file);
    else await writeWhole(file, was);
    changed.push(path);
  }
  return changed.sort();
}
