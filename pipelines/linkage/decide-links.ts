/** One site's record of a person. */
export interface SiteRecord {
  datamartid: string;
  patid: string;
}

/** Two records of different sites and the tokens on which they agree. */
export interface Candidate {
  a: SiteRecord;
  b: SiteRecord;
  tokens: string[];
}

export interface Links {
  /** Records that belong to a person of several sites. */
  linked: (SiteRecord & { personid: string; tokens: string })[];
  accepted: Candidate[];
  review: (Candidate & { reason: "weak" | "several" })[];
}

const keyOf = ({ datamartid, patid }: SiteRecord) => `${datamartid}:${patid}`;

/**
 * Decides which pairs are one person. A pair with an accepting token is accepted; other pairs go to review. Tokens are no independent votes
 * (P4 implies P1, P2 and P6), so they are not counted against each other: a record that has several candidates at one other site, or a group
 * that would hold two records of a site, goes to review as a whole.
 *
 * Source: statistics.md 8.2 of the reference.
 */
export function decideLinks(candidates: readonly Candidate[], accepting: readonly string[]): Links {
  const strong = candidates.filter(({ tokens }) => tokens.some((one) => accepting.includes(one)));
  const isStrong = new Set(strong);
  const weak = candidates.filter((one) => !isStrong.has(one));
  const groups = groupRecords(strong);
  const sizes = new Map<string, { records: number; sites: Set<string> }>();
  for (const [record, { datamartid }] of recordsOf(strong)) {
    const root = groups(record);
    const size = sizes.get(root) ?? { records: 0, sites: new Set() };
    size.records++;
    size.sites.add(datamartid);
    sizes.set(root, size);
  }
  const isClear = ({ a }: Candidate) => {
    const size = sizes.get(groups(keyOf(a)));
    return size !== undefined && size.records === size.sites.size;
  };
  const accepted = strong.filter(isClear);
  return {
    linked: linkedRecords(accepted),
    accepted,
    review: [
      ...weak.map((one) => ({ ...one, reason: "weak" as const })),
      ...strong
        .filter((one) => !isClear(one))
        .map((one) => ({ ...one, reason: "several" as const })),
    ],
  };
}

function recordsOf(candidates: readonly Candidate[]): Map<string, SiteRecord> {
  return new Map(candidates.flatMap(({ a, b }) => [a, b]).map((one) => [keyOf(one), one]));
}

/** Which records hang together, by any chain of pairs: a function from a record to its group's first record (union-find). */
function groupRecords(candidates: readonly Candidate[]): (record: string) => string {
  const parents = new Map<string, string>();
  const rootOf = (record: string): string => {
    let root = record;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root))
      root = parent;
    // Shortens the way for the next one.
    for (let at = record; at !== root; ) {
      const next = parents.get(at) ?? root;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  for (const { a, b } of candidates) {
    const [first = "", second = ""] = [rootOf(keyOf(a)), rootOf(keyOf(b))].toSorted();
    if (first !== second) parents.set(second, first);
  }
  return rootOf;
}

/** A person is called by the first of its records: the same night after night, whatever the order of arrival. */
function linkedRecords(accepted: readonly Candidate[]): Links["linked"] {
  const personOf = groupRecords(accepted);
  const tokens = new Map<string, Set<string>>();
  for (const pair of accepted) {
    for (const record of [pair.a, pair.b]) {
      const known = tokens.get(keyOf(record)) ?? new Set();
      for (const token of pair.tokens) known.add(token);
      tokens.set(keyOf(record), known);
    }
  }
  return [...recordsOf(accepted)]
    .map(([record, one]) => ({
      ...one,
      personid: personOf(record),
      tokens: [...(tokens.get(record) ?? [])].toSorted().join(" "),
    }))
    .toSorted((x, y) => (keyOf(x) < keyOf(y) ? -1 : 1));
}
