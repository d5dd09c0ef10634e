import { type Group, membersOf } from "./statistics/group.ts";
import type { Measure } from "./statistics/statistic.ts";
import { modelColumns, responseColumn } from "./study/model-rows.ts";
import type { Model } from "./study/model-schema.ts";

/** The groups that a model's sums tell of: everybody in it, and who has a 1 in one or in two of its columns of 0 and 1. */
export function modelGroups(model: Model, measure: Measure): Group[] {
  const names = indicatorsOf(model, measure).map(([name]) => name);
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => `${a} and ${b}`));
  return [`in model ${model.id}`, ...names, ...pairs].map((part) => ({
    part,
    // X'y between a response and a column of 0 and 1 is a sum over the people with a 1.
    hasSums: true,
  }));
}

/** Who is in them, over `model_row`; strata are the sites. */
export function modelMembers(model: Model, measure: Measure): string[] {
  const table = "(SELECT datamartid AS stratum, * FROM model_row) AS site_row";
  const of = indicatorsOf(model, measure);
  return [
    membersOf(`in model ${model.id}`, { table }),
    ...of.map(([name, column]) => membersOf(name, { table, where: `${column} = 1` })),
    ...of.flatMap(([a, x], i) =>
      of
        .slice(i + 1)
        .map(([b, y]) => membersOf(`${a} and ${b}`, { table, where: `${x} = 1 AND ${y} = 1` })),
    ),
  ];
}

/** Names and columns of 0 and 1, the response among them; not the constant. */
function indicatorsOf(model: Model, measure: Measure): [name: string, column: string][] {
  const columns = modelColumns(model, measure).map((column, i) => [column, `x${i}`] as const);
  const response = { name: model.response, ...responseColumn(model, measure) };
  return [...columns.slice(1), [response, "y"] as const].flatMap(([{ name, indicator }, column]) =>
    indicator ? [[name, column] as [string, string]] : [],
  );
}
