import { ProError, type Where } from "../core/errors.ts";
import type { Cell, Everybody, Statistics } from "../disclosure/gate.ts";
import type { DisclosureProfile } from "../disclosure/profile.ts";
import type { Scale } from "../statistics/statistic.ts";
import type { Study } from "./read-study.ts";
import type { Outcome } from "./schema.ts";
import { canonicalJson, isSignatureValid, type ReceivedSummary } from "./summary.ts";

export interface Expected {
  study: Study;
  profile: DisclosureProfile;
  /** Of the study, in its order, with the statistics that its scale allows. */
  outcomes: readonly { outcome: Outcome; scale: Scale; statistics: Statistics }[];
  /** By site; undefined: nobody knows who signs here, only tampering is found. */
  publicKeys: ReadonlyMap<string, string> | undefined;
  /** What the cells of an outcome tell that they should not. */
  recheck(cells: readonly Cell[], statistics: Statistics, minimumPeople: number): string[];
}

const EVERYBODY: Everybody = "all";

/**
 * Proves that a summary comes from its site, is whole, answers this very study and holds nothing that should have stayed.
 *
 * @throws ProError `SUBMISSION_UNSIGNED`, `SUBMISSION_UNKNOWN_SITE`, `SUBMISSION_TAMPERED`, `SUBMISSION_OTHER_STUDY`,
 * `SUBMISSION_OTHER_SCALE`, `DISCLOSURE_OTHER_PROFILE` or `DISCLOSURE_TOO_SMALL`
 */
export function acceptSummary({ summary, file }: ReceivedSummary, expected: Expected): void {
  const { study, profile } = expected;
  const where = { file, record: summary.site };
  checkSignature({ summary, file }, expected.publicKeys);
  if (summary.study.sha256 !== study.sha256) {
    throw new ProError("SUBMISSION_OTHER_STUDY", "the summary answers another study file", {
      where,
      hint: `send the site this very file, byte for byte (study ${study.id}), and ask it to run it again`,
    });
  }
  if (
    summary.disclosure.profile !== profile.id ||
    summary.disclosure.minimum_people < profile.minimum_people
  ) {
    throw new ProError(
      "DISCLOSURE_OTHER_PROFILE",
      "the summary was made under another disclosure profile",
      { where, hint: `the study asks for ${profile.id} (${profile.minimum_people} people)` },
    );
  }
  checkOutcomes({ summary, file }, expected);
}

/** @throws ProError `SUBMISSION_DUPLICATE_SITE` */
export function checkSitesDiffer(received: readonly ReceivedSummary[]): void {
  const files = new Map<string, string>();
  for (const { summary, file } of received) {
    const earlier = files.get(summary.site);
    if (earlier !== undefined) {
      throw new ProError("SUBMISSION_DUPLICATE_SITE", "two summaries are of the same site", {
        where: { file, record: summary.site },
        hint: `leave out one of them; the other is ${earlier}`,
      });
    }
    files.set(summary.site, file);
  }
}

function checkSignature(
  { summary, file }: ReceivedSummary,
  publicKeys: ReadonlyMap<string, string> | undefined,
): void {
  const where = { file, record: summary.site };
  if (summary.signature === undefined || summary.signed_by === undefined) {
    throw new ProError("SUBMISSION_UNSIGNED", "the summary is not signed", {
      where,
      hint: "the site writes a signed one with propool study run --summary",
    });
  }
  const key = publicKeys ? publicKeys.get(summary.site) : summary.signed_by;
  if (key === undefined) {
    throw new ProError("SUBMISSION_UNKNOWN_SITE", "the hub does not know this site", {
      where,
      hint: "add the site and its public key to hub.yaml",
    });
  }
  if (!isSignatureValid(summary, key)) {
    throw new ProError(
      "SUBMISSION_TAMPERED",
      "the signature does not fit: the summary was changed, or another key signed it",
      { where, hint: "ask the site for the file again, and compare its public key with hub.yaml" },
    );
  }
}

function checkOutcomes({ summary, file }: ReceivedSummary, expected: Expected): void {
  const { outcomes, profile } = expected;
  const where = { file, record: summary.site };
  const answered = summary.outcomes.map(({ instrument, score }) => `${instrument} ${score}`);
  const asked = outcomes.map(({ outcome }) => `${outcome.instrument} ${outcome.score}`);
  if (answered.join() !== asked.join()) throw incomplete(where, "outcomes");
  for (const [index, { scale, statistics }] of outcomes.entries()) {
    const answer = summary.outcomes[index];
    if (canonicalJson(answer?.scale) !== canonicalJson(scale)) {
      throw new ProError(
        "SUBMISSION_OTHER_SCALE",
        `the site's catalogue defines ${asked[index]} in another way`,
        { where, hint: "sites and hub need the same version of the instrument" },
      );
    }
    const cells = (answer?.cells ?? []) as Cell[];
    if (!isComplete(cells, statistics)) throw incomplete(where, "statistics or strata");
    const [finding] = expected.recheck(cells, statistics, profile.minimum_people);
    if (finding !== undefined) {
      throw new ProError("DISCLOSURE_TOO_SMALL", `the summary tells too much: ${finding}`, {
        where,
        hint: "delete this file, and ask the site to update propool and run the study again",
      });
    }
  }
}

/** Whether the margin comes first, no stratum twice, and each has every statistic, be it hidden. */
function isComplete(cells: readonly Cell[], statistics: Statistics): boolean {
  const wanted = statistics.map(({ name }) => name).sort();
  const strata = new Set(cells.map(({ stratum }) => stratum));
  return (
    cells[0]?.stratum === EVERYBODY &&
    strata.size === cells.length &&
    cells.every((cell) => Object.keys(cell.statistics).sort().join() === wanted.join())
  );
}

function incomplete(where: Where, what: string): ProError {
  return new ProError("SUBMISSION_SUMMARY", `the summary has other ${what} than the study`, {
    where,
    hint: "ask the site to run this study with this version of propool",
  });
}
