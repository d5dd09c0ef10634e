import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cohort, Scale } from "../../../pipelines/statistics/statistic.ts";
import { DuckDb } from "../../../warehouse/duckdb.ts";
import type { Queryable } from "../../../warehouse/queryable.ts";
import { ident, text } from "../../../warehouse/sql.ts";
import { storeWith } from "../../support/store.ts";

export const PHQ9: Scale = {
  scale: "raw",
  decimals: 0,
  direction: "worse",
  range: [0, 27],
  mid: 5,
};

export interface CohortRow {
  stratum?: string;
  administrations?: number;
  baseline: number | bigint;
  followUp?: number | bigint | null;
}

const engine = await DuckDb.open(":memory:");

/** Rows as a statistic sees them, in a real engine. */
export async function cohortOf(rows: readonly CohortRow[]): Promise<Cohort> {
  const values = rows.map(
    ({ stratum = "all", administrations = 1, baseline, followUp = null }) =>
      `('${stratum}', ${administrations}, ${baseline}, ${followUp ?? "NULL"})`,
  );
  const source =
    values.length > 0 ? `(VALUES ${values.join(", ")})` : "(SELECT '', 0, 0, 0 LIMIT 0)";
  const cohort = [
    "WITH cohort AS (",
    "  SELECT s AS stratum, a AS administrations, b::BIGINT AS baseline, f::BIGINT AS follow_up",
    `  FROM ${source} AS t(s, a, b, f)`,
    ")",
  ].join("\n");
  return { select: (sql) => engine.all(`${cohort}\n${sql}`) };
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
  return { dialect: "duckdb", all: (sql) => db.all(sql) };
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
