import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createAgeKey, decryptToBytes } from "../../pipelines/core/age.ts";
import { CANARY, canaryPlaces, plantedExport } from "./canaries.ts";
import { propool, startPropoolIn, type Told } from "./command.ts";
import { type Format, siteIn, type TestSite } from "./site.ts";

const BROKER_KEY = await createAgeKey();

export const TODAY = ["--today", "2024-06-01"];

/** A site with everything that may leave switched on, whose export has a canary in every field that can hold text; `count` of them. */
export async function plantedSite(
  directory: string,
  format: Format,
  id: string,
): Promise<{ site: TestSite; count: number }> {
  const site = await siteIn(directory, format, { id });
  await propool("keys", "new", site.directory, "--linkage");
  const broker = `linkage: { bloom_filters: { broker: ${BROKER_KEY.recipient} } }\n`;
  await appendFile(site.path("site.yaml"), broker);
  const { files, count } = plantedExport(format);
  await rm(site.path("export"), { recursive: true });
  await mkdir(site.path("export"));
  for (const [name, content] of Object.entries(files))
    await site.write(name === "mapping.yaml" ? name : join("export", name), content);
  await appendFile(site.path("site.yaml"), STEWARDS);
  if (format === "csv") await appendFile(site.path("mapping.yaml"), "# Zqsteward of the mapping\n");
  return { site, count };
}

/** What a steward may write down of somebody: a comment, a word of the source, why a finding is known. */
const STEWARDS = `
# Zqsteward called about her mother
words:
  sex: { Zqsteward: F }
quality:
  acknowledged:
    - { check: PRO 3.04, reason: Zqsteward asked for it, until: 2030-01-01 }
reviewed: { name: Zqsteward, date: 2024-01-01 }
`;

/** Starts a night of its own process, whose temporary files go to `scratch`; it tells all it can, and a name is in its environment. */
export function startNight(site: TestSite, scratch: string): ReturnType<typeof startPropoolIn> {
  const env = { TMPDIR: scratch, PROPOOL_DEBUG: "1", PATIENT: "Zqcanary0000x" };
  return startPropoolIn(env, "run", site.directory, ...TODAY);
}

/** What the linkage broker reads of a site. */
export async function openedByBroker(site: TestSite, id: string): Promise<string> {
  const bytes = await decryptToBytes(site.path(`broker/${id}-clk.csv.age`), BROKER_KEY.identity);
  return Buffer.from(bytes).toString("utf8");
}

const isInput = (file: string) => /^(export|identified)\//.test(file);

/** Where canaries stand though they must not: in the site's folder outside of its input, in what was printed, in temporary files. */
export async function hits(
  site: TestSite,
  scratch: string,
  told: readonly Told[],
): Promise<string[]> {
  const { places } = await canaryPlaces(site.directory, isInput);
  const printed = told.filter(({ out, err }) => `${out}${err}`.toLowerCase().includes(CANARY));
  const temporary = await canaryPlaces(scratch, () => false);
  return [...places, ...printed.map(() => "printed"), ...temporary.places];
}
