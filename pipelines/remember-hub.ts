import { withChecked } from "./check.ts";
import type { Hub } from "./configuration/hub.ts";
import type { Progress } from "./core/progress.ts";
import { type Refresh, readRefreshes, writeRefresh } from "./quality/history.ts";
import { factsNow } from "./quality/session.ts";
import type { Chains } from "./receive.ts";

/** Which part of what is held may be new before the data checks look at all of it again. */
const NEW_SHARE = 0.1;
/** So few rows are checked after every load: it takes no time. */
const ALWAYS_ROWS = 200_000;

/** What became of the data checks of a hub's night. */
export interface HubChecks {
  made: boolean;
  /** Rows that came, changed or went since they were made. */
  newRows: number;
  /** Rows of all sites. */
  rows: number;
}

/**
 * Makes the data checks of what a hub holds and remembers them, for trends and for the comparison with the next ones, once enough of it is
 * new. They read all rows: made again after every tenth that is new, they cost each row that comes a fixed time, however much is held. What a
 * submission brings was proven when it came.
 *
 * Returns null when nothing came since they were made.
 */
export async function rememberHub(
  { network, directory, reportsDirectory }: Hub,
  chains: Chains,
  { progress, today }: { progress: Progress; today: string },
): Promise<HubChecks | null> {
  const [latest] = await readRefreshes(reportsDirectory);
  const due = checksDue(latest?.held ?? {}, chains);
  if (!due?.made) return due;
  await progress.stage(network, "check", () =>
    withChecked(directory, { today, isNew: true }, async ({ refreshes, measures, session }) =>
      writeRefresh(reportsDirectory, {
        day: today,
        full: refreshes.length === 0,
        measures,
        facts: await factsNow(session.db),
        held: sequencesOf(chains),
        ledgers: null,
        lines: [],
        unmapped: [],
      }),
    ),
  );
  return due;
}

/** Newest submission by site. */
type Sequences = NonNullable<Refresh["held"]>;

function sequencesOf(chains: Chains): Sequences {
  const newest = [...chains].flatMap(([site, chain]) => {
    const last = chain.at(-1);
    return last ? [[site, last.sequence] as const] : [];
  });
  return Object.fromEntries(newest);
}

/** Whether the checks are made, who saw the submissions `seen` last; null: nothing came since. A site that is new is checked at once. */
export function checksDue(seen: Sequences, chains: Chains): HubChecks | null {
  const unseen = [...chains].flatMap(([site, chain]) =>
    chain.filter(({ sequence }) => sequence > (seen[site] ?? 0)),
  );
  if (unseen.length === 0) return null;
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const rows = sum([...chains.values()].map((chain) => chain.at(-1)?.heldRows ?? 0));
  const newRows = sum(unseen.map(({ movedRows }) => movedRows));
  const isNewSite = unseen.some(({ site }) => seen[site] === undefined);
  const made = isNewSite || rows <= ALWAYS_ROWS || newRows >= NEW_SHARE * rows;
  return { made, newRows, rows };
}
