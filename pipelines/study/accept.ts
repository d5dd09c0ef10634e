import { ProError, type Where } from "../core/errors.ts";
import type { Cell, Everybody, Statistics } from "../disclosure/gate.ts";
import type { DisclosureProfile } from "../disclosure/profile.ts";
import type { LinearSums } from "../statistics/linear.ts";
import type { Scale } from "../statistics/statistic.ts";
import type { Model } from "./model-schema.ts";
import type { Study } from "./read-study.ts";
import type { Outcome } from "./schema.ts";
import { canonicalJson, isPrevious, isSignatureValid, type ReceivedSummary } from "./summary.ts";

export interface ExpectedOutcome {
  outcome: Outcome;
  scale: Scale;
  /** SHA-256 of the instrument's definition in the hub's catalogue. */
  instrumentSha256: string;
  /** Those that its scale allows. */
  statistics: Statistics;
  channels: Statistics;
}

export interface Expected {
  study: Study;
  profile: DisclosureProfile;
  /** Of the study, in its order. */
  outcomes: readonly ExpectedOutcome[];
  /** By site; undefined: nobody knows who signs here, only tampering is found. */
  publicKeys: ReadonlyMap<string, string> | undefined;
  /** SHA-256 of the package that was sent out; undefined: none was. */
  packageSha256?: string | undefined;
  /** What the cells of an outcome tell that they should not. */
  recheck(cells: readonly Cell[], statistics: Statistics, profile: DisclosureProfile): string[];
  /** Why a model's sums tell too much; null: they do not. */
  recheckModel(sums: LinearSums, model: Model, outcome: number): string | null;
}

const EVERYBODY: Everybody = "all";

/**
 * Proves that a summary comes from its site, is whole, answers this very study and holds nothing that should have stayed.
 *
 * @throws ProError `SUBMISSION_UNSIGNED`, `SUBMISSION_UNKNOWN_SITE`, `SUBMISSION_TAMPERED`, `SUBMISSION_OTHER_STUDY`,
 * `SUBMISSION_OUTDATED`, `SUBMISSION_OTHER_SCALE`, `DISCLOSURE_OTHER_PROFILE` or `DISCLOSURE_TOO_SMALL`
 */
export function acceptSummary(received: ReceivedSummary, expected: Expected): void {
  const { summary, file } = received;
  const { study, profile } = expected;
  const where = { file, record: summary.site };
  checkSigned(received.signed, where, summary.site, expected.publicKeys);
  if (summary.study.sha256 !== study.sha256) {
    const isOlder = summary.study.id === study.id;
    throw new ProError(
      isOlder ? "SUBMISSION_OUTDATED" : "SUBMISSION_OTHER_STUDY",
      isOlder
        ? "the summary answers another version of this study file"
        : "the summary answers another study file",
      {
        where,
        hint: `send the site this very file, byte for byte (study ${study.id}), and ask it to run it again`,
      },
    );
  }
  const { packageSha256 } = expected;
  if (packageSha256 && summary.package_sha256 && summary.package_sha256 !== packageSha256) {
    throw new ProError("SUBMISSION_OUTDATED", "the summary answers an earlier study package", {
      where,
      hint: "send the site the present package and ask it to answer that",
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
  checkOutcomes(received, expected);
}

/** @throws ProError `SUBMISSION_DUPLICATE_SITE` */
export function checkSitesDiffer(
  received: readonly { file: string; summary: { site: string } }[],
): void {
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

/** @throws ProError `SUBMISSION_UNSIGNED`, `SUBMISSION_UNKNOWN_SITE` or `SUBMISSION_TAMPERED` */
export function checkSigned(
  signed: object,
  where: Where,
  site: string,
  publicKeys: ReadonlyMap<string, string> | undefined,
): void {
  const { signature, signed_by } = signed as { signature?: string; signed_by?: string };
  if (signature === undefined || signed_by === undefined) {
    throw new ProError("SUBMISSION_UNSIGNED", "the file is not signed", {
      where,
      hint: "the site writes a signed one with propool study run --summary",
    });
  }
  const key = publicKeys ? publicKeys.get(site) : signed_by;
  if (key === undefined) {
    throw new ProError("SUBMISSION_UNKNOWN_SITE", "the hub does not know this site", {
      where,
      hint: "add the site and its public key to hub.yaml",
    });
  }
  if (!isSignatureValid(signed, key)) {
    throw new ProError(
      "SUBMISSION_TAMPERED",
      "the signature does not fit: the file was changed, or another key signed it",
      { where, hint: "ask the site for the file again, and compare its public key with hub.yaml" },
    );
  }
}

function checkOutcomes(received: ReceivedSummary, expected: Expected): void {
  const { summary, file } = received;
  const { outcomes, profile, study } = expected;
  const where = { file, record: summary.site };
  const nameOf = ({ instrument, score }: Outcome) => `${instrument} ${score}`;
  if (summary.outcomes.map(nameOf).join() !== outcomes.map((one) => nameOf(one.outcome)).join()) {
    throw incomplete(where, "outcomes");
  }
  for (const [index, one] of outcomes.entries()) {
    const answer = summary.outcomes[index];
    if (!answer) throw incomplete(where, "outcomes");
    if (canonicalJson(answer.scale) !== canonicalJson(one.scale)) {
      throw new ProError(
        "SUBMISSION_OTHER_SCALE",
        `the site's catalogue defines ${nameOf(one.outcome)} in another way`,
        { where, hint: "sites and hub need the same version of the instrument" },
      );
    }
    if (!isPrevious(received) && answer.instrument_sha256 !== one.instrumentSha256) {
      throw new ProError(
        "SUBMISSION_OUTDATED",
        `the site's catalogue defines ${one.outcome.instrument} in another way`,
        { where, hint: "sites and hub need the same version of the instrument" },
      );
    }
    const tables = [
      { cells: answer.cells as Cell[], statistics: one.statistics },
      ...one.channels.map((statistic) => ({
        cells: onlyOf(answer.channels as Cell[], statistic.name),
        statistics: [statistic],
      })),
    ];
    const isOld = isPrevious(received);
    for (const { cells, statistics } of isOld ? tables.slice(0, 1) : tables) {
      if (!isComplete(cells, statistics, isOld)) throw incomplete(where, "statistics or strata");
      const [finding] = expected.recheck(cells, statistics, profile);
      if (finding !== undefined) throw tooSmall(where, finding);
    }
    const models = answer.models.map(({ id }) => id).join();
    if (!isOld && models !== study.models.map(({ id }) => id).join())
      throw incomplete(where, "models");
    for (const [i, { sums }] of answer.models.entries()) {
      const model = study.models[i];
      const finding = model && sums && expected.recheckModel(sums, model, index);
      if (finding) throw tooSmall(where, `model ${model.id}: ${finding}`);
    }
  }
}

function tooSmall(where: Where, finding: string): ProError {
  return new ProError("DISCLOSURE_TOO_SMALL", `the summary tells too much: ${finding}`, {
    where,
    hint: "delete this file, and ask the site to update propool and run the study again",
  });
}

function onlyOf(cells: readonly Cell[], name: string): Cell[] {
  return cells
    .filter(({ statistics }) => name in statistics)
    .map(({ stratum, statistics }) => ({ stratum, statistics: { [name]: statistics[name] } }));
}

/**
 * Whether the margin comes first, no stratum twice, and each has every statistic, be it hidden. A summary of the previous format
 * knew fewer statistics; it may have no others.
 */
function isComplete(cells: readonly Cell[], statistics: Statistics, isOld: boolean): boolean {
  const wanted = statistics.map(({ name }) => name).sort();
  const strata = new Set(cells.map(({ stratum }) => stratum));
  const hasAll = (cell: Cell) => {
    const names = Object.keys(cell.statistics).sort();
    return isOld ? names.every((name) => wanted.includes(name)) : names.join() === wanted.join();
  };
  return cells[0]?.stratum === EVERYBODY && strata.size === cells.length && cells.every(hasAll);
}

function incomplete(where: Where, what: string): ProError {
  return new ProError("SUBMISSION_SUMMARY", `the summary has other ${what} than the study`, {
    where,
    hint: "ask the site to run this study with this version of propool",
  });
}
