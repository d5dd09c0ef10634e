// The largest difference between pooled and distributed answers, by statistic, over studies that ask for everything.
// `node tests/bench/study-modes.ts [people a site=2000]`
import { comparisonText } from "../../cli/study/compare-text.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import { compareModes } from "../../pipelines/study.ts";
import { queryable, storeOf } from "../golden/study/cohorts.ts";
import { DESCRIPTIVE_STUDY, NETWORK_STUDY, network } from "../golden/study/network.ts";

const SITES = ["A", "B", "C", "D", "E"];
const people = network(SITES, Number(process.argv[2] ?? 2000));
const stores = [];
for (const site of SITES) stores.push(await storeOf(people.filter((one) => one.site === site)));
const pooled = await storeOf(people);
for (const text of [NETWORK_STUDY, DESCRIPTIVE_STUDY]) {
  const study = parseStudy(text, "network.yaml");
  const comparison = await compareModes({
    study,
    pooled: queryable(pooled),
    stores: stores.map(queryable),
  });
  process.stdout.write(`${study.models.map(({ id, kind }) => `${id} (${kind})`).join(", ")}\n`);
  process.stdout.write(`${comparisonText(comparison).split("\n\nAs they may")[0]}\n\n`);
}
for (const db of [pooled, ...stores]) db.close();
