/**
 * Precision and recall of the hub's grouping itself, `linkPeople` on a warehouse of two sites, where the true pairs are known:
 *
 *     node tests/bench/grouping.ts
 */
import { linkPeople } from "../../pipelines/linkage/link-people.ts";
import { signaturesSql } from "../../pipelines/privacy/linkage.ts";
import { createNormalisers, readLinkageRecipe } from "../../pipelines/privacy/normalise.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { createSchema } from "../../warehouse/migrate.ts";
import { text } from "../../warehouse/sql.ts";
import { LINKAGE_PAIRS } from "./linkage-pairs.ts";

const recipe = await readLinkageRecipe();
for (const { name, files, select } of LINKAGE_PAIRS) {
  const db = await DuckDb.open(":memory:");
  await createSchema(db);
  await createNormalisers(db, recipe, "2026-01-01");
  await db.run("CREATE TEMP TABLE truth (datamartid VARCHAR, patid VARCHAR, truth VARCHAR)");
  for (const [index, site] of ["SITEA", "SITEB"].entries()) {
    await db.run(`CREATE OR REPLACE TEMP TABLE person AS SELECT CAST(row_number() OVER () AS VARCHAR) AS patid, ${select}
      FROM read_csv(${text(files[index] ?? "")}, all_varchar = true)`);
    await db.run(`INSERT INTO truth SELECT '${site}', patid, truth FROM person`);
    await db.run(`INSERT INTO hash_token BY NAME
      SELECT '${site}' AS datamartid, 'key' AS token_encryption_key, * FROM (${signaturesSql(recipe, "FROM person")})`);
  }
  const loader = {
    run: async (sql: string) => void (await db.run(sql)),
    all: <T extends object>(sql: string) => db.all<T>(sql),
  };
  const report = await linkPeople(loader, { isOn: true });
  const { linked, right, known } = await db.one<Record<string, number>>(`
    WITH pair AS (
      SELECT a.patid AS a, b.patid AS b FROM person_link a JOIN person_link b USING (personid)
      WHERE a.datamartid = 'SITEA' AND b.datamartid = 'SITEB')
    SELECT CAST(count(*) AS DOUBLE) AS linked, CAST(count(*) FILTER (x.truth = y.truth) AS DOUBLE) AS right,
      (SELECT CAST(count(*) AS DOUBLE) FROM truth a JOIN truth b USING (truth) WHERE a.datamartid = 'SITEA' AND b.datamartid = 'SITEB') AS known
    FROM pair JOIN truth x ON x.datamartid = 'SITEA' AND x.patid = pair.a JOIN truth y ON y.datamartid = 'SITEB' AND y.patid = pair.b`);
  const share = (part = 0, whole = 0) => (whole === 0 ? "-" : (part / whole).toFixed(4));
  console.log(
    `${name}: ${linked} pairs linked, ${right} right of ${known}; precision ${share(right, linked)}, recall ${share(right, known)}; to review ${JSON.stringify(report?.review)}`,
  );
  db.close();
}
