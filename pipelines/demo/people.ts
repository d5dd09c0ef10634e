import { FAMILY, GIVEN, STATE, STREETS, TOWNS } from "./address-book.ts";
import { dayOf, isoDate } from "./calendar.ts";
import type { Random } from "./random.ts";

/** CDC code of the OMB category; null: asked and declined. */
export type Race = keyof typeof RACES;

export const RACES = {
  "2106-3": "White",
  "2054-5": "Black or African American",
  "2028-9": "Asian",
  "1002-5": "American Indian or Alaska Native",
  "2076-8": "Native Hawaiian or Other Pacific Islander",
} as const;

export const HISPANIC = { code: "2135-2", label: "Hispanic or Latino" } as const;
export const NOT_HISPANIC = { code: "2186-5", label: "Not Hispanic or Latino" } as const;

/** One invented person, whichever sites they attend. */
export interface Person {
  given: string;
  family: string;
  sex: "female" | "male";
  /** ISO date. */
  birthDate: string;
  race: Race | null;
  hispanic: boolean;
  language: "en" | "es";
  street: string;
  city: string;
  state: string;
  zip: string;
  /** `612-555-0123`; 555-0100 to 555-0199 are kept free for fiction. */
  phone: string;
  email: string;
}

/** Draws people; no two of them agree in name and birth date. */
export function createPeople(count: number, random: Random): Person[] {
  const seen = new Set<string>();
  const people: Person[] = [];
  while (people.length < count) {
    const person = drawPerson(people.length + 1, random);
    const key = `${person.given}|${person.family}|${person.birthDate}`;
    if (seen.has(key)) continue;
    seen.add(key);
    people.push(person);
  }
  return people;
}

function drawPerson(number: number, random: Random): Person {
  const sex = random.chance(0.58) ? "female" : "male";
  const given = random.pick(GIVEN[sex]);
  const family = random.pick(FAMILY);
  const hispanic = random.chance(0.14);
  const town = random.weighted(TOWNS.map((one) => [one, one.weight] as const));
  return {
    given,
    family,
    sex,
    birthDate: drawBirthDate(random),
    race: random.weighted<Race | null>([
      ["2106-3", 70],
      ["2054-5", 13],
      ["2028-9", 8],
      ["1002-5", 3],
      ["2076-8", 1],
      [null, 5],
    ]),
    hispanic,
    language: hispanic && random.chance(0.4) ? "es" : "en",
    street: `${random.between(100, 9899)} ${random.pick(STREETS)}`,
    city: town.city,
    state: STATE,
    zip: random.pick(town.zips),
    phone: `${town.area}-555-01${String(random.between(0, 99)).padStart(2, "0")}`,
    email: `${mailName(given)}.${mailName(family)}${number}@example.org`,
  };
}

/** Adults at the start of 2024, most of them between 30 and 80, some above 89. */
function drawBirthDate(random: Random): string {
  const youngest = dayOf("2005-12-31");
  const age = random.weighted([
    [random.between(0, 12), 14],
    [random.between(12, 60), 74],
    [random.between(60, 70), 10],
    [random.between(70, 77), 2],
  ]);
  return isoDate(youngest - age * 365 - random.between(0, 364));
}

function mailName(name: string): string {
  return name
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();
}
