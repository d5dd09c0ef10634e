import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvMappingSchema } from "../../pipelines/adapters/csv/layout.ts";
import { parseYaml } from "../../pipelines/configuration/read-yaml.ts";
import { isSure } from "../../pipelines/suggest/suggestion.ts";
import { draftText, type FileDraft, suggestCsv } from "../../pipelines/suggest.ts";
import { INVENTED, type InventedExport, textOfExport } from "../support/suggest-invented.ts";

const HALVES = ["seen", "kept"] as const;
const tally = () => ({ right: 0, wrong: 0, open: 0 });
const found = {
  seen: { meant: tally(), all: tally(), mistakes: [] as string[] },
  kept: { meant: tally(), all: tally(), mistakes: [] as string[] },
};
const whole: { file: string; text: string }[] = [];
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-invented-"));
  for (const one of INVENTED) {
    const path = join(folder, one.file);
    await writeFile(path, textOfExport(one));
    const { files } = await suggestCsv([path], { withLayouts: false });
    if (files[0]) count(one, files[0]);
    const text = draftText({ layout: null, files }, "2026-01-01");
    if (files[0]?.yaml && !text.includes("# Not complete")) whole.push({ file: one.file, text });
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

it("drafts mappings that can be read as they stand", () => {
  expect(whole.length).toBeGreaterThan(10);
  for (const { file, text } of whole) {
    expect(parseYaml(text, file, csvMappingSchema, "MAPPING_CSV").files).toHaveLength(1);
  }
});

it("is wrong for no column of the half that may be looked at", () => {
  const wrong = found.seen.mistakes.filter((one) => one.includes(", not "));
  expect(wrong).toEqual([]);
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
