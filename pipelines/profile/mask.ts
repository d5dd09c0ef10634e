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
  values: readonly { value: string; count: number }[];
}

/** How often an unknown word must occur before it is taken for a code and not for somebody's own. */
const OFTEN = 5;

/**
 * Whether a field's values may be shown, and if not, why: an allow-list. A value is shown when it is a word of our lists, a
 * number of at most two digits, or a short text that many records share; one value that is none of these masks the whole field.
 */
export function whyMasked(field: Shown, rules: MaskRules): string | null {
  const part = identifyingPart(field.name, rules.identifying);
  if (part !== null) return `the name holds "${part}"`;
  if (field.values.some(({ value }) => looksIdentifying(value)))
    return "values look like identifiers";
  const strange = field.values.filter(({ value }) => !isHarmless(value, rules.known));
  if (strange.length === 0) return null;
  if (field.distinct > MOST || field.distinct * 3 > field.filled) return "most values are unique";
  if (strange.some(({ count }) => count < OFTEN)) return "some values are rare";
  return strange.some(({ value }) => value.length > LONG) ? "long texts" : null;
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

function isHarmless(value: string, known: ReadonlySet<string>): boolean {
  return /^-?\d{1,2}(\.\d{1,2})?$/.test(value) || known.has(value.toLowerCase());
}

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
