import type { Queryable } from "../../warehouse/queryable.ts";
import { text, textList } from "../../warehouse/sql.ts";
import type { Need } from "../statistics/statistic.ts";
import type { Study } from "./read-study.ts";
import { needsCollection } from "./scores.ts";

/** What a site lacks of what a study asks: then its answer is not available, which is not the same as zero. */
export interface Lacks {
  /** Fields without which nobody can be selected; none: the site can answer. */
  population: string[];
  /** Of single statistics. */
  statistics: ReadonlySet<Need>;
}

interface Field {
  name: string;
  table: string;
  /** Whether a row of the table has it. */
  present: string;
}

/** By site, for the sites that have people. */
export async function findLacks(
  queryable: Queryable,
  study: Study,
  instrument: string,
  sites: readonly string[],
): Promise<Map<string, Lacks>> {
  const population = populationFields(study);
  const fields = [...population, ...Object.values(statisticFields(instrument))];
  const tables = await tablesOf(queryable, fields);
  const probes = fields
    .map((field, i) => ({ field, i }))
    .filter(({ field }) => tables.has(field.table))
    .map(
      ({ field, i }) =>
        `SELECT DISTINCT datamartid, ${i} AS field FROM "${field.table}" WHERE ${field.present}`,
    );
  const found =
    probes.length === 0
      ? []
      : await queryable.all<{ datamartid: string; field: number }>(probes.join("\nUNION ALL\n"));
  const has = new Set(found.map(({ datamartid, field }) => `${datamartid}/${Number(field)}`));
  const needs = Object.keys(statisticFields(instrument)) as Need[];
  return new Map(
    sites.map((site) => [
      site,
      {
        population: population.filter((_, i) => !has.has(`${site}/${i}`)).map(({ name }) => name),
        statistics: new Set(needs.filter((_, i) => !has.has(`${site}/${population.length + i}`))),
      },
    ]),
  );
}

async function tablesOf(queryable: Queryable, fields: readonly Field[]): Promise<Set<string>> {
  const names = [...new Set(fields.map(({ table }) => table))];
  const rows = await queryable.all<{ table_name: string }>(
    `SELECT DISTINCT table_name FROM information_schema.tables WHERE table_name IN ${textList(names)}`,
  );
  return new Set(rows.map(({ table_name }) => table_name));
}

function statisticFields(instrument: string): Record<Need, Field> {
  return {
    items: {
      name: "answers to single items",
      table: "pro_cm_detail",
      present: `kind = 'item' AND instrument = ${text(instrument)}`,
    },
    requests: { name: "PRO_REQUEST", table: "pro_request", present: "1 = 1" },
    collection: { name: "PRO_COLLECTION", table: "pro_collection", present: "1 = 1" },
  };
}

function populationFields(study: Study): Field[] {
  const { population, index, collection, strata, models } = study;
  const covariates = models.flatMap((model) => model.covariates);
  const asksAge =
    population.age || strata.some((one) => typeof one === "object") || covariates.includes("age");
  const known = (table: string, column: string, name: string): Field => ({
    name,
    table,
    present: `${column} IS NOT NULL`,
  });
  const any = (table: string, name: string): Field => ({ name, table, present: "1 = 1" });
  return [
    ...(asksAge ? [known("demographic", "birth_date", "DEMOGRAPHIC.BIRTH_DATE")] : []),
    ...(population.sex ? [known("demographic", "sex", "DEMOGRAPHIC.SEX")] : []),
    ...(population.conditions ||
    index.event === "diagnosis" ||
    covariates.some((c) => typeof c === "object")
      ? [any("condition", "CONDITION")]
      : []),
    ...(population.procedures || index.event === "procedure"
      ? [any("procedures", "PROCEDURES")]
      : []),
    ...(collection?.method ? [known("pro_cm", "pro_method", "PRO_CM.PRO_METHOD")] : []),
    ...(collection?.mode ? [known("pro_cm", "pro_mode", "PRO_CM.PRO_MODE")] : []),
    ...(collection?.cat ? [known("pro_cm", "pro_cat", "PRO_CM.PRO_CAT")] : []),
    ...(collection?.channel ? [known("pro_collection", "channel", "PRO_COLLECTION.CHANNEL")] : []),
    ...(collection?.setting ? [known("pro_collection", "setting", "PRO_COLLECTION.SETTING")] : []),
    ...(collection?.language
      ? [known("pro_collection", "language", "PRO_COLLECTION.LANGUAGE")]
      : []),
    ...(needsCollection(study) ? [any("pro_collection", "PRO_COLLECTION")] : []),
  ];
}
