import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cohort, Measure, Scale } from "../../../pipelines/statistics/statistic.ts";
import { DuckDb } from "../../../warehouse/duckdb.ts";
import {
  duckDbMembers,
  duckDbScratch,
  type MemberRow,
  type Queryable,
} from "../../../warehouse/queryable.ts";
import { ident, text } from "../../../warehouse/sql.ts";
import { storeWith } from "../../support/store.ts";

export const PHQ9: Scale = {
  scale: "raw",
  decimals: 0,
  direction: "worse",
  range: [0, 27],
  mid: 5,
};

/** PHQ-9 with two items, a responder rule and two follow-up windows: all that a statistic may read. */
export const FULL: Measure = {
  ...PHQ9,
  bands: [
    { label: "mild", from: 0, to: 9 },
    { label: "severe", from: 10, to: 27 },
  ],
  items: [
    { id: "A", values: [0, 1, 2, 3] },
    { id: "B", values: [0, 1, 2, 3] },
  ],
  responder: { percent: 50, among: 10 },
  followUps: [90, 180],
  course: { days: 200, step: 30 },
  related: [
    { name: "baseline", decimals: 0 },
    { name: "age", decimals: 0 },
  ],
};

export interface CohortRow {
  /** The person's number; left out: the row's. */
  head?: number;
  stratum?: string;
  administrations?: number;
  baseline: number | bigint;
  followUp?: number | bigint | null;
  /** In the second window. */
  later?: number | null;
  /** Answers to the items A and B. */
  items?: readonly (number | null)[];
  age?: number | null;
  /** Later scores: day and grid integer. */
  course?: readonly (readonly [day: number, grid: number])[];
  /** Requests, how many were answered, questionnaires, how many are complete. */
  collected?: readonly [asked: number, answered: number, administrations: number, complete: number];
}

const engine = await DuckDb.open(":memory:", { small: true });

/** Rows as a statistic sees them, in a real engine: `cohort` and the tables beside it. */
export async function cohortOf(
  rows: readonly CohortRow[],
): Promise<Cohort & { members(sql: string): Promise<MemberRow[]> }> {
  const table = (name: string, columns: string, values: readonly string[]) => {
    const count = columns.split(",").length;
    const none = `SELECT ${Array.from({ length: count }, () => "NULL").join(", ")} LIMIT 0`;
    const source = values.length > 0 ? `VALUES ${values.join(", ")}` : none;
    return `${name}(${columns}) AS (${source})`;
  };
  const of = (index: number, stratum = "all") =>
    `'${stratum}', 'S', 'P${index}', ${rows[index]?.head ?? index}`;
  const value = (one: number | bigint | null | undefined) => `${one ?? "NULL"}::BIGINT`;
  const tables = [
    table(
      "cohort",
      "stratum, datamartid, patid, head, administrations, baseline, follow_up, follow_up_2",
      rows.map(
        (r, i) =>
          `(${of(i, r.stratum)}, ${value(r.administrations ?? 1)}, ${value(r.baseline)}, ${value(r.followUp)}, ${value(r.later)})`,
      ),
    ),
    table(
      "item_answer",
      "stratum, datamartid, patid, head, item, value",
      rows.flatMap((r, i) =>
        (r.items ?? []).flatMap((answer, item) =>
          answer === null ? [] : [`(${of(i, r.stratum)}, '${"AB"[item]}', ${value(answer)})`],
        ),
      ),
    ),
    table(
      "course",
      "stratum, datamartid, patid, head, day, grid",
      rows.flatMap((r, i) =>
        (r.course ?? []).map(([day, grid]) => `(${of(i, r.stratum)}, ${day}, ${value(grid)})`),
      ),
    ),
    table(
      "related",
      "stratum, datamartid, patid, head, v0, v1",
      rows.map((r, i) => `(${of(i, r.stratum)}, ${value(r.baseline)}, ${value(r.age)})`),
    ),
    table(
      "asked",
      "stratum, datamartid, patid, head, asked, answered",
      rows.flatMap((r, i) =>
        r.collected ? [`(${of(i, r.stratum)}, ${r.collected[0]}, ${r.collected[1]})`] : [],
      ),
    ),
    table(
      "administered",
      "stratum, datamartid, patid, head, administrations, complete",
      rows.flatMap((r, i) =>
        r.collected ? [`(${of(i, r.stratum)}, ${r.collected[2]}, ${r.collected[3]})`] : [],
      ),
    ),
  ];
  // Only what it reads: parsing values takes longer than the query.
  const over = (sql: string) => {
    const used = tables.filter((of) => new RegExp(`\\b${of.split("(", 1)[0]}\\b`).test(sql));
    return `WITH ${used.join(",\n")}\n${sql}`;
  };
  const size = 1 + Math.max(0, ...rows.map(({ head }, i) => head ?? i));
  return {
    select: (sql) => engine.all(over(sql)),
    members: (sql) => duckDbMembers(engine.connection, over(sql), size),
  };
}

export interface Person {
  site?: string;
  patid: string;
  sex?: string | null;
  birthDate?: string | null;
  conditions?: { code: string; type: string }[];
  scores: ScoreRow[];
}

export interface ScoreRow {
  date: string;
  time?: string;
  value: number | null;
  instrument?: string;
  name?: string;
  scale?: string;
  decimals?: number;
  origin?: string;
  preferred?: boolean;
  kind?: string;
  confidence?: string;
}

/** A store with these people, PHQ-9 totals unless they say otherwise. */
export async function storeOf(people: readonly Person[], path?: string): Promise<DuckDb> {
  const db = await storeWith({}, path === undefined ? {} : { path });
  const keyOf = ({ site = "SITEA", patid }: Person) => ({ datamartid: site, patid });
  const scores = people.flatMap((person) =>
    person.scores.map((score, index) => {
      const id = `${person.patid}-${index + 1}`;
      return { score, key: { ...keyOf(person), pro_cm_id: id, pro_seq: id } };
    }),
  );
  await insert(
    db,
    "demographic",
    people.map((person) => ({
      ...keyOf(person),
      sex: person.sex === undefined ? "F" : person.sex,
      birth_date: person.birthDate === undefined ? "1980-06-15" : person.birthDate,
    })),
  );
  await insert(
    db,
    "condition",
    people.flatMap((person) =>
      (person.conditions ?? []).map(({ code, type }, index) => ({
        ...keyOf(person),
        conditionid: `${person.patid}-${index + 1}`,
        condition: code,
        condition_type: type,
        condition_source: "HC",
      })),
    ),
  );
  await insert(
    db,
    "pro_cm",
    scores.map(({ key, score }) => ({
      ...key,
      pro_date: score.date,
      pro_time: score.time ?? null,
      pro_response_num: score.value,
    })),
  );
  await insert(
    db,
    "pro_cm_detail",
    scores.map(({ key, score }) => ({
      ...key,
      instrument: score.instrument ?? "phq-9",
      kind: score.kind ?? "score",
      name: score.name ?? "total",
      origin: score.origin ?? "computed",
      preferred: score.preferred ?? true,
      scale: score.scale ?? "raw",
      decimals: score.decimals ?? 0,
      confidence: score.confidence ?? "high",
    })),
  );
  return db;
}

/** Makes a store look like a hub's warehouse that linked people: `SITEA P1` -> the person. */
export async function linkPeople(
  db: DuckDb,
  links: Record<string, string>,
  linkage: "on" | "off" = "on",
): Promise<void> {
  await db.run(`INSERT INTO publication (number, linkage) VALUES (1, ${text(linkage)})`);
  const rows = Object.entries(links).map(([record, personid]) => {
    const [datamartid = "", patid = ""] = record.split(" ");
    return { datamartid, patid, personid, tokens: "P3" };
  });
  await insert(db, "person_link", rows);
}

type Values = Record<string, string | number | boolean | null>;

/** All rows in one statement: a study needs hundreds of people. */
async function insert(db: DuckDb, table: string, rows: Values[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const literal = (value: Values[string] | undefined) =>
    typeof value === "string" ? text(value) : String(value ?? null);
  const names = Object.keys(first);
  const values = rows.map((row) => `(${names.map((name) => literal(row[name])).join(", ")})`);
  await db.run(
    `INSERT INTO ${ident(table)} (${names.map(ident).join(", ")}) VALUES ${values.join(", ")}`,
  );
}

export function queryable(db: DuckDb): Queryable {
  return {
    dialect: "duckdb",
    all: (sql) => db.all(sql),
    scratch: (sql) => duckDbScratch((statement) => db.run(statement), sql),
    members: (sql, size) => duckDbMembers(db.connection, sql, size),
  };
}

const vectors = join(import.meta.dirname, "vectors");

export function readVector<T>(name: string): T {
  return JSON.parse(readFileSync(join(vectors, name), "utf8")) as T;
}

/**
 * The synthetic three-site study of phq9-three-sites.csv as store rows: baseline on 2024-01-10, follow-up 90 days later. A total
 * exists only when all nine items are answered.
 */
export function threeSites(): (Person & { arm: string })[] {
  const lines = readFileSync(join(vectors, "phq9-three-sites.csv"), "utf8").trim().split(/\r?\n/);
  return lines.slice(1).map((line) => {
    const [site = "", patid = "", sex = "", arm = "", ...answers] = line.split(",");
    const total = (items: string[]) =>
      items.includes("") ? undefined : items.reduce((sum, item) => sum + Number(item), 0);
    const [baseline, followUp] = [total(answers.slice(0, 9)), total(answers.slice(9, 18))];
    const scores = [
      { date: "2024-01-10", value: baseline },
      { date: "2024-04-09", value: followUp },
    ].filter((score): score is { date: string; value: number } => score.value !== undefined);
    return { site, patid, sex, arm, scores };
  });
}
