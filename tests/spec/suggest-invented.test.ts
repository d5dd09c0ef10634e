import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSure } from "../../pipelines/suggest/suggestion.ts";
import { type FileDraft, suggestCsv } from "../../pipelines/suggest.ts";
import { INVENTED, type InventedExport, textOfExport } from "../support/suggest-invented.ts";

const HALVES = ["seen", "kept"] as const;
const tally = () => ({ right: 0, wrong: 0, open: 0 });
const found = {
  seen: { meant: tally(), all: tally(), mistakes: [] as string[] },
  kept: { meant: tally(), all: tally(), mistakes: [] as string[] },
};
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-invented-"));
  for (const one of INVENTED) {
    const path = join(folder, one.file);
    await writeFile(path, textOfExport(one));
    const { files } = await suggestCsv([path], { withLayouts: false });
    if (files[0]) count(one, files[0]);
  }
  for (const half of HALVES) {
    const { meant, all } = found[half];
    console.info(`suggest, invented, ${half}: with a place ${told(meant)}; all ${told(all)}`);
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(HALVES)("suggest on invented exports, the %s half", (half) => {
  it("is wrong for fewer than 2 in 100 columns", () => {
    const { all } = found[half];
    expect(all.wrong).toBeLessThan(0.02 * size(all));
  });

  it("is right for more than 80 in 100 columns that have a place", () => {
    const { meant } = found[half];
    expect(meant.right).toBeGreaterThan(0.8 * size(meant));
  });
});

it("is wrong for no column of the half that may be looked at", () => {
  expect(found.seen.mistakes).toEqual([]);
});

const size = ({ right, wrong, open }: ReturnType<typeof tally>) => right + wrong + open;
const told = (one: ReturnType<typeof tally>) =>
  `${size(one)} columns, right ${one.right}, wrong ${one.wrong}, open ${one.open}`;

function count({ file, half, columns }: InventedExport, draft: FileDraft): void {
  for (const [name, role] of columns) {
    const wanted = [role].flat();
    const one = draft.columns.find(({ column }) => column === name);
    const said = one && isSure(one) ? bare(one.role ?? "") : "";
    const verdict = wanted.includes(said) ? "right" : said === "" ? "open" : "wrong";
    found[half].all[verdict]++;
    if (!wanted.includes("")) found[half].meant[verdict]++;
    if (verdict === "wrong") found[half].mistakes.push(`${file} ${name} is ${wanted}, not ${said}`);
    if (verdict === "open")
      found[half].mistakes.push(`${file} ${name} was left open: ${one?.role}, ${one?.reason}`);
  }
}

const bare = (role: string): string => role.replace(/^person\./, "").replace(/^.*:/, "");
