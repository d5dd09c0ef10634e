import type { Loader } from "../../warehouse/dialects/index.ts";
import { text } from "../../warehouse/sql.ts";
import { type Candidate, decideLinks, type Links } from "./decide-links.ts";

type LinkingLoader = Pick<Loader, "run" | "all">;

/** Any of these makes two records one person. Source: statistics.md 8.1 of the reference. */
const ACCEPTING = ["P2", "P3", "P4", "P6", "P7", "P8", "P9"];
/** These alone say too little. */
const WEAK = ["P1", "P5"];

/** What linking found, for the hub's report. */
export interface LinkageReport {
  /** People found at more than one site, and their records. */
  people: number;
  records: number;
  /** Accepted pairs by the tokens that agreed: `P3 P4` -> 17. */
  pairs: Record<string, number>;
  /** Pairs that were left to review, by reason. */
  review: Record<string, number>;
}

/**
 * Gives records of different sites that share a linkage token under one key the same `personid`, in `person_link`; pairs that say too
 * little, or too much, go to `person_review`. Off: nobody is linked.
 *
 * In: `hash_token` of all sites. A record matches at most one person of each other site.
 */
export async function linkPeople(
  loader: LinkingLoader,
  { isOn }: { isOn: boolean },
): Promise<LinkageReport | null> {
  await loader.run("DELETE FROM person_link");
  await loader.run("DELETE FROM person_review");
  if (!isOn) return null;
  const links = decideLinks(await candidates(loader), ACCEPTING);
  await insertRows(
    loader,
    "person_link (datamartid, patid, personid, tokens)",
    links.linked.map(({ datamartid, patid, personid, tokens }) => [
      datamartid,
      patid,
      personid,
      tokens,
    ]),
  );
  await insertRows(
    loader,
    "person_review (datamartid, patid, other_datamartid, other_patid, tokens, reason)",
    links.review.map(({ a, b, tokens, reason }) => [
      a.datamartid,
      a.patid,
      b.datamartid,
      b.patid,
      tokens.join(" "),
      reason,
    ]),
  );
  return reportOf(links);
}

/** Every pair of records of two sites that share a token, with the tokens that agree. */
async function candidates(loader: LinkingLoader): Promise<Candidate[]> {
  const agreeing = [...ACCEPTING, ...WEAK].map((token) => {
    const column = `token_0${token.slice(1)}`;
    return `SELECT a.datamartid AS a_site, a.patid AS a_patid, b.datamartid AS b_site, b.patid AS b_patid, '${token}' AS token
      FROM link_token a JOIN link_token b ON a.${column} = b.${column} AND a.token_encryption_key = b.token_encryption_key
      WHERE a.datamartid < b.datamartid`;
  });
  // Pairs join by token, not by person: where rows are spread by person they are brought together first.
  await loader.run("CREATE TEMP TABLE link_token AS SELECT * FROM hash_token");
  const rows = await loader.all<{
    a_site: string;
    a_patid: string;
    b_site: string;
    b_patid: string;
    tokens: string;
  }>(`SELECT a_site, a_patid, b_site, b_patid, string_agg(token, ' ' ORDER BY token) AS tokens
    FROM (${agreeing.join("\nUNION ALL ")}) AS agreeing GROUP BY a_site, a_patid, b_site, b_patid`);
  await loader.run("DROP TABLE link_token");
  return rows.map((row) => ({
    a: { datamartid: row.a_site, patid: row.a_patid },
    b: { datamartid: row.b_site, patid: row.b_patid },
    tokens: row.tokens.split(" "),
  }));
}

const BATCH_ROWS = 1000;

async function insertRows(loader: LinkingLoader, target: string, rows: string[][]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    const values = rows
      .slice(from, from + BATCH_ROWS)
      .map((row) => `(${row.map(text).join(", ")})`);
    await loader.run(`INSERT INTO ${target} VALUES ${values.join(", ")}`);
  }
}

function reportOf({ linked, accepted, review }: Links): LinkageReport {
  const count = (words: string[]) => {
    const counts: Record<string, number> = {};
    for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  };
  return {
    people: new Set(linked.map(({ personid }) => personid)).size,
    records: linked.length,
    pairs: count(accepted.map(({ tokens }) => tokens.join(" "))),
    review: count(review.map(({ reason }) => reason)),
  };
}
