import type { LeftOutCodes } from "../pipelines/left-out-codes.ts";
import { formatNumber } from "./output.ts";

/** The codes that nobody knows, and the line that gives one a meaning. */
export function leftOutCodesText({ codes, rare }: LeftOutCodes): string[] {
  if (codes.length === 0) return [];
  const shown = codes.map(({ code, count }) => `${code} (${formatNumber(count)})`).join(", ");
  const files = [...new Set(codes.map(({ file }) => file))].join(", ");
  const more =
    rare > 0
      ? `; ${formatNumber(rare)} more stand in few rows and may name somebody: not shown`
      : "";
  return [
    `Codes that nobody knows, with their rows, which are out of scope: ${shown}${more}.`,
    `If one is an item, propool suggest drafts its line, or write it into the entry of ${files} in the mapping, such as`,
    "   instruments: [{ instrument: phq-9, items: { PHQ9_1: the code } }]",
  ];
}
