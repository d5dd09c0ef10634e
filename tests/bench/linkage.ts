// Precision and recall of linkage tokens on files whose true pairs are known: node tests/bench/linkage.ts
import { signaturesSql } from "../../pipelines/privacy/linkage.ts";
import { createNormalisers, readLinkageRecipe } from "../../pipelines/privacy/normalise.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { LINKAGE_PAIRS } from "./linkage-pairs.ts";

const db = await DuckDb.open(":memory:");
const recipe = await readLinkageRecipe();
await createNormalisers(db, recipe, "2026-01-01");
const ids = [2, 3, 4, 6, 7, 8, 9];
const counts = (name: string, rule: string) =>
  db.one<Record<string, number>>(`
  SELECT '${name}' AS rule, CAST(count(*) AS DOUBLE) AS pairs, CAST(count(*) FILTER (a.truth = b.truth) AS DOUBLE) AS true_pairs,
    (SELECT CAST(count(*) AS DOUBLE) FROM side_a a JOIN side_b b USING (truth)) AS all_true
  FROM side_a a JOIN side_b b ON ${rule}`);
for (const { name, files, select } of LINKAGE_PAIRS) {
  for (const [i, side] of ["side_a", "side_b"].entries()) {
    await db.run(`CREATE OR REPLACE TEMP TABLE person AS SELECT row_number() OVER () AS patid, ${select}
      FROM read_csv(${text(files[i] ?? "")}, all_varchar = true)`);
    await db.run(
      `CREATE OR REPLACE TEMP TABLE ${side} AS SELECT s.*, p.truth FROM (${signaturesSql(recipe, "FROM person")}) s JOIN person p USING (patid)`,
    );
  }
  const rules: (readonly [string, string])[] = [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(
      (id) => [`P${id} alone`, `a.token_0${id} = b.token_0${id}`] as const,
    ),
    ["P2-P4, P6-P9 (links)", ids.map((id) => `a.token_0${id} = b.token_0${id}`).join(" OR ")],
    ["any of P1-P9", [1, ...ids, 5].map((id) => `a.token_0${id} = b.token_0${id}`).join(" OR ")],
  ];
  for (const [rule, sql] of rules) {
    const { pairs = 0, true_pairs = 0, all_true = 0 } = await counts(rule, sql);
    const share = (part: number, whole: number) => (whole === 0 ? "-" : (part / whole).toFixed(4));
    console.log(
      `${name}: ${rule}: ${pairs} pairs, ${true_pairs} true of ${all_true}; precision ${share(true_pairs, pairs)}, recall ${share(true_pairs, all_true)}`,
    );
  }
}
db.close();
