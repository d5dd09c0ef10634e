import { join } from "node:path";
import { z } from "zod";
import type { DuckDb } from "../../warehouse/duckdb.ts";
import { text, textList } from "../../warehouse/sql.ts";
import { readYaml } from "../configuration/read-yaml.ts";
import { mappingsDirectory } from "../core/mappings.ts";

const texts = z.array(z.string());
const words = z.array(z.string().regex(/^[A-Z]+$/));
const part = z.enum([
  ...["last", "first", "first1", "sdxlast", "sdxfirst", "sex", "dob", "dob_swapped"],
  ...["zip3", "zip5", "ssn", "phone", "email"],
] as const);

export const linkageRecipeSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  folds: z.record(z.string(), z.string().regex(/^[A-Z]+$/)),
  titles: words,
  suffixes: words,
  raw_placeholders: texts,
  placeholders: words,
  placeholder_prefixes: words,
  birth_date_from: z.iso.date(),
  birth_date_dummies: z.array(z.iso.date()),
  zip_dummies: texts,
  ssn_dummies: texts,
  email_dummies: texts,
  email_domain_dummies: texts,
  tokens: z.record(z.string().regex(/^P[1-9]$/), z.array(part).min(1)),
});
export type LinkageRecipe = z.infer<typeof linkageRecipeSchema>;

/** @throws ProError `CONFIG_PRIVACY`. */
export async function readLinkageRecipe(): Promise<LinkageRecipe> {
  return readYaml(
    join(mappingsDirectory, "linkage", "pro-token-v1.yaml"),
    linkageRecipeSchema,
    "CONFIG_PRIVACY",
  );
}

/**
 * Defines the macros `link_words`, `link_last`, `link_first`, `link_soundex`, `link_dob`, `link_swap`, `link_sex`, `link_zip`,
 * `link_ssn`, `link_phone` and `link_email`: each gives the normal form of a text of the source, or null where it is missing or
 * a dummy. `today` (YYYY-MM-DD) tells which birth dates lie in the future.
 */
export async function createNormalisers(
  db: DuckDb,
  recipe: LinkageRecipe,
  today: string,
): Promise<void> {
  await db.run("CREATE OR REPLACE TEMP TABLE name_fold (letter VARCHAR, plain VARCHAR)");
  const folds = foldTable(recipe);
  const list = "unnest(from_json(?, '[\"VARCHAR\"]'))";
  await db.run(`INSERT INTO name_fold SELECT ${list}, ${list}`, [
    JSON.stringify(folds.map(([letter]) => letter)),
    JSON.stringify(folds.map(([, plain]) => plain)),
  ]);
  await db.run(
    "SET VARIABLE name_fold = (SELECT map(list(letter ORDER BY letter), list(plain ORDER BY letter)) FROM name_fold)",
  );
  for (const macro of macros(recipe, today)) await db.run(`CREATE OR REPLACE TEMP MACRO ${macro}`);
}

/** Letters that NFKD makes Latin ones and DuckDB's `strip_accents` leaves; and those that only our list folds. */
function foldTable({ folds }: LinkageRecipe): [string, string][] {
  const table = new Map<string, string>();
  for (let code = 0xa0; code <= 0x1ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const letter = String.fromCodePoint(code);
    const plain = letter.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
    if (/^[A-Z]+$/.test(plain)) table.set(letter, plain);
  }
  for (const [letter, plain] of Object.entries(folds)) {
    table.set(letter, plain);
    table.set(letter.toUpperCase(), plain);
    table.set(letter.toLowerCase(), plain);
  }
  return [...table].filter(([letter]) => [...letter].length === 1 && !/^[A-Za-z]$/.test(letter));
}

function macros(recipe: LinkageRecipe, today: string): string[] {
  const isPlaceholder = [
    `name IN ${textList(recipe.placeholders)}`,
    ...recipe.placeholder_prefixes.map((prefix) => `starts_with(name, ${text(prefix)})`),
  ].join(" OR ");
  const either = (list: string[]) => list.join("|");
  const digits = "regexp_replace(value, '[^0-9]', '', 'g')";
  return [
    // Names of ASCII letters, nearly all, are spared the look at each letter.
    `link_fold(value) AS CASE WHEN regexp_full_match(value, '[ -~]*') THEN upper(value) ELSE
      list_aggregate(list_transform(string_split(strip_accents(value), ''), lambda c:
        coalesce(getvariable('name_fold')[c], upper(c))), 'string_agg', '') END`,
    `link_words(value) AS CASE WHEN lower(trim(value)) IN ${textList(recipe.raw_placeholders)} THEN NULL ELSE
      nullif(regexp_replace(regexp_replace(
        trim(regexp_replace(regexp_replace(link_fold(value), '[^A-Z\\s,;/]', '', 'g'), '[\\s,;/]+', ' ', 'g')),
        '^((${either(recipe.titles)}) )+', ''), '( (${either(recipe.suffixes)}))+$', ''), '') END`,
    `link_known(name) AS CASE WHEN name = '' OR ${isPlaceholder} THEN NULL ELSE name END`,
    "link_last(value) AS link_known(replace(link_words(value), ' ', ''))",
    // The first of several given names: middle names are written at one place and left out at another.
    "link_first(value) AS CASE WHEN link_last(value) IS NOT NULL THEN link_known(split_part(link_words(value), ' ', 1)) END",
    `link_soundex_codes(name) AS translate(left(name, 1), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202')
      || translate(name[2:], 'ABCDEFGIJKLMNOPQRSTUVXYZHW', '012301202245501262301202')`,
    // Equal neighbours count once, and so do those that only H or W parts; the first letter stands for itself.
    `link_soundex(name) AS left(name, 1) || left(replace(
      ${[1, 2, 3, 4, 5, 6, 0].reduce((codes, digit) => `regexp_replace(${codes}, '${digit}+', '${digit}', 'g')`, "link_soundex_codes(name)")}[2:],
      '0', '') || '000', 3)`,
    `link_day(value) AS coalesce(TRY_CAST(CASE WHEN regexp_full_match(trim(value), '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?') THEN left(trim(value), 10) END AS DATE),
      try_strptime(CASE WHEN regexp_full_match(trim(value), '[0-9]{8}') THEN trim(value) END, '%Y%m%d')::DATE,
      try_strptime(CASE WHEN regexp_full_match(trim(value), '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}') THEN trim(value) END, '%m/%d/%Y')::DATE)`,
    `link_dob(value) AS CASE WHEN link_day(value) BETWEEN DATE ${text(recipe.birth_date_from)} AND DATE ${text(today)}
      AND CAST(link_day(value) AS VARCHAR) NOT IN ${textList(recipe.birth_date_dummies)} THEN CAST(link_day(value) AS VARCHAR) END`,
    // Month and day in ascending order where they could have changed places.
    `link_swap(dob) AS CASE WHEN dob[9:10] <= '12' THEN dob[1:5] || least(dob[6:7], dob[9:10]) || '-' || greatest(dob[6:7], dob[9:10]) ELSE dob END`,
    "link_sex(value) AS CASE lower(trim(value)) WHEN 'm' THEN 'M' WHEN 'male' THEN 'M' WHEN 'f' THEN 'F' WHEN 'female' THEN 'F' END",
    `link_zip(value) AS CASE WHEN regexp_full_match(trim(value), '[0-9]{5}(-?[0-9]{4})?') AND left(trim(value), 5) NOT IN ${textList(recipe.zip_dummies)}
      THEN left(trim(value), 5) END`,
    `link_ssn(value) AS CASE WHEN regexp_full_match(${digits}, '[0-9]{9}') AND left(${digits}, 3) NOT IN ('000', '666') AND left(${digits}, 1) <> '9'
      AND substr(${digits}, 4, 2) <> '00' AND right(${digits}, 4) <> '0000' AND ${digits} <> repeat(left(${digits}, 1), 9)
      AND ${digits} NOT IN ${textList(recipe.ssn_dummies)} THEN ${digits} END`,
    `link_national(value) AS CASE WHEN length(${digits}) = 11 AND left(${digits}, 1) = '1' THEN ${digits}[2:] ELSE ${digits} END`,
    // The North American plan; 555-01xx is set aside for fiction.
    `link_phone(value) AS CASE WHEN regexp_full_match(link_national(value), '[2-9][0-9]{2}[2-9][0-9]{6}')
      AND NOT regexp_full_match(link_national(value), '[0-9]{3}55501[0-9]{2}')
      AND link_national(value) <> repeat(left(link_national(value), 1), 10) THEN link_national(value) END`,
    `link_email(value) AS CASE WHEN regexp_full_match(lower(trim(value)), '[^@\\s]+@[^@\\s]+\\.[^@\\s.]+')
      AND split_part(lower(trim(value)), '@', 1) NOT IN ${textList(recipe.email_dummies)}
      AND split_part(lower(trim(value)), '@', 2) NOT IN ${textList(recipe.email_domain_dummies)} THEN lower(trim(value)) END`,
  ];
}
