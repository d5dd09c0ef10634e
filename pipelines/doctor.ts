import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { readCsvMapping } from "./adapters/csv/mapping.ts";
import { checkBroker } from "./broker.ts";
import { checkInstruments } from "./catalogue/check.ts";
import { ownInstruments, readCatalogue, scoresOf } from "./catalogue/read.ts";
import { folderKind } from "./configuration/folder.ts";
import { readHub } from "./configuration/hub.ts";
import { readSite, type Site } from "./configuration/site.ts";
import { coreLimit, ownLimits } from "./core/core-dumps.ts";
import { ProError, whereText } from "./core/errors.ts";
import { ownCrosswalks, readCrosswalks } from "./crosswalk/read.ts";
import { listExport } from "./intake.ts";
import { readBloomRecipe } from "./privacy/bloom-filter.ts";
import { readSiteKeys, type SiteKeys } from "./privacy/keys.ts";
import { type PrivacyProfile, readPrivacyProfile } from "./privacy/profile.ts";
import { openRows } from "./study/open-rows.ts";

/** What the doctor found about one thing: fine, to be looked at, or a night would stop. */
export interface Diagnosis {
  area:
    | "configuration"
    | "mappings"
    | "catalogue"
    | "keys"
    | "export"
    | "disk"
    | "machine"
    | "clock"
    | "database";
  state: "ok" | "warning" | "error";
  text: string;
  where?: string | undefined;
  hint?: string | undefined;
}

/** Bytes below which a night may not fit: a small site's store, its successor and the spilled rows. */
const DISK_MIN = 2 * 1024 ** 3;

/**
 * Looks at everything that a night or a pooling needs, and goes on after each thing that is wrong.
 *
 * @throws ProError `CONFIG_FOLDER` when the folder is neither a site's nor a hub's.
 */
export async function examine(directory: string, { now }: { now: Date }): Promise<Diagnosis[]> {
  return (await folderKind(directory)) === "site"
    ? examineSite(directory, now)
    : examineHub(directory, now);
}

async function examineSite(directory: string, now: Date): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  const site = await attempt(found, "configuration", () => readSite(directory));
  if (site) {
    found.push(fine("configuration", `site.yaml is that of ${site.site}`));
    const profile = await attempt(found, "configuration", () => readPrivacyProfile(site.privacy));
    await examineMapping(found, site);
    const keys = await attempt(found, "keys", () =>
      readSiteKeys(site.keysDirectory, { site: site.site, env: {} }),
    );
    if (keys) {
      found.push(fine("keys", `keys are there; the token key is ${keys.tokenKeyFingerprint}`));
      await examineKeyMode(found, site.keysDirectory);
      if (profile) await examineBroker(found, site, { keys, profile });
    }
    const source = await attempt(found, "export", () => listExport(site));
    if (source) found.push(fine("export", `${source.files.length} file(s) of ${site.format}`));
    if (source) await examineClock(found, now, site, source.files);
  }
  await examineCatalogue(found, directory, site ?? null);
  await examineDisk(found, directory);
  // Only Linux tells.
  const limits = ownLimits();
  if (limits !== null) found.push(coreDumps(limits));
  await examineRows(found, directory, "no store yet: the first night makes it");
  return found;
}

async function examineBroker(
  found: Diagnosis[],
  site: Site,
  { keys, profile }: { keys: SiteKeys; profile: PrivacyProfile },
): Promise<void> {
  if (!site.linkage.bloom_filters) return;
  await attempt(found, "keys", async () => checkBroker(site, keys, profile));
  const { warning } = await readBloomRecipe();
  const text = "Bloom filters are made for a linkage broker";
  found.push({ area: "configuration", state: "warning", text, hint: warning });
}

async function examineHub(directory: string, now: Date): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  const hub = await attempt(found, "configuration", () => readHub(directory));
  if (hub) {
    found.push(fine("configuration", `hub.yaml lists ${hub.sites.length} site(s)`));
    if (hub.sites.length === 0)
      found.push({
        area: "configuration",
        state: "warning",
        text: "no site may submit",
        hint: "add the lines that propool init site printed to hub.yaml",
      });
  }
  if (now.getFullYear() < 2024) found.push(wrongClock(now));
  await examineCatalogue(found, directory, null);
  await examineDisk(found, directory);
  await examineRows(found, directory, "no warehouse yet: propool pool makes it");
  return found;
}

/** Runs one examination; a refusal becomes a diagnosis. */
async function attempt<T>(
  found: Diagnosis[],
  area: Diagnosis["area"],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProError)) throw error;
    found.push({
      area,
      state: "error",
      text: error.message,
      where: whereText(error.where),
      hint: error.hint,
    });
    return undefined;
  }
}

const fine = (area: Diagnosis["area"], text: string): Diagnosis => ({ area, state: "ok", text });

async function examineMapping(found: Diagnosis[], site: Site): Promise<void> {
  const { format, mappingFile } = site;
  if (format !== "csv") return;
  if (!mappingFile) {
    found.push({
      area: "mappings",
      state: "error",
      text: "a CSV site needs a mapping",
      hint: "write mapping.yaml; propool suggest drafts one",
    });
    return;
  }
  const mapping = await attempt(found, "mappings", () => readCsvMapping(mappingFile));
  if (mapping) found.push(fine("mappings", "mapping.yaml can be read"));
}

async function examineKeyMode(found: Diagnosis[], directory: string): Promise<void> {
  const { mode } = await stat(directory);
  if ((mode & 0o077) !== 0)
    found.push({
      area: "keys",
      state: "warning",
      text: "others on this machine may look into the keys folder",
      where: directory,
      hint: `chmod 700 ${directory}`,
    });
}

/** Ours and the site's own instruments and crosswalks, each thing that is wrong with them. */
async function examineCatalogue(
  found: Diagnosis[],
  directory: string,
  site: Site | null,
): Promise<void> {
  const own = ownInstruments(directory);
  const catalogue = await attempt(found, "catalogue", () => readCatalogue(undefined, own));
  if (!catalogue) return;
  const findings = checkInstruments(catalogue);
  for (const { file, pointer, problem } of findings)
    found.push({
      area: "catalogue",
      state: "error",
      text: problem,
      where: whereText({ file, pointer }),
    });
  const links = await attempt(found, "catalogue", () =>
    readCrosswalks(scoresOf(catalogue), ownCrosswalks(directory)),
  );
  const unknown = (site?.crosswalks ?? []).filter((id) => !links?.some((link) => link.id === id));
  for (const id of links ? unknown : [])
    found.push({
      area: "catalogue",
      state: "error",
      text: `crosswalks names ${id}, which is not known`,
      where: "site.yaml",
      hint: `known: ${links?.map((link) => link.id).join(", ")}`,
    });
  if (findings.length === 0)
    found.push(
      fine(
        "catalogue",
        `${catalogue.instruments.length} instruments, ${catalogue.own.size} of them your own; ${links?.length ?? 0} crosswalks`,
      ),
    );
}

async function examineDisk(found: Diagnosis[], directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  found.push(
    free >= DISK_MIN
      ? fine("disk", text)
      : {
          area: "disk",
          state: "warning",
          text,
          where: directory,
          hint: "a night needs room for the old store, the new one and what does not fit into memory",
        },
  );
}

/**
 * Whether a crash would write memory, in which patients' rows are, to a disk: propool switches that off where it can as it starts.
 *
 * `limits` is /proc/self/limits.
 */
export function coreDumps(limits: string): Diagnosis {
  if (coreLimit(limits) === "0") return fine("machine", "a crash writes no memory to disk");
  return {
    area: "machine",
    state: "warning",
    text: "a crash may write the memory of a night, with patients' rows, to disk (core dump)",
    hint: "ulimit -c 0 before the night starts, or LimitCORE=0 in its systemd unit",
  };
}

/** A clock that is behind puts today's answers into the future, where they are quarantined. */
async function examineClock(
  found: Diagnosis[],
  now: Date,
  { exportDirectory }: Site,
  files: readonly string[],
): Promise<void> {
  const times = await Promise.all(
    files.map(async (file) => (await stat(join(exportDirectory, file))).mtimeMs),
  );
  const ahead = times.reduce((a, b) => Math.max(a, b), 0) - now.getTime();
  if (now.getFullYear() < 2024 || ahead > 24 * 3600 * 1000) found.push(wrongClock(now));
  else found.push(fine("clock", now.toISOString().slice(0, 10)));
}

const wrongClock = (now: Date): Diagnosis => ({
  area: "clock",
  state: "error",
  text: `this machine believes that today is ${now.toISOString().slice(0, 10)}, before its own files were written`,
  hint: "set the clock; answers of a day that has not come are quarantined",
});

async function examineRows(found: Diagnosis[], directory: string, none: string): Promise<void> {
  try {
    const { queryable } = await openRows(directory);
    const [row] = await queryable.all<{ n: string }>(
      "SELECT CAST(count(*) AS VARCHAR) AS n FROM pro_collection",
    );
    await queryable.close();
    found.push(fine("database", `opens; ${row?.n ?? 0} administrations`));
  } catch (error) {
    if (!(error instanceof ProError)) throw error;
    const isNew = error.code === "WAREHOUSE_MISSING" || error.code === "WAREHOUSE_UNPUBLISHED";
    found.push({
      area: "database",
      state: isNew ? "ok" : "error",
      text: isNew ? none : error.message,
      where: isNew ? undefined : whereText(error.where),
      hint: isNew ? undefined : error.hint,
    });
  }
}
