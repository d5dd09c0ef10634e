import { join } from "node:path";
import { z } from "zod";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { csvFileSql } from "../../warehouse/sql.ts";
import { readYaml } from "../configuration/read-yaml.ts";
import type { LocalCode, ObservationCode, WordLists } from "../configuration/site.ts";
import { mappingsDirectory } from "../core/mappings.ts";

const list = z.record(z.string(), z.string());
export const wordsSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  sex: list,
  consent: list,
  consent_purpose: list,
  race: list,
  hispanic: list,
  enc_type: list,
  condition_status: list,
  pro_method: list,
  pro_mode: list,
  pro_source: list,
  channel: list,
  setting: list,
  status: list,
  code_system: list,
  request_status: list,
  device: list,
  device_channel: list,
  unit: list,
  facility_type: list,
});

/** Our own words for coded fields, by list: what exports say on the left, the CDM's code on the right. */
export async function readWordLists() {
  const file = join(mappingsDirectory, "formats", "words.yaml");
  const { source: _, reviewed: __, ...lists } = await readYaml(file, wordsSchema, "MAPPING_WORDS");
  return lists;
}

/**
 * Fills `word` (list, word, code): what a word of the source stands for, the site's own words first, all in lower case.
 * And `code` (code_system, code, instrument, kind, name): the catalogue's codes and the local codes that the site approved;
 * `value_set` (value_set, code): those of the CDM that results are held against; `observation_code` (code_system, code, cdm_table,
 * source): the measurements that the site listed.
 */
export async function loadWords(
  db: DuckDb,
  own: WordLists,
  codes: LocalCode[],
  observations: readonly ObservationCode[] = [],
): Promise<void> {
  const lists = await readWordLists();
  const words = new Map<string, [string, string, string]>();
  for (const one of [lists, own]) {
    for (const [name, entries] of Object.entries(one)) {
      for (const [word, code] of Object.entries(entries ?? {})) {
        words.set(`${name}\0${word.toLowerCase()}`, [name, word.toLowerCase(), code]);
      }
    }
  }
  const valueSets = join(mappingsDirectory, "cdm", "value_sets.csv");
  await db.run(`CREATE TABLE value_set AS
    SELECT value_set, code FROM ${csvFileSql(valueSets, ["value_set", "code", "label"])} WHERE value_set IN ('UNIT', 'RESULT_QUAL', 'FACILITY_TYPE')`);
  await db.run(
    "CREATE TABLE observation_code (code_system VARCHAR, code VARCHAR, cdm_table VARCHAR, source VARCHAR)",
  );
  await db.insert(
    "observation_code",
    observations.map((one) => [one.system, one.code, one.table, one.source ?? null]),
  );
  await db.run("CREATE TABLE word (list VARCHAR, word VARCHAR, code VARCHAR)");
  await db.insert("word", [...words.values()]);
  // The CDM's own codes stand for themselves.
  await db.run(`INSERT INTO word SELECT 'facility_type', lower(code), code FROM value_set
    WHERE value_set = 'FACILITY_TYPE' AND lower(code) NOT IN (SELECT word FROM word WHERE list = 'facility_type')`);
  await db.run(`CREATE TABLE code AS SELECT code_system, code, instrument, kind, name FROM catalogue_code
    UNION ALL SELECT 'propool', item, instrument, 'item', item FROM catalogue_item
    UNION ALL SELECT 'propool', score, instrument, 'score', score FROM catalogue_score
    UNION ALL SELECT 'propool', instrument, instrument, 'panel', instrument FROM catalogue_instrument`);
  await db.run(
    "CREATE TABLE local_code (code_system VARCHAR, code VARCHAR, instrument VARCHAR, name VARCHAR)",
  );
  await db.insert(
    "local_code",
    codes.map((one) => [one.system ?? null, one.code, one.instrument, one.item]),
  );
  await db.run(`INSERT INTO code
    SELECT l.code_system, l.code, l.instrument, c.kind, l.name
    FROM local_code l JOIN code c ON c.code_system = 'propool' AND c.instrument = l.instrument AND c.code = l.name`);
}

/** The CDM code that a word of the source stands for, as SQL; null where no list has it. */
export function wordSql(listName: string, expression: string): string {
  return `(SELECT w.code FROM word w WHERE w.list = '${listName}' AND w.word = lower(${expression}))`;
}

/** The same as a join, for tables of many rows: the code is `w_<list>.code`. */
export function joinWord(listName: string, expression: string): string {
  return `LEFT JOIN word w_${listName} ON w_${listName}.list = '${listName}' AND w_${listName}.word = lower(${expression})`;
}
