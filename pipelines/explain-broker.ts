import { wholePeopleSql } from "./broker.ts";
import { placeInYaml } from "./configuration/read-yaml.ts";
import type { Explanation } from "./explain.ts";
import { bloomRecipeFile, readBloomRecipe } from "./privacy/bloom-filter.ts";

const NAMES = ["bloom_filters", "linkage.bloom_filters", "bloom filter", "clk", "pro-clk-v1"];

/** What a linkage broker would get, how it is made, and what is known against it. */
export async function explainBloomFilters(what: string): Promise<Explanation[]> {
  if (!NAMES.includes(what.toLowerCase())) return [];
  const recipe = await readBloomRecipe();
  const { length, salt, flip_probability, threshold, features, warning } = recipe;
  const rule = async (says: string, ...path: string[]) => ({
    says,
    where: await placeInYaml(bloomRecipeFile, path),
  });
  return [
    {
      what: "bloom_filters",
      kind: "linkage recipe",
      meaning: `a Bloom filter of ${length} bits for each person of the night, encrypted to the linkage broker that site.yaml names; made nowhere else, and never for the hub`,
      rules: [
        await rule(`warning: ${warning}`, "warning"),
        ...(await Promise.all(
          Object.entries(features).map(([name, { grams, bits }]) =>
            rule(`${name} sets up to ${bits} bits by its ${grams}`, "features", name),
          ),
        )),
        await rule(`${salt} is the salt; who lacks it or any part has no filter`, "salt"),
        await rule(
          `each bit is turned over with probability ${flip_probability}, every night the same bits of a person`,
          "flip_probability",
        ),
        await rule(
          `the file is CSV: site, patid, encoding, filter (base64, the highest bit first); the broker compares rows of two sites with one encoding and takes a pair for one person from Dice ${threshold}`,
          "threshold",
        ),
      ],
      sql: [{ name: "broker: whole people", sql: wholePeopleSql(recipe) }],
    },
  ];
}
