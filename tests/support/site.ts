import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initSite } from "../../pipelines/init.ts";
import { exportFiles } from "./site-export.ts";
import { HUB_KEY } from "./submission.ts";

/** An invented person of a test site; every field but the sex identifies. */
export interface Person {
  key: string;
  family: string;
  given: string;
  birth: string;
  sex: "female" | "male";
  mrn: string;
  phone: string;
  email: string;
  street: string;
}

/** One PHQ-9 that one person answered. */
export interface Visit {
  id: string;
  person: string;
  /** YYYY-MM-DD. */
  day: string;
  /** Nine answers, 0 to 3. */
  answers: readonly number[];
  comment?: string;
  /** When this version of it was written; the newer one wins. */
  version?: string;
  isError?: boolean;
}

export const PEOPLE: readonly Person[] = [
  {
    key: "person-40817",
    family: "Quellmark",
    given: "Ottoline",
    birth: "1957-03-11",
    sex: "female",
    mrn: "MRN0048213",
    phone: "303-555-0148",
    email: "ottoline.q@example.org",
    street: "12 Larkspur Row",
  },
  {
    key: "person-40818",
    family: "Brandywater",
    given: "Ignatius",
    birth: "1983-11-29",
    sex: "male",
    mrn: "MRN0077501",
    phone: "303-555-0193",
    email: "iggy.brandy@example.org",
    street: "7 Mossgate Yard",
  },
  {
    key: "person-40819",
    family: "Thistlewren",
    given: "Peregrine",
    birth: "2001-07-04",
    sex: "female",
    mrn: "MRN0091144",
    phone: "303-555-0126",
    email: "pere.thistle@example.org",
    street: "401 Cindercone Drive",
  },
];

/** A written answer that names somebody and a telephone. */
export const COMMENT = "ask my neighbour Rosalind Vantongeren, 303-555-0177";

export const VISITS: readonly Visit[] = [
  {
    id: "visit-51701",
    person: "person-40817",
    day: "2024-02-05",
    answers: [1, 1, 2, 2, 0, 1, 1, 0, 0],
  },
  {
    id: "visit-51702",
    person: "person-40817",
    day: "2024-05-06",
    answers: [0, 1, 1, 1, 0, 0, 1, 0, 0],
  },
  {
    id: "visit-51703",
    person: "person-40818",
    day: "2024-02-29",
    answers: [3, 3, 2, 3, 2, 2, 3, 1, 1],
    comment: COMMENT,
  },
  {
    id: "visit-51704",
    person: "person-40819",
    day: "2024-03-14",
    answers: [0, 0, 0, 1, 0, 0, 0, 0, 0],
  },
];

/** As many different visits, some years of them, so that a night takes its time. */
export function manyVisits(count: number): Visit[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `visit-9${i}`,
    person: PEOPLE[i % PEOPLE.length]?.key ?? "",
    day: new Date(Date.UTC(2015, 0, 1) + Math.floor(i / PEOPLE.length) * 86_400_000)
      .toISOString()
      .slice(0, 10),
    answers: Array.from({ length: 9 }, (__, item) => (i * 7 + item * 5) % 4),
  }));
}

/** Every text that tells who somebody is, as an attacker would search for it. */
export const IDENTIFIERS: readonly string[] = [
  ...PEOPLE.flatMap((one) => [
    one.key,
    one.family,
    one.given,
    one.birth,
    one.birth.replaceAll("-", ""),
    one.mrn,
    one.phone,
    one.email,
    one.street,
  ]),
  COMMENT,
  "Vantongeren",
  "303-555-0177",
  ...VISITS.map(({ id }) => id),
];

export type Format = "fhir" | "ccda" | "csv";
export const FORMATS: readonly Format[] = ["fhir", "ccda", "csv"];

export interface TestSite {
  directory: string;
  path(...parts: string[]): string;
  /** Replaces the export by these people and visits. */
  deliver(people: readonly Person[], visits: readonly Visit[]): Promise<void>;
  /** Writes one file of the site's folder. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** The same site, with its keys and all that its nights left, in another folder. */
  copyTo(directory: string): Promise<TestSite>;
}

/** A folder for tests under the system's temporary one, with a way to remove it. */
export async function temporary(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "propool-test-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** A site's folder as `propool init site` makes it, with an export of the people and visits above. */
export async function siteIn(
  parent: string,
  format: Format,
  options: { id?: string; mode?: "centralized" | "distributed" } = {},
): Promise<TestSite> {
  const id = options.id ?? format.toUpperCase();
  const directory = join(parent, id.toLowerCase());
  const hub = HUB_KEY.recipient;
  await initSite(directory, { site: id, name: `Test ${format}`, network: "NET", format, hub });
  const site = siteAt(directory, format);
  if (options.mode === "distributed") await setMode(site, "distributed", { id, format });
  await site.deliver(PEOPLE, VISITS);
  return site;
}

function siteAt(directory: string, format: Format): TestSite {
  const path = (...parts: string[]) => join(directory, ...parts);
  return {
    directory,
    path,
    write: (name, content) => writeFile(path(name), content),
    async deliver(people, visits) {
      await rm(path("export"), { recursive: true, force: true });
      await mkdir(path("export"));
      for (const [name, content] of Object.entries(exportFiles(format, people, visits))) {
        await writeFile(path(name === "mapping.yaml" ? name : join("export", name)), content);
      }
    },
    async copyTo(other) {
      await cp(directory, other, { recursive: true });
      return siteAt(other, format);
    },
  };
}

async function setMode(
  site: TestSite,
  mode: string,
  { id, format }: { id: string; format: Format },
) {
  const mapping = format === "csv" ? "mapping: mapping.yaml\n" : "";
  await site.write(
    "site.yaml",
    `site: ${id}\nname: Test ${format}\nnetwork: NET\nformat: ${format}\n${mapping}mode: ${mode}\n`,
  );
}
