import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { isSure } from "../../pipelines/suggest/suggestion.ts";
import { type FileDraft, suggestCsv } from "../../pipelines/suggest.ts";
import { SUGGEST_TRUTH, type TruthFile } from "../support/suggest-truth.ts";

const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const present = existsSync(join(CORPUS, "truth.csv"));
const title = (what: string) => (present ? what : `${what} (left out: no corpus at ${CORPUS})`);

interface Count {
  right: number;
  wrong: number;
  open: number;
}
interface Measured {
  /** Columns that have a place in our tables. */
  meant: Count;
  /** All columns; one without a place is right when nothing is chosen for it. */
  all: Count;
  mistakes: string[];
  open: string[];
}

const halves = new Map<TruthFile["half"], Measured>();
const known = new Set((await readCatalogue()).instruments.map(({ id }) => id));

describe.skipIf(!present)(title("suggest on files of other people's systems"), () => {
  beforeAll(async () => {
    for (const truth of SUGGEST_TRUTH) {
      // Without the shared layouts, which were written by reading some of these files.
      const { files } = await suggestCsv([join(CORPUS, "csv", truth.file)], { withLayouts: false });
      for (const draft of files) count(truth, draft);
    }
    for (const [half, { meant, all }] of halves) {
      const share = ({ right, wrong, open }: Count) =>
        `${right + wrong + open} columns, right ${right}, wrong ${wrong}, open ${open}`;
      console.info(`suggest, ${half}: with a place ${share(meant)}; all ${share(all)}`);
    }
  }, 60_000);

  it.each(["development", "held out"] as const)(
    "is wrong for fewer than 2 in 100 columns of the %s half",
    (half) => {
      const { meant, all, mistakes } = halves.get(half) as Measured;
      expect(mistakes.slice(0, 20)).toEqual([]);
      expect(meant.wrong).toBeLessThan(0.02 * sum(meant));
      expect(all.wrong).toBeLessThan(0.02 * sum(all));
    },
  );

  it.each(["development", "held out"] as const)(
    "is right for more than 80 in 100 columns of the %s half that have a place",
    (half) => {
      const { meant } = halves.get(half) as Measured;
      expect(meant.right).toBeGreaterThan(0.8 * sum(meant));
    },
  );
});

const sum = ({ right, wrong, open }: Count) => right + wrong + open;

function count({ file, half, roles }: TruthFile, draft: FileDraft): void {
  const none = () => ({ right: 0, wrong: 0, open: 0 });
  const measured = halves.get(half) ?? { meant: none(), all: none(), mistakes: [], open: [] };
  halves.set(half, measured);
  for (const one of draft.columns) {
    const wanted = [roles[one.column] ?? ""].flat();
    // An instrument that the catalogue does not have cannot be suggested.
    if (wanted.every((role) => role.includes("/") && !known.has(role.split("/")[0] ?? "")))
      continue;
    const found = isSure(one) ? (one.role ?? "").replace(/^person\./, "").replace(/^.*:/, "") : "";
    const verdict = wanted.includes(found) ? "right" : found === "" ? "open" : "wrong";
    measured.all[verdict]++;
    if (!wanted.includes("")) measured.meant[verdict]++;
    if (verdict === "wrong")
      measured.mistakes.push(`${file} ${one.column}: ${found}, not ${wanted}`);
    if (verdict === "open") measured.open.push(`${file} ${one.column}: ${wanted}`);
  }
}
