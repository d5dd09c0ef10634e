import type { Instrument, Item, Score } from "../catalogue/instrument.ts";

export const LOINC = "http://loinc.org";
const FORMS = "https://forms.river-clinic.example.org/Questionnaire";

/** What the items of a form are called, and which scores the clinic's forms carry. */
interface FormStyle {
  linkId: (code: string, id: string) => string;
  scores: readonly string[];
  /** FHIR type of the score items: the answers are valueDecimal or valueInteger. */
  scoreType: "decimal" | "integer";
  /** Item ids by group; null: no groups. */
  groups: Readonly<Record<string, readonly string[]>> | null;
}

const PLAIN: FormStyle = {
  linkId: (_code, id) => id.toLowerCase(),
  scores: ["total"],
  scoreType: "integer",
  groups: null,
};

/** Three habits that are met in practice: codes as linkIds, codes in the form only, and nested groups. */
const STYLES: Readonly<Record<string, FormStyle>> = {
  "phq-9": { ...PLAIN, linkId: (code) => `/${code}`, scoreType: "decimal" },
  "gad-7": PLAIN,
  "promis-global-10": {
    ...PLAIN,
    scores: ["gph_t", "gmh_t"],
    scoreType: "decimal",
    groups: {
      "in-general": [
        "Global01",
        "Global02",
        "Global03",
        "Global04",
        "Global05",
        "Global09r",
        "Global06",
      ],
      "past-7-days": ["Global10r", "Global08r", "Global07r"],
    },
  },
};

/** A form as the clinic delivers it, and how its responses are laid out. */
export interface Form extends FormStyle {
  instrument: Instrument;
  canonical: string;
  resource: object;
}

export function formOf(instrument: Instrument): Form {
  const style = STYLES[instrument.id] ?? PLAIN;
  const version = instrument.version || "1.0";
  const url = `${FORMS}/${instrument.id}`;
  const scores = instrument.scores.filter((score) => style.scores.includes(score.id));
  return {
    ...style,
    instrument,
    canonical: `${url}|${version}`,
    resource: {
      resourceType: "Questionnaire",
      id: `form-${instrument.id}`,
      url,
      version,
      title: instrument.name,
      status: "active",
      subjectType: ["Patient"],
      code: instrument.panels.slice(0, 1),
      item: [
        ...inGroups(style, instrument.items, (item) => itemOf(style, instrument, item)),
        ...scores.map((score) => scoreItemOf(style, score)),
      ],
    },
  };
}

/** Lays items out as the form does: flat, or nested in groups. */
export function inGroups(
  style: FormStyle,
  items: readonly Item[],
  make: (item: Item) => object,
): object[] {
  if (!style.groups) return items.map(make);
  return Object.entries(style.groups).map(([linkId, ids]) => ({
    linkId,
    text: linkId.replaceAll("-", " "),
    item: items.filter((item) => ids.includes(item.id)).map(make),
  }));
}

/** The linkId of an item or a score on a form. */
export function linkIdOf(style: FormStyle, part: Item | Score): string {
  return style.linkId(part.loinc ?? part.id, part.id);
}

function itemOf(style: FormStyle, instrument: Instrument, item: Item): object {
  return {
    linkId: linkIdOf(style, item),
    code: [{ system: LOINC, code: item.loinc }],
    text: item.label,
    type: item.id === "PHQ9_10" ? "open-choice" : "choice",
    answerOption: (instrument.answers[item.answers] ?? []).map((answer) => ({
      valueCoding: { system: LOINC, code: answer.loinc, display: answer.label },
    })),
  };
}

function scoreItemOf(style: FormStyle, score: Score): object {
  return {
    linkId: linkIdOf(style, score),
    code: [{ system: LOINC, code: score.loinc }],
    text: score.id,
    type: style.scoreType,
    readOnly: true,
  };
}
