import { join } from "node:path";
import { stringify } from "yaml";
import { text } from "../warehouse/sql.ts";
import type { Instrument, Score } from "./catalogue/instrument.ts";
import { readCatalogueOf, scoresOf } from "./catalogue/read.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory, writeWhole } from "./core/files.ts";
import type { Crosswalk, CrosswalkRow } from "./crosswalk/crosswalk.ts";
import {
  type Axis,
  bootstrapErrors,
  type Invariance,
  invarianceBy,
  linkOf,
  type Method,
  type Pair,
  randomFrom,
  recipeFor,
} from "./crosswalk/linking.ts";
import { type Link, ownCrosswalks, readCrosswalks } from "./crosswalk/read.ts";
import { openRows } from "./study/open-rows.ts";

/** People below whom no link is made, whoever asks: a smaller sample gives errors as large as the scale. */
export const PEOPLE_MIN = 200;

export interface DeriveOptions {
  /** instrument:score */
  from: string;
  to: string;
  method: Method;
  /** Largest distance of the two answers. */
  days: number;
  peopleMin: number;
  replications: number;
  seed: number;
  /** YYYY-MM-DD, the day that the file names. */
  today: string;
  /** Id of the link; default from-to-to. */
  id?: string | undefined;
}

export interface Derived {
  crosswalk: Crosswalk;
  rows: CrosswalkRow[];
  /** RMSD at each score, by subgroup. */
  invariance: Invariance[];
  degrees: { x: number; y: number };
  file: string;
}

/** All crosswalks that a site or hub knows; without a folder, ours. */
export async function listCrosswalks(directory: string | null): Promise<Link[]> {
  const catalogue = await readCatalogueOf(directory);
  return readCrosswalks(scoresOf(catalogue), directory && ownCrosswalks(directory));
}

/**
 * Makes a crosswalk from people of a store or warehouse who answered both instruments within some days, and writes it into
 * `crosswalks/` of that folder, marked as derived and provisional.
 *
 * @throws ProError `QUALITY_TOO_FEW_PEOPLE`, `CONFIG_CROSSWALK` for a score that is not known or a file that is there.
 */
export async function deriveCrosswalk(directory: string, options: DeriveOptions): Promise<Derived> {
  const { instruments } = await readCatalogueOf(directory);
  const [from, to] = [findScore(instruments, options.from), findScore(instruments, options.to)];
  const id =
    options.id ??
    `${from.instrument.id}-to-${to.instrument.id}${from.instrument.id === to.instrument.id ? `-${to.score.id}` : ""}-derived`;
  const file = join(ownCrosswalks(directory), `${id}.yaml`);
  if (await exists(file)) {
    throw new ProError("CONFIG_CROSSWALK", "a crosswalk of this name is there already", {
      where: { file },
      hint: "give the new one another name with --id, or remove the old one",
    });
  }
  const [x, y] = [axisOf(from.score), axisOf(to.score)];
  const pairs = await readPairs(directory, { ...options, from, to, x, y });
  if (pairs.length < Math.max(PEOPLE_MIN, options.peopleMin)) {
    throw new ProError(
      "QUALITY_TOO_FEW_PEOPLE",
      `fewer than ${Math.max(PEOPLE_MIN, options.peopleMin)} people answered both within ${options.days} days`,
      { hint: "pool more sites, or allow more days between the answers with --days" },
    );
  }
  const recipe = recipeFor(pairs, { method: options.method, x, y });
  const values = linkOf(pairs, recipe);
  const errors = bootstrapErrors(pairs, recipe, {
    replications: options.replications,
    random: randomFrom(options.seed),
  });
  const invariance = ["sex", "age"]
    .map((by) => invarianceBy(pairs, recipe, { by, groupMin: PEOPLE_MIN / 2 }))
    .filter((one) => one !== null);
  const rows = values.map((value, i) => ({
    raw: x.low + i * x.step,
    // On the grid of the score that it becomes, or no study could add it up.
    value: Number(value.toFixed(Math.min(to.score.decimals, 2))),
    se: Number((errors[i] ?? 0).toFixed(2)) || 0.01,
  }));
  const crosswalk: Crosswalk = {
    source: `derived from ${pairs.length} people of ${directory.split("/").at(-1)} by propool crosswalk derive`,
    reviewed: null,
    id,
    from: { instrument: from.instrument.id, score: from.score.id },
    to: { instrument: to.instrument.id, score: to.score.id },
    population: `${pairs.length} people who answered both within ${options.days} days`,
    method:
      options.method === "linear"
        ? "linear"
        : `equipercentile after log-linear presmoothing (degrees ${recipe.degreeX} and ${recipe.degreeY})`,
    people: pairs.length,
    invariance: invariance.map(({ by, groups, remsd }) => ({
      by,
      groups,
      remsd: Number(remsd.toFixed(4)),
    })),
    derived: {
      on: options.today,
      rows: directory.split("/").at(-1) ?? directory,
      days: options.days,
      replications: options.replications,
      seed: options.seed,
    },
    confidence: "provisional",
    basis: "derived here; nobody else has looked at it",
  };
  await write(file, crosswalk, rows);
  return {
    crosswalk,
    rows,
    invariance,
    degrees: { x: recipe.degreeX, y: recipe.degreeY },
    file,
  };
}

interface Found {
  instrument: Instrument;
  score: Score & { range: [number, number] };
}

function findScore(instruments: readonly Instrument[], name: string): Found {
  const [id, scoreId] = name.split(":");
  const instrument = instruments.find((one) => one.id === id);
  const score = scoreId
    ? instrument?.scores.find((one) => one.id === scoreId)
    : instrument?.scores[0];
  if (instrument && score?.range) return { instrument, score: { ...score, range: score.range } };
  throw new ProError("CONFIG_CROSSWALK", `the catalogue knows no range of a score ${name}`, {
    hint: "name it as instrument:score, such as phq-9:total; propool instruments lists them",
  });
}

/** Points of a scale; one with decimals has whole points, between which the link is drawn straight. */
function axisOf({ range: [low, high], decimals }: Found["score"]): Axis {
  const step = decimals > 0 && (high - low) * 10 ** decimals > 200 ? 1 : 10 ** -decimals;
  return step === 1 ? { low: Math.floor(low), high: Math.ceil(high), step } : { low, high, step };
}

/** One pair a person: the two answers nearest to each other, of equal ones the earliest. */
async function readPairs(
  directory: string,
  { from, to, x, y, days }: { from: Found; to: Found; x: Axis; y: Axis; days: number },
): Promise<Pair[]> {
  const { queryable } = await openRows(directory);
  try {
    const measured = ({ instrument, score }: Found) =>
      `SELECT datamartid, patid, pro_date, pro_seq, value FROM pro_score
       WHERE instrument = ${text(instrument.id)} AND score = ${text(score.id)} AND value IS NOT NULL`;
    const rows = await queryable.all<{
      x: string;
      y: string;
      sex: string | null;
      age: string | null;
    }>(`WITH first AS (${measured(from)}), second AS (${measured(to)}), near AS (
        SELECT first.datamartid, first.patid, first.value AS x, second.value AS y, first.pro_date,
          row_number() OVER (PARTITION BY first.datamartid, first.patid
            ORDER BY abs(first.pro_date - second.pro_date), first.pro_date, first.pro_seq, second.pro_seq) AS nth
        FROM first JOIN second ON second.datamartid = first.datamartid AND second.patid = first.patid
          AND abs(first.pro_date - second.pro_date) <= ${days}
      )
      SELECT CAST(near.x AS VARCHAR) AS x, CAST(near.y AS VARCHAR) AS y, demographic.sex,
        CAST(extract(year FROM near.pro_date) - extract(year FROM demographic.birth_date) AS VARCHAR) AS age
      FROM near LEFT JOIN demographic ON demographic.datamartid = near.datamartid AND demographic.patid = near.patid
      WHERE near.nth = 1 ORDER BY near.datamartid, near.patid`);
    const point = (value: string, axis: Axis) => Math.round((Number(value) - axis.low) / axis.step);
    return rows.map((row) => ({
      x: point(row.x, x),
      y: point(row.y, y),
      groups: {
        ...(row.sex === "F" || row.sex === "M" ? { sex: row.sex } : {}),
        ...(row.age === null ? {} : { age: Number(row.age) < 65 ? "under 65" : "65 and older" }),
      },
    }));
  } finally {
    await queryable.close();
  }
}

async function write(file: string, crosswalk: Crosswalk, rows: readonly CrosswalkRow[]) {
  await privateDirectory(join(file, ".."));
  const lines = rows.map(({ raw, value, se }) => `${raw},${value},${se ?? ""}`);
  await writeWhole(file.replace(/\.yaml$/, ".csv"), `raw,value,se\n${lines.join("\n")}\n`, 0o600);
  await writeWhole(file, stringify(crosswalk, { lineWidth: 0 }), 0o600);
}
