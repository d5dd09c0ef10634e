import { dirname, join, resolve } from "node:path";
import { readCatalogueOf } from "./catalogue/read.ts";
import { withChecked } from "./check.ts";
import { ProError } from "./core/errors.ts";
import { exists, privateDirectory, writeWhole } from "./core/files.ts";
import { conceal } from "./disclosure/conceal.ts";
import { readDisclosureProfile } from "./disclosure/profile.ts";
import type { Refresh } from "./quality/history.ts";
import type { Verdict } from "./quality/judge.ts";
import { readReasons } from "./quality/reasons.ts";
import type { Guard } from "./quality/report/data.ts";

export interface ReportOptions {
  /** YYYY-MM-DD, by which acknowledgements expire. */
  today: string;
  /** Where to write the page; default reports/report.html in the folder. */
  out?: string;
  /** A page that may leave: small counts, keys, places and codes of the source are left out. */
  isShared?: boolean;
}

export interface Reported {
  file: string;
  bytes: number;
  verdicts: Verdict[];
}

/** The disclosure rule of pages that leave. */
const SHARED_PROFILE = "minimum-11";

/**
 * Writes the page about a site's or a hub's folder.
 *
 * @throws ProError `CONFIG_*`, `WAREHOUSE_MISSING`; `USAGE_OUT` when the folder of `out` does not exist.
 */
export async function writeReport(directory: string, options: ReportOptions): Promise<Reported> {
  const { today, isShared = false } = options;
  const out = options.out === undefined ? undefined : resolve(options.out);
  if (out && !(await exists(dirname(out)))) {
    throw new ProError("USAGE_OUT", "the folder of the page does not exist", {
      where: { file: out },
      hint: "create it, or name another place with --out",
    });
  }
  // Charts are loaded only where they are drawn: the library takes a fifth of a second.
  const { gather, renderReport } = await import("./quality/report/index.ts");
  return withChecked(directory, { today }, async (folder) => {
    const { instruments } = await readCatalogueOf(directory);
    const minimum = (await readDisclosureProfile(SHARED_PROFILE)).minimum_people;
    const verdicts = isShared ? folder.verdicts.map(hideSmall(minimum)) : folder.verdicts;
    const input = {
      ...folder,
      verdicts,
      refreshes: isShared ? folder.refreshes.map(withoutLedger) : folder.refreshes,
      instruments,
      reasons: await readReasons(),
      guard: isShared ? guardOf(BigInt(minimum)) : (counts: readonly number[]) => [...counts],
      isShared,
      today,
    };
    const page = renderReport(input, await gather(folder.session.db, input));
    const file =
      out ?? join(folder.reportsDirectory, isShared ? "report-share.html" : "report.html");
    if (!out) await privateDirectory(folder.reportsDirectory);
    await writeWhole(file, page, isShared ? 0o644 : 0o600);
    return { file, bytes: Buffer.byteLength(page), verdicts: folder.verdicts };
  });
}

/** The gate over a line of counts whose sum is shown: small ones go, and others with which they could be had by subtraction. */
function guardOf(minimum: bigint): Guard {
  return (counts) => {
    const cells = new Map(counts.map((n, i) => [String(i), [BigInt(Math.round(n))]]));
    const { strata, margin } = conceal(cells, minimum);
    return counts.map((n, i) => (margin || strata.has(String(i)) ? null : n));
  };
}

/** A ledger's small counts could be had back from its sum, and its reasons name what the source wrote: it stays inside. */
function withoutLedger(refresh: Refresh): Refresh {
  return { ...refresh, ledgers: null, lines: [], unmapped: [] };
}

/** Without keys, without what a steward wrote down as a reason, and without a count of few or of all but few. */
function hideSmall(minimum: number): (verdict: Verdict) => Verdict {
  const isSmall = (n: number) => n > 0 && n < minimum;
  return (verdict) => {
    const { n, total, status } = verdict;
    const why = status === "acknowledged" ? "known and accepted where it was found" : verdict.why;
    const hide =
      n !== null && total !== null && (isSmall(n) || isSmall(total - n) || isSmall(total));
    return { ...verdict, why, keys: [], ...(hide ? { n: null, total: null } : {}) };
  };
}
