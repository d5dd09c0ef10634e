import { join } from "node:path";
import type { Catalogue } from "../catalogue/read.ts";
import type { WordLists } from "../configuration/site.ts";
import { ProError } from "../core/errors.ts";
import { writeWhole } from "../core/files.ts";
import { writeCcdaSite } from "./ccda-site.ts";
import { csvMappingText } from "./csv-mapping.ts";
import { writeCsvSite } from "./csv-site.ts";
import { type PlantedDefect, PlantedDefects, plantDefects } from "./defects.ts";
import { writeFhirSite } from "./fhir-site.ts";
import { prepareFolder } from "./folder.ts";
import { drawPopulation, type Patient, type SiteId } from "./population.ts";
import { createRandom } from "./random.ts";

export interface DemoSite {
  site: SiteId;
  name: string;
  format: "fhir" | "ccda" | "csv";
  /** The site's folder; its export is in `export/`. */
  directory: string;
  /** People of the site. */
  people: number;
  /** Administrations before any defect: those in broken records count once, a second delivery does not count. */
  administrations: number;
  /** Source records written: NDJSON lines, documents or CSV rows without header, second deliveries included. */
  records: number;
  /** The site's own words for coded fields, for its `site.yaml`. */
  words: WordLists;
}

export interface DemoNetwork {
  sites: DemoSite[];
  defects: PlantedDefect[];
  /** People who attend two of the sites. */
  sharedPeople: number;
}

export interface DemoRequest {
  /** The same seed writes the same bytes, on every platform. */
  seed: number | string;
  /** 1 is 2,000 people with about 10,000 administrations; at least 0.05, below which the defects do not fit. Default 1. */
  scale?: number;
  /** Instruments that the people answer. */
  catalogue: Catalogue;
}

const SITES = {
  RIVER: { name: "River Clinic", format: "fhir", folder: "river-clinic", words: {} },
  HARBOR: { name: "Harbor Hospital", format: "ccda", folder: "harbor-hospital", words: {} },
  SUMMIT: {
    name: "Summit Health",
    format: "csv",
    folder: "summit-health",
    words: {
      sex: { 1: "M", 2: "F" },
      race: {
        White: "05",
        "Black or African American": "03",
        Asian: "02",
        "American Indian or Alaska Native": "01",
        "Native Hawaiian or Other Pacific Islander": "04",
        Declined: "07",
      },
      hispanic: { Hispanic: "Y", "Not Hispanic": "N" },
      pro_method: { portal: "EC", tablet: "EC", paper: "PA", phone: "PH" },
      pro_mode: { self: "SF", helped: "SA", proxy: "PR" },
      status: { 2: "complete", 0: "incomplete" },
    },
  },
} as const satisfies Record<
  SiteId,
  { name: string; format: DemoSite["format"]; folder: string; words: WordLists }
>;

/**
 * Writes the exports of an invented network of three sites, with planted defects, below a folder: `river-clinic/`,
 * `harbor-hospital/` and `summit-health/` (which gets its `mapping.yaml` too). Site configuration and keys are left to `init`.
 *
 * @throws ProError `CONFIG_NOT_EMPTY` when the folder holds anything that an earlier demo did not make; `USAGE_SCALE`.
 */
export async function generateNetwork(
  directory: string,
  { seed, scale = 1, catalogue }: DemoRequest,
): Promise<DemoNetwork> {
  if (!(scale >= 0.05 && scale <= 100)) {
    throw new ProError("USAGE_SCALE", "the scale of the demo must be from 0.05 to 100", {
      hint: "1 is 2,000 people with about 10,000 administrations",
    });
  }
  await prepareFolder(
    directory,
    Object.values(SITES).map(({ folder }) => folder),
  );
  const random = createRandom(`propool demo ${seed}`);
  const population = drawPopulation(catalogue, random, scale);
  plantDefects(population, random.fork("defects"));
  const planted = new PlantedDefects();
  const sites: DemoSite[] = [];
  for (const { site, patients } of population.sites) {
    const { folder, ...known } = SITES[site];
    const root = join(directory, folder);
    const records = await writeSite(site, root, patients, catalogue, planted);
    sites.push({
      ...known,
      site,
      directory: root,
      people: patients.length,
      administrations: patients
        .flatMap(({ visits }) => visits)
        .reduce((sum, { administrations }) => sum + administrations.length, 0),
      records,
    });
  }
  return { sites, defects: planted.list(), sharedPeople: population.sharedPeople };
}

async function writeSite(
  site: SiteId,
  root: string,
  patients: readonly Patient[],
  catalogue: Catalogue,
  planted: PlantedDefects,
): Promise<number> {
  const exported = join(root, "export");
  switch (site) {
    case "RIVER":
      return writeFhirSite(exported, patients, catalogue, planted);
    case "HARBOR":
      return writeCcdaSite(exported, patients, planted);
    case "SUMMIT": {
      const records = await writeCsvSite(exported, patients, catalogue, planted);
      await writeWhole(join(root, "mapping.yaml"), csvMappingText(catalogue));
      return records;
    }
    default:
      return site satisfies never;
  }
}
