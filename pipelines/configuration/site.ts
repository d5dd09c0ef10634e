import { isAbsolute, join, normalize, resolve } from "node:path";
import { z } from "zod";
import { AGE_RECIPIENT } from "../core/age-recipient.ts";
import { ProError } from "../core/errors.ts";
import { refuseOtherFolder } from "./folder.ts";
import { qualitySchema } from "./quality.ts";
import { readYaml } from "./read-yaml.ts";

const INSIDE = "a path inside the site's folder";

const relativePath = z
  .string()
  .min(1)
  .refine((path) => !isAbsolute(path) && !normalize(path).startsWith(".."), {
    error: `must be ${INSIDE}`,
  });

const ageRecipient = z
  .string()
  .regex(AGE_RECIPIENT, "must be an age key: age1 and 58 letters or digits");

/** The word lists of a site: the source's own word on the left, the CDM's code on the right. */
export const wordLists = z.strictObject({
  sex: z.record(z.string(), z.string()).optional(),
  race: z.record(z.string(), z.string()).optional(),
  hispanic: z.record(z.string(), z.string()).optional(),
  enc_type: z.record(z.string(), z.string()).optional(),
  pro_method: z.record(z.string(), z.string()).optional(),
  pro_mode: z.record(z.string(), z.string()).optional(),
  pro_source: z.record(z.string(), z.string()).optional(),
  channel: z.record(z.string(), z.string()).optional(),
  setting: z.record(z.string(), z.string()).optional(),
  status: z.record(z.string(), z.enum(["complete", "incomplete", "unknown"])).optional(),
  device: z.record(z.string(), z.string()).optional(),
  unit: z.record(z.string(), z.string()).optional(),
  consent: z.record(z.string(), z.enum(["permit", "deny"])).optional(),
  consent_purpose: z
    .record(z.string(), z.enum(["research", "quality-improvement", "surveillance"]))
    .optional(),
});
export type WordLists = z.infer<typeof wordLists>;

/** Who approved a file of a site and when: what changes later is asked about again. */
export const reviewed = z
  .union(
    [
      z.strictObject({
        name: z.string().min(1).describe("who approved it"),
        date: z.iso.date().describe("when: YYYY-MM-DD"),
      }),
      z.string(),
    ],
    { error: "must be { name: …, date: YYYY-MM-DD }, or null: nobody yet" },
  )
  .nullable()
  .default(null)
  .describe("who approved this file and when; null: nobody yet");

const localCode = z.strictObject({
  code: z.string().describe("the site's own code, as it stands in the export"),
  system: z.string().optional().describe("its code system; left out: any"),
  instrument: z.string().describe("catalogue id, such as phq-9"),
  item: z.string().describe("item or score id of that instrument, such as PHQ9_1 or total"),
});
export type LocalCode = z.infer<typeof localCode>;

const observationCode = z.strictObject({
  code: z.string().describe("the code of what is measured: 29463-7 for body weight"),
  system: z.string().default("http://loinc.org").describe("its code system"),
  table: z.enum(["obs_clin", "obs_gen"]).describe("where it loads"),
  source: z
    .enum(["PD", "PR"])
    .optional()
    .describe(
      "what holds where the export does not say who measured: PD the patient's device, PR the patient",
    ),
});
export type ObservationCode = z.infer<typeof observationCode>;

function isZone(zone: string): boolean {
  try {
    return zone.includes("/") && new Intl.DateTimeFormat("en", { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}

export const siteSchema = z.strictObject({
  site: z
    .string()
    .regex(/^[A-Z0-9]{1,10}$/, "must be 1 to 10 capital letters or digits (HARVEST.DATAMARTID)")
    .describe("the site's id in the network (DATAMARTID)"),
  name: z
    .string()
    .min(1)
    .max(20)
    .describe("the site's name, at most 20 characters (DATAMART_NAME)"),
  network: z.string().min(1).max(10).describe("the network's id (NETWORKID)"),
  network_name: z.string().max(20).optional().describe("the network's name (NETWORK_NAME)"),
  format: z.enum(["fhir", "ccda", "csv"]).describe("what the export folder holds"),
  export: relativePath.default("export").describe("folder with the export's files"),
  mapping: relativePath.optional().describe("mapping file; needed for csv"),
  mode: z
    .enum(["centralized", "distributed"])
    .default("centralized")
    .describe(
      "centralized: de-identified rows go to the hub; distributed: only study summaries leave",
    ),
  privacy: z.string().default("shifted").describe("privacy profile: a file of mappings/privacy"),
  hub_key: ageRecipient
    .optional()
    .describe(
      "the hub's public key, to which submissions are encrypted; without it nothing is sent",
    ),
  defaults: z
    .strictObject({
      pro_method: z.enum(["PA", "EC", "PH", "IV", "NI", "UN", "OT"]).optional(),
      pro_mode: z.enum(["SF", "SA", "PR", "PA", "NI", "UN", "OT"]).optional(),
      pro_source: z.enum(["OD", "BI", "CL", "SR", "DR", "NI", "UN", "OT"]).optional(),
      setting: z.enum(["clinic", "home"]).optional(),
      language: z.string().optional(),
    })
    .default({})
    .describe("what holds where the source is silent; rows carry the origin assumed"),
  words: wordLists
    .default({})
    .describe("the source's words for coded fields, beside the format's own"),
  instruments: z
    .array(z.string())
    .default([])
    .describe(
      "instruments that load though nobody reports an outcome with them: glasgow-coma, bims",
    ),
  crosswalks: z
    .array(z.string())
    .default([])
    .describe(
      "links that make further scores of the measured ones, on the scale of another instrument: phq-9-to-promis-depression; they are rows of their own, and no query and no study uses them unless it says so",
    ),
  unfinished: z
    .enum(["leave", "load"])
    .default("leave")
    .describe(
      "questionnaires that were begun and not finished (in-progress, stopped): leave them out of scope, or load them as incomplete",
    ),
  time_zone: z
    .string()
    .refine((zone) => isZone(zone), { error: "must be a zone of the IANA list: America/Denver" })
    .optional()
    .describe(
      "where the site's clocks stand (IANA: America/Denver); for times that say no offset, which are compared with times that do",
    ),
  observations: z
    .array(observationCode)
    .default([])
    .describe(
      "what patients measure themselves (steps, weight, blood pressure at home) that loads",
    ),
  ccda: z
    .strictObject({
      narrative: z
        .boolean()
        .default(true)
        .describe("read items from a section's text table where only the total is coded"),
    })
    .prefault({})
    .describe("how C-CDA documents are read"),
  consent: z
    .strictObject({
      rule: z
        .enum(["opt-out", "opt-in"])
        .default("opt-out")
        .describe("opt-out: everybody but who refused; opt-in: only who agreed"),
      purpose: z
        .enum(["research", "quality-improvement", "surveillance"])
        .default("research")
        .describe("what this network is for; statements about another purpose do not count"),
      list: relativePath
        .optional()
        .describe("a CSV file with patient_key, decision, purpose, decided_at"),
    })
    .prefault({})
    .describe("whose data may be used: FHIR Consent, a column (consent), and a list decide"),
  linkage: z
    .strictObject({
      project: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,40}$/, "must be 1 to 40 letters, digits, dots and hyphens")
        .optional()
        .describe("the project whose sites share the linkage key; left out: the network's id"),
      epoch: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,20}$/, "must be 1 to 20 letters, digits, dots and hyphens")
        .default("1")
        .describe("counted up together at all sites to make new linkage tokens"),
      bloom_filters: z
        .strictObject({
          broker: ageRecipient.describe(
            "the linkage broker's public key (age1…): somebody else than the hub",
          ),
        })
        .optional()
        .describe(
          "a Bloom filter of each person for a linkage broker, never for the hub; left out: none. Every standard encoding has been broken: propool explain clk says more",
        ),
    })
    .prefault({})
    .describe("linkage tokens (HASH_TOKEN), made where keys/linkage.key is"),
  reviewed,
  codes: z
    .array(localCode)
    .default([])
    .describe("local item codes that a data steward has approved"),
  quality: qualitySchema.prefault({}).describe("how the data checks are judged at this site"),
});
export type SiteConfiguration = z.infer<typeof siteSchema>;

/** A site's folder and what is where in it. */
export interface Site extends SiteConfiguration {
  directory: string;
  exportDirectory: string;
  mappingFile: string | null;
  /** The site's own list of consents. */
  consentFile: string | null;
  /** Identified working files; 0700, removed after every run. */
  identifiedDirectory: string;
  storeFile: string;
  outboxDirectory: string;
  /** Bloom filters for the linkage broker: not in the outbox, which goes to the hub. */
  brokerFile: string;
  reportsDirectory: string;
  keysDirectory: string;
}

/** The project and epoch of the site's linkage tokens. */
export function linkageScope({ linkage, network }: SiteConfiguration): {
  project: string;
  epoch: string;
} {
  return { project: linkage.project ?? network, epoch: linkage.epoch };
}

/** @throws ProError `CONFIG_SITE` with file, line and key. */
export async function readSite(directory: string): Promise<Site> {
  const root = resolve(directory);
  await refuseOtherFolder(root, "site");
  const configuration = await readYaml(join(root, "site.yaml"), siteSchema, "CONFIG_SITE");
  if (configuration.format === "csv" && !configuration.mapping) {
    throw new ProError("CONFIG_SITE", "a csv site needs a mapping", {
      where: { file: join(root, "site.yaml"), pointer: "mapping" },
      hint: "name the mapping file that propool init wrote: mapping: mapping.yaml",
    });
  }
  refuseBroker(configuration, join(root, "site.yaml"));
  return {
    ...configuration,
    directory: root,
    exportDirectory: join(root, configuration.export),
    mappingFile: configuration.mapping ? join(root, configuration.mapping) : null,
    consentFile: configuration.consent.list ? join(root, configuration.consent.list) : null,
    identifiedDirectory: join(root, "identified"),
    storeFile: join(root, "store", "store.duckdb"),
    outboxDirectory: join(root, "outbox"),
    brokerFile: join(root, "broker", `${configuration.site}-clk.csv.age`),
    reportsDirectory: join(root, "reports"),
    keysDirectory: join(root, "keys"),
  };
}

/** The hub has everybody's rows: with their Bloom filters it could try names. A distributed site lets nobody's row out. */
function refuseBroker({ linkage, hub_key, mode }: SiteConfiguration, file: string): void {
  if (!linkage.bloom_filters) return;
  const refuse = (message: string, hint: string) => {
    const pointer = "linkage.bloom_filters";
    throw new ProError("CONFIG_SITE", message, { where: { file, pointer }, hint });
  };
  if (linkage.bloom_filters.broker === hub_key)
    refuse(
      "the linkage broker is the hub",
      "the broker must be somebody else, with an age key of their own: filters and rows in one hand can be turned into names",
    );
  if (mode === "distributed")
    refuse(
      "a distributed site sends nothing of single people, and so no Bloom filters",
      "take bloom_filters out, or set mode: centralized",
    );
}
