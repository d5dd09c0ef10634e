import type { FieldValue } from "./field.ts";

/**
 * The shape of a value: capital letters become A, others a, digits 9; signs stay. What goes past 24 characters is cut. A shape
 * tells how a field is written and nothing of what it says.
 */
export function shapeOf(value: string): string {
  const shape = value
    .slice(0, 24)
    .replaceAll(/\p{Lu}/gu, "A")
    .replaceAll(/[^\P{L}A]/gu, "a")
    .replaceAll(/\p{N}/gu, "9");
  return value.length > 24 ? `${shape}…` : shape;
}

export interface MaskRules {
  /** Name parts of fields that identify: name, mrn, phone. */
  identifying: readonly string[];
  /** Words that stand in closed lists of ours: they tell nothing about a person. */
  known: ReadonlySet<string>;
}

export interface Shown {
  name: string;
  distinct: number;
  filled: number;
  values: readonly FieldValue[];
}

/** How often an unknown word must occur before it is taken for a code and not for somebody's own. */
const OFTEN = 5;

/**
 * Whether a field's values may be shown, and if not, why: an allow-list. A value is shown when it is a word of our lists, a
 * number of at most two digits, or a short text that many records share; one value that is none of these masks the whole field.
 */
export function whyMasked(field: Shown, rules: MaskRules): string | null {
  const part = identifyingPart(field.name, rules.identifying);
  if (part !== null) return `${BY_NAME} "${part}"`;
  if (field.values.some(({ value }) => looksIdentifying(value)))
    return "values look like identifiers";
  const strange = field.values.filter(({ value }) => !isHarmless(value, rules.known));
  if (strange.length === 0) return null;
  if (field.distinct > MOST || field.distinct * 3 > field.filled) return "most values are unique";
  if (strange.some(({ count }) => count < OFTEN)) return "some values are rare";
  return strange.some(({ value }) => value.length > LONG) ? "long texts" : null;
}

/** Whether so many records share a short text that it is a code and nobody's own words. */
export function isShared(value: string, count: number): boolean {
  return count >= OFTEN && value.length <= LONG && !looksIdentifying(value);
}

const MOST = 500;
const LONG = 80;

/** The word in a field's name that says it identifies a person. */
export function identifyingPart(name: string, identifying: readonly string[]): string | null {
  const words = ` ${wordsOf(name).join(" ")} `;
  return identifying.find((part) => words.includes(` ${part} `)) ?? null;
}

/** A name's words in lower case: `key.userId` is key user id, `PHQ9_1` is phq9 1. */
export function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\d)(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/**
 * The values as they may be shown: all of an open field; of a masked one the shapes, but for public codes and words of our lists
 * where it was not the field's name that masked it.
 */
export function shownValues(
  values: readonly FieldValue[],
  masked: string | null,
  rules: MaskRules,
): FieldValue[] {
  if (masked === null) return [...values];
  const isOpen = (value: string) =>
    !masked.startsWith(BY_NAME) &&
    ((rules.known.has(value.toLowerCase()) && !/^\d+$/.test(value)) ||
      CODES.some((pattern) => pattern.test(value)));
  const counts = new Map<string, number>();
  for (const { value, count } of values) {
    const shown = isOpen(value) ? value : shapeOf(value);
    counts.set(shown, (counts.get(shown) ?? 0) + count);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

const BY_NAME = "the name holds";

function isHarmless(value: string, known: ReadonlySet<string>): boolean {
  return (
    known.has(value.toLowerCase()) || NUMBER.test(value) || CODES.some((code) => code.test(value))
  );
}

/** An answer or a score: a person's number is longer. */
const NUMBER = /^-?\d{1,2}([.,]\d{1,2})?$/;

/** What public code lists look like. */
const CODES = [
  /^(\/|\d+(\.\d+)+ )?(LA|LP)?\d{1,7}-\d$/, // LOINC, alone, as a link id, or after the OID of its system
  /^\d+(\.\d+){3,}(:[\w-]+)?$/, // OID of a template
  /^(\d+(\.\d+)+ )?[A-TV-Z]\d[\dA-Z](\.\w{1,4})?$/, // ICD-10
  /^(https?:\/\/(terminology\.|www\.)?(hl7\.org|loinc\.org|snomed\.info|nlm\.nih\.gov)\/[^?]*|http:\/\/loinc\.org|urn:(oid|ietf):[\w.:-]+)$/,
];

const IDENTIFIERS = [
  /[^\s@]+@[^\s@]+\.[a-z]{2,}/i, // e-mail
  /^\d{3}-?\d{2}-?\d{4}$/, // social security number
  /^\+?\d?[\s.(-]*\d{3}[\s).-]*\d{3}[\s.-]*\d{4}$/, // telephone
  /^https?:\/\/\S+\?\S+/i, // address with a query: survey links
  /^\d{1,3}(\.\d{1,3}){3}$/, // IP address
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, // UUID
];

function looksIdentifying(value: string): boolean {
  return IDENTIFIERS.some((pattern) => pattern.test(value.trim()));
}
