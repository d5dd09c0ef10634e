import type { Patient, Population, SiteId } from "./population.ts";
import type { Random } from "./random.ts";
import type { Administration, Visit } from "./visits.ts";

export const DEFECTS = [
  "malformed line",
  "broken XML file",
  "unmapped local code",
  "answer out of range",
  "wrong total",
  "birth date in the future",
  "duplicate delivery",
  "identifier in free text",
] as const;
export type DefectName = (typeof DEFECTS)[number];

/** The code that RIVER uses for one PHQ-9 item and nobody has mapped. */
export const LOCAL_CODE = { item: "PHQ9_4", code: "LOCAL-PHQ-ENERGY" } as const;
/** No PHQ-9 item has this answer. */
export const OUT_OF_RANGE = { item: "PHQ9_2", value: 7 } as const;

export interface Place {
  /** Relative to the export folder. */
  file: string;
  /** `line 12`, counted from 1 with the header; absent where the whole file is meant. */
  record?: string;
}

/** What was planted at one site, and where. */
export interface PlantedDefect {
  name: DefectName;
  site: SiteId;
  planted: number;
  places: Place[];
}

interface Planting {
  name: DefectName;
  site: SiteId;
  count: number;
  /** Marks a patient, or something of theirs, and returns true; false where they do not fit. */
  plant: (patient: Patient, random: Random) => boolean;
}

const PLANTINGS: readonly Planting[] = [
  {
    name: "malformed line",
    site: "RIVER",
    count: 4,
    plant: inResponse("malformed line", () => true),
  },
  {
    name: "broken XML file",
    site: "HARBOR",
    count: 2,
    plant: inVisit("broken XML file", () => true),
  },
  {
    name: "unmapped local code",
    site: "RIVER",
    count: 6,
    plant: inResponse(
      "unmapped local code",
      (one) => one.instrument.id === "phq-9" && isComplete(one),
    ),
  },
  {
    name: "answer out of range",
    site: "SUMMIT",
    count: 5,
    plant: inVisit("answer out of range", (visit) => hasComplete(visit, "phq-9")),
  },
  { name: "wrong total", site: "RIVER", count: 12, plant: plantWrongTotal },
  { name: "wrong total", site: "HARBOR", count: 12, plant: plantWrongTotal },
  { name: "wrong total", site: "SUMMIT", count: 12, plant: plantWrongTotal },
  { name: "birth date in the future", site: "RIVER", count: 2, plant: plantBirthDate },
  { name: "birth date in the future", site: "SUMMIT", count: 3, plant: plantBirthDate },
  {
    name: "duplicate delivery",
    site: "RIVER",
    count: 6,
    plant: inResponse("duplicate delivery", () => true),
  },
  {
    name: "duplicate delivery",
    site: "HARBOR",
    count: 4,
    plant: inVisit("duplicate delivery", () => true),
  },
  {
    name: "identifier in free text",
    site: "RIVER",
    count: 3,
    plant: inResponse(
      "identifier in free text",
      (one) => one.instrument.id === "phq-9" && isComplete(one),
    ),
  },
  {
    name: "identifier in free text",
    site: "SUMMIT",
    count: 5,
    plant: inVisit("identifier in free text", (visit) => hasComplete(visit, "phq-9")),
  },
];

/**
 * Marks the population with defects, each in another patient, so that none hides another and the counts are exact. People who attend two
 * sites are left alone.
 */
export function plantDefects(population: Population, random: Random): void {
  for (const { name, site, count, plant } of PLANTINGS) {
    const source = random.fork(`${site} ${name}`);
    const patients = population.sites.find((one) => one.site === site)?.patients ?? [];
    let left = count;
    for (const patient of source.shuffle(patients)) {
      if (left === 0) break;
      if (patient.defect || patient.shared || !plant(patient, source)) continue;
      patient.defect = name;
      left--;
    }
  }
}

/** Collects where the writers put the marked defects. */
export class PlantedDefects {
  readonly #found = new Map<string, PlantedDefect>();

  add(name: DefectName, site: SiteId, place: Place): void {
    const key = `${name}|${site}`;
    const entry = this.#found.get(key) ?? { name, site, planted: 0, places: [] };
    entry.planted++;
    entry.places.push(place);
    this.#found.set(key, entry);
  }

  /** In the order of `DEFECTS`, then of the sites. */
  list(): PlantedDefect[] {
    const all = [...this.#found.values()];
    return DEFECTS.flatMap((name) => all.filter((one) => one.name === name));
  }
}

/** A plant that marks one of the patient's administrations with items. */
function inResponse(name: DefectName, fits: (one: Administration) => boolean): Planting["plant"] {
  return (patient, random) => {
    const chosen = one(responses(patient).filter(fits), random);
    if (chosen) chosen.defect = name;
    return chosen !== undefined;
  };
}

/** A plant that marks one of the patient's visits: a document or a row. */
function inVisit(name: DefectName, fits: (visit: Visit) => boolean): Planting["plant"] {
  return (patient, random) => {
    const chosen = one(patient.visits.filter(fits), random);
    if (chosen) chosen.defect = name;
    return chosen !== undefined;
  };
}

/** The reported total is 2 to 4 away from the sum of its items, and possible. */
function plantWrongTotal(patient: Patient, random: Random): boolean {
  const chosen = one(
    responses(patient).filter((each) => each.scores.has("total") && isComplete(each)),
    random,
  );
  if (!chosen) return false;
  const right = chosen.scores.get("total") ?? 0;
  const away = random.between(2, 4);
  const [, max] = chosen.instrument.scores[0]?.range ?? [0, 0];
  chosen.scores.set("total", right + away <= max ? right + away : right - away);
  chosen.defect = "wrong total";
  return true;
}

/** A year of birth of two digits that was read into the wrong century. */
function plantBirthDate(patient: Patient): boolean {
  const year = Number(patient.birthDate.slice(0, 4));
  if (year < 1950 || year > 1985) return false;
  patient.birthDate = `${year + 100}${patient.birthDate.slice(4)}`;
  return true;
}

function responses(patient: Patient): Administration[] {
  return patient.visits.flatMap((visit) => visit.administrations).filter((each) => !each.totalOnly);
}

function hasComplete(visit: Visit, instrument: string): boolean {
  return visit.administrations.some(
    (each) => each.instrument.id === instrument && isComplete(each),
  );
}

function isComplete({ answers }: Administration): boolean {
  return [...answers.values()].every((value) => value !== null);
}

function one<T>(list: readonly T[], random: Random): T | undefined {
  return list.length > 0 ? random.pick(list) : undefined;
}
