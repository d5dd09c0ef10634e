import { createHmac } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { linkageScope, type Site } from "./configuration/site.ts";
import { encryptFile } from "./core/age.ts";
import { ProError } from "./core/errors.ts";
import { privateDirectory, publish, unfinished } from "./core/files.ts";
import {
  type BloomRecipe,
  bloomFilter,
  CLK_RECIPE,
  flipBits,
  keyedPositions,
  neededParts,
  readBloomRecipe,
} from "./privacy/bloom-filter.ts";
import { LINKAGE_KEY, type SiteKeys } from "./privacy/keys.ts";
import { type LinkageKey, LOADED_PEOPLE, linkageKey, partsSql } from "./privacy/linkage.ts";
import type { PrivacyProfile } from "./privacy/profile.ts";
import { purposeKey, tokenSql } from "./privacy/tokens.ts";

/** Tonight's people for the linkage broker. */
export interface Filters {
  people: number;
  /** Of whom no filter is made, because a part is missing or a dummy. */
  without: number;
  /** What is known against such filters, as the recipe says it. */
  warning: string;
}

export interface DraftedFilters {
  told: Filters;
  /** The readable file, in the identified folder: for the leak audit, gone after the night. */
  file: string;
}

/**
 * Finds out before the night whether a broker's file can be made at all. Who gets it, `readSite` has checked.
 *
 * @throws ProError `CONFIG_KEY` without a linkage key, `CONFIG_SITE` under a profile that lets no linkage token out.
 */
export function checkBroker(site: Site, keys: SiteKeys, profile: PrivacyProfile): void {
  if (!site.linkage.bloom_filters) return;
  if (!keys.linkageMaster)
    throw new ProError("CONFIG_KEY", "Bloom filters need the project's linkage key", {
      where: { file: join(site.keysDirectory, LINKAGE_KEY) },
      hint: "propool keys receive takes over the one that another site made, propool keys new --linkage makes it",
    });
  const tokens = Object.entries(profile.tables.hash_token ?? {});
  if (tokens.every(([, one]) => one === "drop"))
    throw new ProError("CONFIG_SITE", `the profile ${profile.profile} lets no linkage token out`, {
      where: { file: join(site.directory, "site.yaml"), pointer: "linkage.bloom_filters" },
      hint: "a Bloom filter says more than a token: take the lines out, or agree on another profile",
    });
}

/**
 * Writes the Bloom filters of tonight's people as a readable file: site, PATID, encoding and filter, in the order of PATID. Null where
 * the site names no broker. The file is a function of the people and the keys: a night that is repeated says nothing new.
 *
 * TypeScript makes them: one row a person, and off unless somebody asks for it.
 *
 * In: `mapped_patient`, `cdm_demographic`, `token_key`, the macros of `createNormalisers`.
 */
export async function draftFilters(
  db: DuckDb,
  { site, keys }: { site: Site; keys: SiteKeys },
): Promise<DraftedFilters | null> {
  if (!site.linkage.bloom_filters || !keys.linkageMaster) return null;
  const recipe = await readBloomRecipe();
  const encode = createEncoder(recipe, {
    linkage: linkageKey(keys.linkageMaster, linkageScope(site), CLK_RECIPE),
    // The first key survives rotations, and no other site has it: nobody else can take the noise off, and no rotation draws it anew.
    noiseKey: purposeKey(keys.tokenKeys[0] ?? new Uint8Array(), "clk-noise"),
  });
  let people = 0;
  async function* lines() {
    yield "site,patid,encoding,filter\n";
    for await (const chunk of db.chunks(wholePeopleSql(recipe))) {
      people += chunk.length;
      yield chunk.map((row) => `${site.site},${encode(row.map(String))}\n`).join("");
    }
  }
  const file = join(site.identifiedDirectory, basename(site.brokerFile, ".age"));
  await writeFile(file, lines(), { mode: 0o600 });
  const { all } = await db.one<{ all: number }>(
    `SELECT CAST(count(*) AS DOUBLE) AS all FROM (${LOADED_PEOPLE})`,
  );
  return { file, told: { people, without: all - people, warning: recipe.warning } };
}

/** The query of the people of whom no part is missing: the source's own key, PATID, and the parts in the order of `neededParts`. */
export function wholePeopleSql(recipe: BloomRecipe): string {
  const parts = neededParts(recipe);
  return `SELECT patid, ${tokenSql("patid", "patid")} AS token, ${parts.join(", ")}
FROM (${partsSql(LOADED_PEOPLE)})
WHERE ${parts.map((part) => `${part} IS NOT NULL`).join(" AND ")}
ORDER BY token`;
}

/** Turns a row of `wholePeopleSql` into PATID, encoding and filter. */
function createEncoder(
  recipe: BloomRecipe,
  { linkage, noiseKey }: { linkage: LinkageKey; noiseKey: Uint8Array },
): (row: readonly string[]) => string {
  const parts = neededParts(recipe);
  const positions = keyedPositions(linkage.key, recipe.length);
  const encoding = `"${linkage.name.replaceAll('"', '""')}"`;
  return ([person, patid, ...values]) => {
    const of = Object.fromEntries(parts.map((part, i) => [part, values[i] ?? ""]));
    const seed = createHmac("sha256", noiseKey).update(`${linkage.name}\0${person}`).digest();
    const filter = bloomFilter(of, recipe, positions(of[recipe.salt] ?? ""));
    const noisy = flipBits(filter, seed, recipe.flip_probability);
    return [patid, encoding, Buffer.from(noisy).toString("base64")].join(",");
  };
}

/** Encrypts a drafted file to the broker, in the place of last night's; what lies there goes where nothing is made any more. */
export async function publishFilters(site: Site, drafted: DraftedFilters | null): Promise<void> {
  const { broker } = site.linkage.bloom_filters ?? {};
  if (!drafted || !broker) return rm(site.brokerFile, { force: true });
  await privateDirectory(dirname(site.brokerFile));
  const file = unfinished(site.brokerFile);
  await encryptFile(drafted.file, file, broker);
  await publish(file, site.brokerFile);
}
