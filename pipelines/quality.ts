import { join } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { ident } from "../warehouse/sql.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import {
  type QualityConfiguration,
  type QualityRules,
  readQualityRules,
  refuseUnknownChecks,
} from "./configuration/quality.ts";
import type { Site } from "./configuration/site.ts";
import { ProError } from "./core/errors.ts";
import { type LeftOutCodes, readLeftOutCodes } from "./left-out-codes.ts";
import { tokenSql } from "./privacy/tokens.ts";
import { type Check, readChecks } from "./quality/check.ts";
import {
  carryOver,
  type Fact,
  nightFacts,
  type UnmappedCode,
  unmappedCodes,
} from "./quality/facts.ts";
import { type Refresh, readRefreshes, writeRefresh } from "./quality/history.ts";
import { adjust, judge, reasonsFor, type Status, tally, type Verdict } from "./quality/judge.ts";
import type { LedgerLine, Ledgers } from "./quality/ledger.ts";
import { type Measure, measure } from "./quality/measure.ts";
import { factsNow, insertFacts, openSession } from "./quality/session.ts";

/** The checks as this folder judges them. */
export async function readAdjustedChecks(folder: {
  quality: QualityConfiguration;
  directory: string;
}): Promise<{ checks: (Check & { isOff: boolean })[]; rules: QualityRules }> {
  const rules = await readQualityRules(folder.quality, folder.directory);
  const checks = await readChecks();
  refuseUnknownChecks(rules, new Map(checks.map((one) => [one.id, Object.keys(one.parameters)])));
  return { checks: checks.map((check) => adjust(check, rules)), rules };
}

/** What only the night can see, taken while its identified tables are there. */
export interface NightLook {
  measures: Measure[];
  facts: Fact[];
  unmapped: UnmappedCode[];
  leftOut: LeftOutCodes;
}

/** Counts the checks over tonight's identified tables; `store` is last night's, attached. In: `mapped_*`, `ledger_record`, `token_key`. */
export async function lookAtNight(
  db: DuckDb,
  site: Site,
  store: string | null,
): Promise<NightLook> {
  const { checks } = await readAdjustedChecks(site);
  await db.run("SET VARIABLE datamartid = ?", [site.site]);
  if (store) {
    await db.run(`CREATE TEMP TABLE seen AS
      SELECT a.administration_key FROM mapped_administration a
      JOIN ${ident(store)}.pro_collection c ON c.pro_seq = ${tokenSql("pro_seq", "a.pro_seq_key")} WHERE a.state = 'loaded'`);
  }
  const isNew = store ? "administration_key NOT IN (SELECT administration_key FROM seen)" : "true";
  return {
    measures: await measure(db, checks, { levels: ["night"] }),
    facts: await nightFacts(db, isNew),
    unmapped: await unmappedCodes(db),
    leftOut: await readLeftOutCodes(db),
  };
}

export interface Checked {
  verdicts: Verdict[];
  counts: Record<Status, number>;
}

/** All verdicts of one night, and what is to be remembered of it. */
export interface NightChecked extends Checked {
  refresh: Omit<Refresh, "format" | "sequence">;
}

/**
 * Checks the new store together with what the night saw.
 *
 * @throws ProError `QUALITY_HELD` when a required check fails and the site asks for nothing to be published then.
 */
export async function checkNight(input: {
  site: Site;
  storeFile: string;
  today: string;
  isFull: boolean;
  look: NightLook;
  ledgers: Ledgers;
  lines: readonly LedgerLine[];
}): Promise<NightChecked> {
  const { site, today, isFull, look } = input;
  const { checks, rules } = await readAdjustedChecks(site);
  const [before] = isFull ? [] : await readRefreshes(site.reportsDirectory);
  const session = await openSession({
    source: { file: input.storeFile },
    sites: [site.site],
    today,
    languages: rules.languages,
    loadCatalogue: async (db) => loadCatalogue(db, await readCatalogueOf(site.directory)),
    past: before?.facts ?? null,
    temporaryDirectory: join(site.identifiedDirectory, "check-spill"),
    // The night's answers are dropped by then (forgetAnswers); ten million are checked in 13 s within it, and the night stays under 1 GiB.
    memoryLimit: "288MB",
  });
  try {
    const night = carryOver(before?.facts ?? [], look.facts);
    await insertFacts(session.db, 0, night);
    const { holding } = session;
    const levels =
      session.hasPast || night.length > 0 ? (["store", "history"] as const) : (["store"] as const);
    const stored = await measure(session.db, checks, { levels, holding });
    const facts = await factsNow(session.db);
    const measures = [...look.measures, ...stored];
    const verdicts = judge(checks, measures, {
      rules,
      today,
      sites: [site.site],
      reasons: reasonsFor("site", before !== undefined),
    });
    if (rules.hold) refuseHeld(verdicts);
    const refresh = {
      day: today,
      full: isFull || before === undefined,
      measures,
      facts,
      ledgers: input.ledgers,
      lines: [...input.lines],
      unmapped: [...look.unmapped, ...look.leftOut.codes.map(asUnmapped)],
    };
    return { verdicts, counts: tally(verdicts), refresh };
  } finally {
    session.db.close();
  }
}

const asUnmapped = ({ file, code, count }: LeftOutCodes["codes"][number]) => {
  return { code, system: null, instrument: null, count, file };
};

/** Remembers a night once its store is published. */
export function rememberNight(site: Site, checked: NightChecked): Promise<void> {
  return writeRefresh(site.reportsDirectory, checked.refresh);
}

function refuseHeld(verdicts: readonly Verdict[]): void {
  const failed = verdicts.filter(({ status }) => status === "failed");
  const [first] = failed;
  if (!first) return;
  const ids = failed.map(({ check }) => check.id).join(", ");
  throw new ProError("QUALITY_HELD", `required checks fail: ${ids}; nothing was published`, {
    where: { pointer: first.check.id },
    hint: `${first.check.title}: ${first.check.mend}; or acknowledge it under quality: in site.yaml`,
  });
}
