import type { Instrument, Score } from "../pipelines/catalogue/instrument.ts";
import type { Described } from "../pipelines/instruments.ts";
import { indent, table } from "./output.ts";

/** One instrument for the terminal: what it is, its codes and where each was seen, its scores and how sure we are of them. */
export function instrumentText({ instrument, file, isOwn, links }: Described): string {
  const { name, version, license, recall, languages, source } = instrument;
  const facts = [
    ["version", version || "none"],
    ["recall", recall],
    ["licence", [license.status, license.holder, license.note].filter(Boolean).join("; ")],
    ["languages of its answer words", languages.join(", ")],
    ["higher is", instrument.direction],
    ["file", isOwn ? `${file} (your own)` : file],
    ["source", source],
  ];
  const parts = [
    `${instrument.id}: ${name}\n${facts.map(([key, value]) => `   ${key}: ${value}`).join("\n")}`,
    titled(
      "codes",
      table(["stands for", "system", "code", "version", "seen"], codeRows(instrument)),
    ),
    ...(instrument.items.length > 0
      ? [titled("items", table(["item", "label", "answers", "notes"], itemRows(instrument)))]
      : []),
    titled("scores", instrument.scores.map(scoreText).join("\n")),
    ...(links.length > 0
      ? [
          titled(
            "crosswalks",
            table(["id", "from", "to", "people", "confidence", "method"], linkRows(links)),
          ),
        ]
      : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

const titled = (title: string, body: string): string => `${title}\n${indent(body)}`;

const SYSTEMS: Record<string, string> = {
  "http://loinc.org": "LOINC",
  "http://snomed.info/sct": "SNOMED CT",
};

function codeRows({ id, panels, items, scores, unused = [] }: Instrument): string[][] {
  const row = (what: string, system: string, code: string, version?: string, seen?: string) => [
    ...[what, SYSTEMS[system] ?? system, code],
    ...[version ?? "", seen ?? "the usual one"],
  ];
  return [
    ...panels.map((one) => row(id, one.system, one.code, one.version, one.seen)),
    ...[...items, ...scores].flatMap((one) => [
      ...(one.loinc ? [row(one.id, "http://loinc.org", one.loinc)] : []),
      ...(one.codes ?? []).map(({ system, code, version, seen }) =>
        row(one.id, system, code, version, seen),
      ),
    ]),
    ...unused.map(({ code, label, seen }) =>
      row(`not used: ${label}`, "http://loinc.org", code, "", seen),
    ),
  ];
}

function itemRows({ items, answers }: Instrument): string[][] {
  return items.map((item) => {
    const values = (answers[item.answers] ?? []).flatMap(({ value }) => value ?? []);
    const notes = [
      item.reversed && "stored reversed",
      item.recode && "recoded for the sum",
      item.optional && "not on every form",
    ];
    const range = values.length > 0 ? `${Math.min(...values)} to ${Math.max(...values)}` : "words";
    return [item.id, item.label, range, notes.filter(Boolean).join(", ")];
  });
}

function scoreText(score: Score): string {
  const { id, label, scale, range, confidence, basis, missing, mid, bands, cut_offs } = score;
  const limits = range ? `${range[0]} to ${range[1]}` : "range not known";
  const midText = mid && (mid.value === null ? mid.range?.join(" to ") : `${mid.value}`);
  const lines = [
    `${id}: ${label ?? id.replaceAll("_", " ")} (${scale}, ${limits})`,
    `   from ${wayText(score)}`,
    missing &&
      `   missing items: ${missing.rule}, ${missing.allowed} allowed (${missing.verification})`,
    bands.length > 0 && `   bands: ${bands.map(bandText).join("; ")}`,
    cut_offs.length > 0 &&
      `   cut-offs: ${cut_offs.map((one) => `${one.label} from ${one.min}${one.sex ? ` (sex ${one.sex})` : ""}`).join("; ")}`,
    mid && `   MID: ${midText} (${mid.verification})`,
    score.reference &&
      `   reference: mean ${score.reference.mean}, SD ${score.reference.sd}, ${score.reference.population}`,
    `   confidence: ${confidence}${basis ? ` (${basis})` : ""}`,
  ];
  return lines.filter(Boolean).join("\n");
}

function wayText(score: Score): string {
  const { sum, mean, highest, digits, linear, table: lookUp, composite } = score;
  if (sum) return `the sum of ${sum.length} item(s)`;
  if (mean) return `the mean of ${mean.length} items`;
  if (highest) return `the highest of ${highest.length} items`;
  if (digits) return `the digits of ${digits.join(", ")}`;
  if (linear) return `${linear.from} times ${linear.times} plus ${linear.plus}`;
  if (lookUp)
    return `${lookUp.from} by ${lookUp.file}${lookUp.own ? " (licensed: put your own into instruments/tables/)" : ""}`;
  if (composite) return `${Object.values(composite.inputs).join(" and ")} by ${composite.file}`;
  return "what the source reports";
}

function bandText({ label, min, above, max, below }: Score["bands"][number]): string {
  const low = min ?? above;
  const high = max ?? below;
  const from = low === undefined ? "" : `${min === undefined ? "above" : "from"} ${low}`;
  const to = high === undefined ? "" : `${max === undefined ? "below" : "to"} ${high}`;
  return `${label} ${[from, to].filter(Boolean).join(" ")}`;
}

function linkRows(links: Described["links"]): (string | number | null)[][] {
  return links.map(({ id, from, to, people, confidence, method }) => [
    ...[id, `${from.instrument}:${from.score}`, `${to.instrument}:${to.score}`],
    ...[people, confidence, method],
  ]);
}
