import type { Instrument } from "../catalogue/instrument.ts";
import type { Catalogue } from "../catalogue/read.ts";
import { type Answers, type Burden, drawAnswers, scoresOf } from "./answers.ts";
import { type Day, dayOf, workday } from "./calendar.ts";
import type { DefectName } from "./defects.ts";
import type { Random } from "./random.ts";

export type Channel = "portal" | "tablet" | "paper" | "phone";
export type Responder = "self" | "helped" | "proxy";

/** One instrument answered once. */
export interface Administration {
  /** Its place among the visit's administrations, from 1. */
  number: number;
  instrument: Instrument;
  day: Day;
  /** Minute of the day. */
  minute: number;
  answers: Answers;
  /** What the source reports, by score id; right unless a wrong total was planted. */
  scores: Map<string, number>;
  /** The source delivers the main score and no items. */
  totalOnly: boolean;
  defect?: DefectName;
}

export interface Visit {
  /** From 1. */
  number: number;
  /** Planned days after the first visit: 0, 30, 90, 180. */
  planned: number;
  day: Day;
  minute: number;
  channel: Channel;
  responder: Responder;
  administrations: Administration[];
  defect?: DefectName;
}

/** Why somebody is in care; decides which instruments they answer and how they start. */
export type Track = "depression" | "anxiety" | "joint" | "general";

/** What differs between sites. */
export interface Practice {
  tracks: readonly (readonly [Track, number])[];
  channels: readonly (readonly [Channel, number])[];
  responders: readonly (readonly [Responder, number])[];
  /** Share of the PHQ-9 that is delivered as a total only. */
  totalOnly: number;
}

const FIRST = dayOf("2024-01-02");
const LAST = dayOf("2025-12-31");
const LAST_START = dayOf("2025-10-31");

const SCHEDULE = [
  { planned: 0, spread: 0, attended: 1 },
  { planned: 30, spread: 5, attended: 0.68 },
  { planned: 90, spread: 9, attended: 0.7 },
  { planned: 180, spread: 13, attended: 0.58 },
] as const;

/** Share of a track's people who are followed with an instrument, in the order of the visit. */
const INSTRUMENTS: Readonly<Record<Track, readonly (readonly [string, number])[]>> = {
  depression: [
    ["phq-9", 1],
    ["gad-7", 0.6],
    ["promis-global-10", 0.3],
  ],
  anxiety: [
    ["phq-9", 0.7],
    ["gad-7", 1],
    ["promis-global-10", 0.3],
  ],
  joint: [
    ["phq-9", 0.45],
    ["gad-7", 0.15],
    ["promis-global-10", 1],
  ],
  general: [
    ["phq-9", 0.6],
    ["gad-7", 0.4],
    ["promis-global-10", 0.85],
  ],
};

/** All instruments that somebody in the demo answers. */
export const ANSWERED: ReadonlySet<string> = new Set(
  Object.values(INSTRUMENTS).flatMap((list) => list.map(([id]) => id)),
);

/** Mean burden at the first visit. */
const START: Readonly<Record<Track, Burden>> = {
  depression: { depression: 1.45, anxiety: 0.9, pain: 0.3 },
  anxiety: { depression: 0.75, anxiety: 1.45, pain: 0.2 },
  joint: { depression: 0.3, anxiety: 0.2, pain: 1.25 },
  general: { depression: 0.3, anxiety: 0.3, pain: 0.4 },
};

export interface VisitRequest {
  track: Track;
  practice: Practice;
  catalogue: Catalogue;
}

/** One person's visits at one site, with what they answered. */
export function drawVisits(request: VisitRequest, random: Random): Visit[] {
  const { track, practice, catalogue } = request;
  const start = burdenAtStart(track, random);
  const response = 0.75 + 0.45 * random.normal(); // how well the treatment works for this person
  const followed = follow(track, random);
  const first = workday(random.between(FIRST, LAST_START));
  const visits: Visit[] = [];
  for (const { planned, spread, attended } of SCHEDULE) {
    const day = workday(first + planned + Math.round(spread * random.normal()));
    if (!random.chance(attended) || day > LAST) continue;
    const visit: Visit = {
      number: visits.length + 1,
      planned,
      day,
      minute: random.between(96, 197) * 5,
      channel: random.weighted(practice.channels),
      responder: random.weighted(practice.responders),
      administrations: [],
    };
    const burden = improve(start, response * progress(day - first), random);
    for (const instrument of catalogue.instruments.filter(({ id }) => followed.includes(id))) {
      if (visit.number > 1 && random.chance(0.03)) continue;
      visit.administrations.push(administer(visit, instrument, burden, request, random));
    }
    if (visit.administrations.length > 0) visits.push(visit);
  }
  return visits;
}

/** The instruments that a person is followed with: at least one. */
function follow(track: Track, random: Random): string[] {
  const chosen = INSTRUMENTS[track].filter(([, share]) => random.chance(share)).map(([id]) => id);
  return chosen.length > 0 ? chosen : ["phq-9"];
}

function administer(
  visit: Visit,
  instrument: Instrument,
  burden: Burden,
  { practice, catalogue }: VisitRequest,
  random: Random,
): Administration {
  const number = visit.administrations.length + 1;
  const answers = drawAnswers(instrument, burden, random);
  const scores = scoresOf(instrument, answers, catalogue);
  // A portal is often used the evening before, everything else in the minutes around the visit.
  const evening = visit.channel === "portal" && visit.minute % 2 === 0;
  return {
    number,
    instrument,
    day: evening ? visit.day - 1 : visit.day,
    minute: evening ? 1140 + number * 6 : visit.minute - 20 + number * 5,
    answers,
    scores,
    totalOnly:
      instrument.id === "phq-9" && scores.has("total") && random.chance(practice.totalOnly),
  };
}

function burdenAtStart(track: Track, random: Random): Burden {
  const mean = START[track];
  const shared = random.normal(); // low mood and worry come together
  return {
    depression: mean.depression + 0.5 * shared + 0.55 * random.normal(),
    anxiety: mean.anxiety + 0.5 * shared + 0.55 * random.normal(),
    pain: mean.pain + 0.2 * shared + 0.7 * random.normal(),
  };
}

/** How far the treatment has come: 0 at the start, half after 60 days, never quite 1. */
function progress(days: number): number {
  return days / (days + 60);
}

function improve(start: Burden, by: number, random: Random): Burden {
  const wobble = 0.18 * random.normal();
  return {
    depression: start.depression - by + wobble,
    anxiety: start.anxiety - 0.9 * by + wobble,
    pain: start.pain - 0.6 * by + wobble,
  };
}
