import { type Coded, codeText, codings, type Narrative, originalText } from "./code.ts";
import type { CcdaSettings } from "./settings.ts";
import { stampToIso, timeOf } from "./time.ts";
import { attribute, type CdaNode, childrenOf, find } from "./tree.ts";

/** One answer: a code, a number and words that say the same thing, or why there is none. */
export interface Answer {
  answer_code: string | null;
  answer_system: string | null;
  answer_text: string | null;
  /** In millionths. */
  answer_num: bigint | null;
  missing: string | null;
}

const LOINC = "http://loinc.org";
const NONE: Answer = {
  answer_code: null,
  answer_system: null,
  answer_text: null,
  answer_num: null,
  missing: null,
};

/**
 * The answers of an observation. Value elements that complement one another (a number and its answer code) are one answer; a
 * second code or another number is another. Never empty: without a value there is one answer that says why.
 */
export function answersOf(
  observation: CdaNode,
  settings: CcdaSettings,
  narrative: Narrative,
): Answer[] {
  if (attribute(observation, "negationInd") === "true") return [{ ...NONE, missing: "negated" }];
  const values = childrenOf(observation, "value");
  const stated = values.flatMap((value) => readValue(value, settings, narrative) ?? []);
  const answers = merge(stated.filter((answer) => answer.missing === null));
  if (answers.length > 0) return answers;
  const scored = scoreInterpretation(observation);
  if (scored !== null) return [{ ...NONE, answer_num: scored }];
  const [flavored] = stated;
  if (flavored !== undefined) return [flavored];
  // HL7 calls NI the default exceptional value: nothing is known, not even why.
  return [{ ...NONE, missing: attribute(observation, "nullFlavor") ?? "NI" }];
}

/** A habit of one exporting system: no value, and the score as the display of an interpretation code named "score". */
function scoreInterpretation(observation: CdaNode): bigint | null {
  const code = childrenOf(observation, "interpretationCode").find(
    (one) => attribute(one, "code")?.toLowerCase() === "score",
  );
  return toMillionths(attribute(code, "displayName"));
}

function merge(stated: Answer[]): Answer[] {
  const answers: Answer[] = [];
  for (const next of stated) {
    const open = answers.find(
      (one) =>
        (one.answer_code === null || next.answer_code === null) &&
        (one.answer_num === null || next.answer_num === null || one.answer_num === next.answer_num),
    );
    if (open === undefined) answers.push({ ...next });
    else fill(open, next);
  }
  return answers;
}

function fill(open: Answer, next: Answer): void {
  if (open.answer_code === null && next.answer_code !== null) {
    open.answer_code = next.answer_code;
    open.answer_system = next.answer_system;
    open.answer_text = next.answer_text ?? open.answer_text;
  }
  open.answer_num ??= next.answer_num;
  open.answer_text ??= next.answer_text;
}

function readValue(value: CdaNode, settings: CcdaSettings, narrative: Narrative): Answer | null {
  const answer = { ...NONE, ...contentOf(value, settings, narrative) };
  const empty = [answer.answer_code, answer.answer_num, answer.answer_text].every(
    (part) => part === null,
  );
  const flavor = attribute(value, "nullFlavor");
  if (answer.answer_code === null && flavor !== null) return { ...answer, missing: flavor };
  return empty ? null : answer;
}

function contentOf(value: CdaNode, settings: CcdaSettings, narrative: Narrative): Partial<Answer> {
  const type = typeOf(value);
  const stated = attribute(value, "value");
  switch (type) {
    case "INT":
    case "REAL":
    case "PQ":
    case "MO":
      return numberOrText(stated);
    case "BL":
      return { answer_text: stated };
    case "TS":
      return { answer_text: stampToIso(stated) ?? stated };
    case "IVL_TS":
      return { answer_text: timeOf(value) };
    case "ST":
    case "ED":
      return numberOrText(originalText(value, narrative));
  }
  if (type.startsWith("IVL_")) return interval(value);
  if (type.startsWith("RTO")) {
    const parts = ["numerator", "denominator"].map((part) => attribute(find(value, part), "value"));
    return { answer_text: parts.includes(null) ? null : parts.join("/") };
  }
  return codedAnswer(value, settings, narrative);
}

/** The data type, without the prefix that some systems put before it. */
function typeOf(value: CdaNode): string {
  const type = attribute(value, "xsi:type")?.replace(/^.*:/, "");
  if (type) return type;
  if (attribute(value, "code") !== null) return "CD";
  if (attribute(value, "value") !== null) return "REAL";
  if (find(value, "low") ?? find(value, "high")) return "IVL_PQ";
  return value.text === "" ? "CD" : "ST";
}

function codedAnswer(value: CdaNode, settings: CcdaSettings, narrative: Narrative) {
  const codes = codings(value, settings);
  // The answer lists of instruments are LOINC's, so a LOINC translation of a local code says more than the code.
  const chosen: Coded | undefined = codes.find((one) => one.system === LOINC) ?? codes[0];
  return {
    answer_code: chosen?.code ?? null,
    answer_system: chosen?.system ?? null,
    answer_text: chosen?.text ?? codeText(value, narrative),
    answer_num: translatedNumber(value),
  };
}

/** The ordinal that some systems add to a code as `<translation xsi:type="INT" value="2"/>`. */
function translatedNumber(value: CdaNode): bigint | null {
  for (const translation of childrenOf(value, "translation")) {
    const number = toMillionths(attribute(translation, "value"));
    if (number !== null) return number;
  }
  return null;
}

/** An interval whose ends are one number is that number; any other is kept as text. */
function interval(value: CdaNode): Partial<Answer> {
  const own = attribute(value, "value") ?? attribute(find(value, "center"), "value");
  if (own !== null) return numberOrText(own);
  const [low, high] = ["low", "high"].map((end) => attribute(find(value, end), "value"));
  if (low && low === high) return numberOrText(low);
  return { answer_text: low || high ? `${low ?? ""}..${high ?? ""}` : null };
}

function numberOrText(stated: string | null): Partial<Answer> {
  const number = toMillionths(stated);
  return number === null ? { answer_text: stated } : { answer_num: number };
}

const DECIMAL = /^([+-]?)(\d{0,12})(?:\.(\d*))?$/;

/** A plain decimal in millionths, rounded half up; null for anything else or twelve digits and more before the point. */
export function toMillionths(text: string | null): bigint | null {
  const trimmed = text?.trim() ?? "";
  const plain = /^[+-]?[\d.]+e[+-]?\d+$/i.test(trimmed) ? plainNotation(trimmed) : trimmed;
  const [, sign, whole = "", fraction = ""] = DECIMAL.exec(plain) ?? [];
  if (whole + fraction === "") return null;
  const digits = BigInt(`${whole}${fraction.slice(0, 6).padEnd(6, "0")}`);
  const rounded = digits + ((fraction[6] ?? "0") >= "5" ? 1n : 0n);
  if (rounded >= 10n ** 18n) return null;
  return sign === "-" ? -rounded : rounded;
}

function plainNotation(text: string): string {
  const number = Number(text);
  return Number.isFinite(number) && Math.abs(number) < 1e12 ? number.toFixed(6) : "";
}
