import {
  addProducts,
  type CrossProducts,
  correlationOf,
  covarianceOf,
  crossProductSchema,
  NO_PRODUCTS,
  spreads,
  sumProducts,
} from "./cross-products.ts";
import { membersOf } from "./group.ts";
import type { Statistic } from "./statistic.ts";

/** Covariances and correlations of the baseline score, age and the study's other scores on that day, over people who have all. */
export const covariance: Statistic<CrossProducts> = {
  name: "covariance",
  title: "Covariance and correlation at baseline",
  exact: true,
  reads: ["related"],
  needsFollowUp: false,
  unavailable: ({ related }) =>
    (related?.length ?? 0) > 1 ? null : "the study has a single number a person",
  summary: crossProductSchema,
  empty: NO_PRODUCTS,
  summarize: (cohort, { related = [] }) =>
    sumProducts(
      cohort,
      "related",
      related.map((_, i) => `v${i}`),
    ),
  combine: addProducts,
  members: ({ related = [] }) => [
    membersOf("all scores", {
      table: "related",
      where: related.map((_, i) => `v${i} IS NOT NULL`).join(" AND "),
    }),
  ],
  groups: () => [{ part: "all scores", hasSums: true }],
  estimate(sums, { related = [] }) {
    const spread = spreads(sums);
    const [n, people] = [BigInt(sums.n), Number(sums.n)];
    const pairs = related.flatMap((a, i) =>
      related.slice(i + 1).map((b, j) => ({ a, b, i, j: i + 1 + j })),
    );
    return pairs.flatMap(({ a, b, i, j }) => [
      {
        name: `covariance of ${a.name} and ${b.name}`,
        value: covarianceOf(n, spread, [i, j], 10n ** BigInt(a.decimals + b.decimals)),
        people,
      },
      {
        name: `correlation of ${a.name} and ${b.name}`,
        value: correlationOf(spread, i, j),
        people,
      },
    ]);
  },
  heads: ({ n }, people) => [BigInt(n), people - BigInt(n)],
  parameters: ({ sums }) => sums.length,
};
