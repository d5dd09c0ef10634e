import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkageKey, signaturesSql } from "../../pipelines/privacy/linkage.ts";
import {
  createNormalisers,
  type LinkageRecipe,
  readLinkageRecipe,
} from "../../pipelines/privacy/normalise.ts";
import { loadTokenKeys, tokenSql } from "../../pipelines/privacy/tokens.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";

// Source: our reference vectors, tokens_pprl.json and linkage.json (recipe pro-token-v1).
const golden = join(import.meta.dirname, "../golden/privacy");
const vectors = JSON.parse(await readFile(join(golden, "tokens_pprl.json"), "utf8"));
const linkage = JSON.parse(await readFile(join(golden, "linkage.json"), "utf8"));
const master = Buffer.from(vectors.master_key_hex, "hex");
const PURPOSES = Array.from({ length: 9 }, (_, i) => `link_p${i + 1}`);
const alpha = { project: "project-alpha", epoch: "2025" };

let db: DuckDb;
let recipe: LinkageRecipe;
beforeAll(async () => {
  db = await DuckDb.open(":memory:", { small: true });
  recipe = await readLinkageRecipe();
  await createNormalisers(db, recipe, vectors.as_of_date_for_future_birth_dates);
});
afterAll(() => db.close());

/** What a macro makes of each of these texts. */
async function normal(macro: string, inputs: string[]): Promise<(string | null)[]> {
  const rows = await db.all<{ normal: string | null }>(
    `SELECT ${macro}(value) AS normal FROM (SELECT unnest(from_json(?, '["VARCHAR"]')) AS value)`,
    [JSON.stringify(inputs)],
  );
  return rows.map((row) => row.normal);
}

describe("the parts of linkage tokens", () => {
  it.each([
    ["link_last", "name_normalisation"],
    ["link_dob", "dob_normalisation"],
    ["link_zip", "zip_normalisation"],
    ["link_sex", "sex_normalisation"],
    ["link_ssn", "ssn_normalisation"],
    ["link_phone", "phone_normalisation"],
    ["link_email", "email_normalisation"],
  ])("%s follows every vector of %s", async (macro, list) => {
    const cases = vectors[list] as { input: string; normalized: string | null }[];
    expect(cases.length).toBeGreaterThan(5);
    expect(
      await normal(
        macro,
        cases.map(({ input }) => input),
      ),
    ).toEqual(cases.map(({ normalized }) => normalized));
  });

  it("have Soundex codes as the National Archives and Knuth say", async () => {
    const cases = vectors.soundex as { name: string; code: string }[];
    expect(
      await normal(
        "link_soundex",
        cases.map(({ name }) => name.toUpperCase()),
      ),
    ).toEqual(cases.map(({ code }) => code));
  });

  it("fold every letter that Unicode takes apart into Latin ones", async () => {
    const letters: string[] = [];
    for (let code = 0xa0; code <= 0xffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const letter = String.fromCodePoint(code);
      if (/^[A-Za-z]+$/.test(letter.normalize("NFKD").replace(/\p{M}/gu, ""))) letters.push(letter);
    }
    expect(letters.length).toBeGreaterThan(700);
    const folded = await normal(
      "link_fold",
      letters.map((letter) => `a${letter}`),
    );
    const plain = (letter: string) => letter.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
    expect(folded).toEqual(letters.map((letter) => `A${plain(letter)}`));
  });

  it.each([
    ["Anne Marie", "ANNE"],
    ["Anne-Marie", "ANNEMARIE"],
    ["Dr. Anne", "ANNE"],
    ["Baby Boy", null],
    ["Babyboy Smith", null],
  ])("take the first of several given names: %s", async (given, first) => {
    expect(await normal("link_first", [given])).toEqual([first]);
  });
});

interface TestPerson {
  first: string;
  last: string;
  sex?: string;
  dob: string;
  zip?: string;
  ssn?: string;
  phone?: string;
  email?: string;
}

/** The tokens or, without a key, the signatures of people: one row a person, P1 to P9. */
async function tokensOf(people: TestPerson[], key: Uint8Array | null): Promise<unknown[][]> {
  const columns = ["first", "last", "sex", "dob", "zip", "ssn", "phone", "email"];
  const structure = JSON.stringify([Object.fromEntries(columns.map((name) => [name, "VARCHAR"]))]);
  await db.run(
    `CREATE OR REPLACE TEMP TABLE person AS SELECT row_number() OVER () AS patid, last AS family_name, first AS given_name, dob AS birth_date,
      sex, zip, phone, email, ssn FROM (SELECT unnest(from_json(?, '${structure}'), max_depth := 2))`,
    [JSON.stringify(people)],
  );
  if (key) await loadTokenKeys(db, { generations: [], linkage: key }, PURPOSES);
  const cells = PURPOSES.map((purpose, i) => {
    const column = `token_0${i + 1}`;
    return key ? tokenSql(purpose, column) : column;
  });
  const reader = await db.connection.runAndReadAll(
    `SELECT ${cells.join(", ")} FROM (${signaturesSql(recipe, "FROM person")}) ORDER BY patid`,
  );
  return reader.getRows();
}

describe("linkage tokens", () => {
  const people = vectors.people as {
    input: TestPerson;
    signatures: Record<string, string | null>;
    tokens: Record<string, Record<string, string | null>>;
  }[];
  const inputs = people.map(({ input }) => input);

  it("are made of the parts that the recipe names, and of nothing where one is missing or a dummy", async () => {
    expect(await tokensOf(inputs, null)).toEqual(
      people.map(({ signatures }) => Object.values(signatures)),
    );
  });

  it.each(Object.keys(vectors.project_keys))("of %s are as the vectors say", async (scope) => {
    const [project = "", epoch = ""] = scope.split("/");
    const { key } = linkageKey(master, { project, epoch });
    expect(Buffer.from(key).toString("hex")).toBe(vectors.project_keys[scope]);
    const expected = people.map(({ tokens }) => Object.values(tokens[scope] ?? {}));
    expect(await tokensOf(inputs, key)).toEqual(expected);
    expect(expected.flat().filter(Boolean).length).toBeGreaterThan(30);
  });

  it("are named by project, epoch and a fingerprint, not by the key", () => {
    const { key, name } = linkageKey(master, alpha);
    expect(name).toMatch(/^pro-token-v1\/project-alpha\/2025\/[0-9a-f]{16}$/);
    expect(Buffer.from(key).toString("hex")).not.toContain(name.slice(-16));
    expect(linkageKey(master, { ...alpha, epoch: "2026" }).name).not.toBe(name);
  });

  it("find the pairs of the two files that the reference counts", async () => {
    const { key } = linkageKey(master, alpha);
    await tokensOf([], key);
    const side = (
      name: string,
    ) => `SELECT id AS patid, last AS family_name, first AS given_name, dob AS birth_date, sex, zip,
      NULL::VARCHAR AS phone, NULL::VARCHAR AS email, NULL::VARCHAR AS ssn FROM read_csv(${text(join(golden, name))}, all_varchar = true)`;
    for (const name of ["a", "b"]) {
      const tokens = PURPOSES.map(
        (purpose, i) => `${tokenSql(purpose, `token_0${i + 1}`)} AS p${i + 1}`,
      );
      await db.run(`CREATE OR REPLACE TEMP TABLE side_${name} AS
        SELECT r.truth, s.* FROM (SELECT patid, ${tokens.join(", ")} FROM (${signaturesSql(recipe, side(`linkage_${name}.csv`))})) s
        JOIN read_csv(${text(join(golden, `linkage_${name}.csv`))}, all_varchar = true) r ON r.id = s.patid`);
    }
    const count = async (rule: string) =>
      db.one(`SELECT count(*)::INTEGER AS pairs, (count(*) FILTER (a.truth = b.truth))::INTEGER AS tp, (count(*) FILTER (a.truth <> b.truth))::INTEGER AS fp
        FROM side_a a JOIN side_b b ON ${rule}`);
    const { per_token, any_token } = linkage.deterministic_tokens;
    for (const [i] of PURPOSES.entries()) {
      expect(await count(`a.p${i + 1} = b.p${i + 1}`), `P${i + 1}`).toEqual(per_token[`P${i + 1}`]);
    }
    const either = (ids: number[]) => ids.map((id) => `a.p${id} = b.p${id}`).join(" OR ");
    expect(await count(either([1, 2, 3, 4, 5, 6, 7, 8, 9]))).toEqual(any_token);
    // The rule of statistics.md 8.2: P1 or P5 alone is for people to look at.
    expect(await count(either([2, 3, 4, 6, 7, 8, 9]))).toMatchObject({ tp: 196, fp: 4 });
  });
});

/**
 * An attacker who holds the tokens and knows how frequent each name is: the i-th most frequent token is taken for the i-th most
 * frequent name. Names follow Zipf's law, as real ones nearly do.
 */
describe("a frequency attack on the 100 most frequent names", () => {
  const PEOPLE = 8_000;
  const NAMES = 2_000;
  let chance: number | undefined;

  /** The share of the 100 names that the attack gets right, over 30 ways to order tokens that are equally frequent. */
  async function attack(token: string): Promise<number> {
    const { right } = await db.one<{ right: number }>(`
      WITH name AS (SELECT name, row_number() OVER (ORDER BY count(*) DESC, name) AS rank FROM attacked GROUP BY name),
      held AS MATERIALIZED (SELECT ${token} AS token, name FROM attacked),
      seen AS MATERIALIZED (SELECT token, count(*) AS n, list(DISTINCT name) AS names FROM held WHERE token IS NOT NULL GROUP BY token),
      -- Most tokens are held by one person: the 100 that come first stand for all that could.
      ordered AS (SELECT t.trial, s.names, row_number() OVER (PARTITION BY t.trial ORDER BY s.n DESC, hash(s.token, t.trial)) AS rank
        FROM seen s CROSS JOIN (SELECT range AS trial FROM range(30)) t)
      SELECT avg(CASE WHEN list_contains(o.names, n.name) THEN 1.0 ELSE 0.0 END)::DOUBLE AS right
      FROM ordered o JOIN name n USING (rank) WHERE rank <= 100`);
    return right;
  }

  beforeAll(async () => {
    const { key } = linkageKey(master, alpha);
    await loadTokenKeys(db, { generations: [], linkage: key }, PURPOSES);
    await db.run("SELECT setseed(0.5)");
    // A name of rank k has a share of 1/k; birth dates of 90 years.
    await db.run(`CREATE OR REPLACE TEMP TABLE attacked_person AS
      WITH weight AS (SELECT range AS k, sum(1.0 / range) OVER (ORDER BY range) / sum(1.0 / range) OVER () AS upto FROM range(1, ${NAMES + 1})),
      drawn AS MATERIALIZED (SELECT range AS id, random() AS u, random() AS v, random() AS w FROM range(${PEOPLE}))
      SELECT id AS patid, chr(65 + (k % 26)::INTEGER) || repeat(chr(65 + (k // 26 % 26)::INTEGER), 2) || repeat(chr(65 + (k // 676)::INTEGER), 3) AS family_name,
        chr(65 + (k * 7 % 26)::INTEGER) || 'ELLO' AS given_name, CAST(DATE '1934-01-01' + CAST(v * 32800 AS INTEGER) AS VARCHAR) AS birth_date,
        CASE WHEN w < 0.5 THEN 'F' ELSE 'M' END AS sex, CAST(10001 + CAST(w * 997 AS INTEGER) AS VARCHAR) AS zip, NULL::VARCHAR AS phone, NULL::VARCHAR AS email, NULL::VARCHAR AS ssn
      FROM drawn d ASOF JOIN weight ON d.u <= weight.upto`);
    await db.run(`CREATE OR REPLACE TEMP TABLE attacked AS
      SELECT p.family_name || ' ' || p.given_name AS name, random() AS noise, s.*, p.family_name || '|' || p.given_name AS name_alone
      FROM (${signaturesSql(recipe, "FROM attacked_person")}) s JOIN attacked_person p USING (patid)`);
  });

  it("succeeds where a token is made of the name alone, so the attack is a real one", async () => {
    expect(await attack(tokenSql("link_p4", "name_alone"))).toBeGreaterThan(0.3);
  });

  it.each([1, 2, 3, 4, 5, 6])("gets from P%i no more than chance and a hundredth", async (id) => {
    // By chance: the same guesses where tokens say nothing.
    chance ??= await attack("CAST(noise AS VARCHAR)");
    expect(await attack(tokenSql(`link_p${id}`, `token_0${id}`))).toBeLessThanOrEqual(
      chance + 0.01,
    );
  });
});
