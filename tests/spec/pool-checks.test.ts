import { describe, expect, it } from "vitest";
import type { Chains } from "../../pipelines/receive.ts";
import { checksDue } from "../../pipelines/remember-hub.ts";

/** [rows that it moves, rows of the site after it] of each submission of a site, the first being number 1. */
function chains(sites: Record<string, [moved: number, held: number][]>): Chains {
  return new Map(
    Object.entries(sites).map(([site, submissions]) => [
      site,
      submissions.map(([movedRows, heldRows], i) => ({
        site,
        sequence: i + 1,
        directory: "",
        kind: i === 0 ? "full" : "changes",
        created: "2024-01-01",
        manifestSha256: "",
        tokenKeyFingerprint: "",
        withdrawn: [],
        heldRows,
        movedRows,
      })),
    ]),
  );
}

const MILLION: [number, number] = [1_000_000, 1_000_000];

describe("the data checks of all that a hub holds are made", () => {
  it.each([
    ["for a site that was never seen", {}, { A: [MILLION] }, true],
    ["when a tenth is new", { A: 1 }, { A: [MILLION, [100_000, 1_000_000]] }, true],
    ["not for less", { A: 1 }, { A: [MILLION, [99_999, 1_000_000]] }, false],
    [
      "when several nights together bring a tenth",
      { A: 1, B: 1 },
      {
        A: [MILLION, [120_000, 1_100_000], [20_000, 1_120_000]],
        B: [MILLION, [80_000, 1_080_000]],
      },
      true,
    ],
    [
      "after every load of a small warehouse",
      { A: 1 },
      {
        A: [
          [200_000, 200_000],
          [1, 200_000],
        ],
      },
      true,
    ],
    ["when another site is new", { A: 1 }, { A: [MILLION], B: [[1, 1]] }, true],
  ] as const)("%s", (_, seen, sites, made) => {
    const of = chains(sites as unknown as Parameters<typeof chains>[0]);
    expect(checksDue(seen, of)?.made).toBe(made);
  });

  it("and not thought of where nothing came since", () => {
    expect(checksDue({ A: 2 }, chains({ A: [MILLION, [5, 1_000_005]], B: [] }))).toBeNull();
  });

  it("saying how much is new", () => {
    const of = chains({ A: [MILLION, [1000, 1_000_500], [2000, 1_001_000]] });
    expect(checksDue({ A: 1 }, of)).toEqual({ made: false, newRows: 3000, rows: 1_001_000 });
  });
});
