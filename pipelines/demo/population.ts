import type { Catalogue } from "../catalogue/read.ts";
import { isoDate } from "./calendar.ts";
import type { DefectName } from "./defects.ts";
import { createPeople, type Person } from "./people.ts";
import type { Random } from "./random.ts";
import { drawVisits, type Practice, type Track, type Visit } from "./visits.ts";

export type SiteId = "RIVER" | "HARBOR" | "SUMMIT";

/** A diagnosis in ICD-10-CM. */
export interface Diagnosis {
  number: number;
  code: string;
  label: string;
  status: "active" | "resolved";
  /** ISO date. */
  onset: string;
  recorded: string;
}

/** One person as one site knows them. */
export interface Patient {
  /** From 1, in the order of the site's files. */
  number: number;
  mrn: string;
  person: Person;
  /** As the site states it; differs from the person's own only where a defect was planted. */
  birthDate: string;
  diagnoses: Diagnosis[];
  visits: Visit[];
  /** Attends another site of the network too. */
  shared: boolean;
  defect?: DefectName;
}

export interface SitePopulation {
  site: SiteId;
  patients: Patient[];
}

interface Plan extends Practice {
  people: number;
  mrn: (number: number) => string;
}

const SELF_MOSTLY = [
  ["self", 80],
  ["helped", 13],
  ["proxy", 7],
] as const;

const PLANS: Readonly<Record<SiteId, Plan>> = {
  RIVER: {
    people: 900,
    mrn: (number) => `RC${204_000 + number * 7}`,
    tracks: [
      ["depression", 45],
      ["anxiety", 30],
      ["general", 25],
    ],
    channels: [
      ["portal", 52],
      ["tablet", 32],
      ["paper", 9],
      ["phone", 7],
    ],
    responders: [
      ["self", 86],
      ["helped", 9],
      ["proxy", 5],
    ],
    totalOnly: 0.12,
  },
  HARBOR: {
    people: 500,
    mrn: (number) => `H-${String(510_000 + number * 3)}`,
    tracks: [
      ["depression", 30],
      ["anxiety", 20],
      ["joint", 20],
      ["general", 30],
    ],
    channels: [
      ["tablet", 45],
      ["paper", 35],
      ["portal", 15],
      ["phone", 5],
    ],
    responders: SELF_MOSTLY,
    totalOnly: 0,
  },
  SUMMIT: {
    people: 600,
    mrn: (number) => `S${70_000 + number * 11}`,
    tracks: [
      ["joint", 60],
      ["general", 25],
      ["depression", 15],
    ],
    channels: [
      ["tablet", 50],
      ["portal", 20],
      ["paper", 18],
      ["phone", 12],
    ],
    responders: SELF_MOSTLY,
    totalOnly: 0,
  },
};

/** People who attend two sites, of a network of full size. */
const SHARED: readonly (readonly [SiteId, SiteId, number])[] = [
  ["RIVER", "HARBOR", 25],
  ["RIVER", "SUMMIT", 20],
  ["HARBOR", "SUMMIT", 15],
];

export interface Population {
  sites: SitePopulation[];
  /** People who attend two sites. */
  sharedPeople: number;
}

/**
 * Draws the people of the three sites, their visits and their answers.
 *
 * @param scale 1 is the full size: 900, 500 and 600 people, 60 of them at two sites.
 */
export function drawPopulation(catalogue: Catalogue, random: Random, scale: number): Population {
  const size = (count: number) => Math.max(1, Math.round(count * scale));
  const members: Record<SiteId, { person: Person; shared: boolean }[]> = {
    RIVER: [],
    HARBOR: [],
    SUMMIT: [],
  };
  const ids = Object.keys(PLANS) as SiteId[];
  const total = ids.reduce((sum, id) => sum + size(PLANS[id].people), 0);
  const people = createPeople(total, random.fork("people")).values();
  const next = (): Person => people.next().value as Person;
  for (const [one, other, count] of SHARED) {
    for (let i = 0; i < size(count); i++) {
      const person = next();
      members[one].push({ person, shared: true });
      members[other].push({ person, shared: true });
    }
  }
  for (const id of ids) {
    while (members[id].length < size(PLANS[id].people))
      members[id].push({ person: next(), shared: false });
  }
  return {
    sharedPeople: SHARED.reduce((sum, [, , count]) => sum + size(count), 0),
    sites: ids.map((site) => ({
      site,
      patients: random
        .fork(`${site} order`)
        .shuffle(members[site])
        .map((member, i) => admit(site, i + 1, member, catalogue, random.fork(`${site} ${i + 1}`))),
    })),
  };
}

function admit(
  site: SiteId,
  number: number,
  { person, shared }: { person: Person; shared: boolean },
  catalogue: Catalogue,
  random: Random,
): Patient {
  const practice = PLANS[site];
  const track = random.weighted(practice.tracks);
  const visits = drawVisits({ track, practice, catalogue }, random);
  return {
    number,
    mrn: practice.mrn(number),
    person,
    birthDate: person.birthDate,
    diagnoses: diagnose(track, visits, random),
    visits,
    shared,
  };
}

const DIAGNOSES: Readonly<Record<Track, readonly (readonly [string, string])[]>> = {
  depression: [
    ["F32.9", "Major depressive disorder, single episode, unspecified"],
    ["F33.1", "Major depressive disorder, recurrent, moderate"],
  ],
  anxiety: [
    ["F41.1", "Generalized anxiety disorder"],
    ["F41.9", "Anxiety disorder, unspecified"],
  ],
  joint: [
    ["M17.11", "Unilateral primary osteoarthritis, right knee"],
    ["M17.12", "Unilateral primary osteoarthritis, left knee"],
    ["M16.11", "Unilateral primary osteoarthritis, right hip"],
  ],
  general: [
    ["I10", "Essential (primary) hypertension"],
    ["E11.9", "Type 2 diabetes mellitus without complications"],
  ],
};

function diagnose(track: Track, visits: readonly Visit[], random: Random): Diagnosis[] {
  const [first] = visits;
  if (!first) return [];
  const chosen = [random.pick(DIAGNOSES[track])];
  if (track !== "general" && random.chance(0.45)) chosen.push(random.pick(DIAGNOSES.general));
  return chosen.map(([code, label], i) => ({
    number: i + 1,
    code,
    label,
    status: i === 0 && random.chance(0.06) ? "resolved" : "active",
    onset: isoDate(first.day - random.between(10, 900)),
    recorded: isoDate(first.day),
  }));
}
