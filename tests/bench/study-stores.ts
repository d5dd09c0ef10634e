import { parseStudy } from "../../pipelines/study/read-study.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { createSchema } from "../../warehouse/migrate.ts";

const base = `id: bench
title: bench
measure: { instrument: phq-9, score: total }
population: { dates: { to: 2024-03-31 } }
windows: { follow_up: { target: 90, days: [60, 120] } }
strata: [sex]
`;
/** Everything a study may describe, of one outcome. */
export const describe = parseStudy(base, "bench.yaml");
const codes = (n: number) =>
  `{ name: c${n}, conditions: [{ code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F${n}*"] }] }`;
const covariates = ["baseline", "age", "days", '"sex=F"', ...[1, 2, 3, 4, 5, 6].map(codes)];
/** A logistic regression with ten covariates. */
export const logistic = parseStudy(
  `${base}statistics: [count]\nmodels:\n  - { id: m, kind: logistic, response: improved, covariates: [${covariates.join(", ")}] }\n`,
  "bench.yaml",
);

/** Half of the administrations are baselines, half follow-ups of the same people; items for the first ones. */
export async function makeStore(
  file: string,
  site: string,
  administrations: number,
): Promise<void> {
  const db = await DuckDb.open(file);
  await createSchema(db);
  const people = administrations / 2;
  await db.run(
    `INSERT INTO demographic (datamartid, patid, sex, birth_date) SELECT '${site}', 'P' || i, CASE WHEN hash(i) % 2 = 0 THEN 'F' ELSE 'M' END, DATE '1940-01-01' + CAST(hash(i, 1) % 20000 AS INTEGER) FROM range(${people}) AS t(i)`,
  );
  await db.run(
    `INSERT INTO "condition" (datamartid, patid, conditionid, "condition", condition_type, condition_source) SELECT '${site}', 'P' || i, 'C' || i || '-' || n, 'F' || n || '0', '10', 'HC' FROM range(${people}) AS t(i), range(1, 7) AS u(n) WHERE hash(i || '-' || n) % 4 = 0`,
  );
  const scores = `SELECT i, v, 'P' || i || '-' || v AS id, CASE WHEN v = 0 THEN DATE '2024-01-10' ELSE DATE '2024-03-20' + CAST(hash(i, 3) % 40 AS INTEGER) END AS day, greatest(0, CAST(hash(i, 2) % 28 AS INTEGER) - v * CAST(hash(i, 5) % 12 AS INTEGER)) AS total FROM range(${people}) AS t(i), range(2) AS u(v)`;
  const items = `SELECT i, v, id, day, n, total FROM (${scores}) AS s, range(1, 10) AS u(n) WHERE v = 0`;
  await db.run(
    `INSERT INTO pro_cm (datamartid, pro_cm_id, patid, pro_seq, pro_date, pro_response_num) SELECT '${site}', id, 'P' || i, id, day, total FROM (${scores}) AS s UNION ALL SELECT '${site}', id || 'i' || n, 'P' || i, id, day, hash(i || '/' || n) % 4 FROM (${items}) AS q`,
  );
  await db.run(
    `INSERT INTO pro_cm_detail (datamartid, pro_cm_id, patid, pro_seq, instrument, kind, name, origin, preferred, scale, decimals, confidence) SELECT '${site}', id, 'P' || i, id, 'phq-9', 'score', 'total', 'computed', true, 'raw', 0, 'high' FROM (${scores}) AS s UNION ALL SELECT '${site}', id || 'i' || n, 'P' || i, id, 'phq-9', 'item', 'PHQ9_' || n, 'reported', true, NULL, NULL, NULL FROM (${items}) AS q`,
  );
  db.close();
}

// As a program it makes one store, so that the memory of making it is not the study's: file, site, administrations.
if (import.meta.main) {
  const [file = "", site = "", administrations = ""] = process.argv.slice(2);
  await makeStore(file, site, Number(administrations));
}
