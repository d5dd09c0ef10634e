import type { Measure } from "../statistics/statistic.ts";
import type { Study } from "./read-study.ts";
import { followUpsOf, type Outcome } from "./schema.ts";

/** Who is counted and when, in plain words, for one outcome. */
export function explainStudy(study: Study, outcome: Outcome, measure: Measure): string[] {
  const { population, index, windows, collection } = study;
  const { sex, age, sites, dates, conditions, procedures, measures } = population;
  const codes = (lists: readonly { code_system: string; codes: readonly string[] }[]) =>
    lists.map(({ code_system, codes: of }) => `${of.join(", ")} (${code_system})`).join("; ");
  const ages = age
    ? [
        age.min === undefined ? "" : `at least ${age.min}`,
        age.max === undefined ? "" : `at most ${age.max}`,
      ]
        .filter(Boolean)
        .join(" and ")
    : "";
  const between = dates
    ? [dates.from ? `from ${dates.from}` : "", dates.to ? `to ${dates.to}` : ""]
        .filter(Boolean)
        .join(" ")
    : "";
  const how = Object.entries(collection ?? {})
    .filter(([, values]) => values)
    .map(([name, values]) => `${name} ${[values].flat().join(" or ")}`);
  return [
    `Counted are people with a score of ${outcome.instrument} ${outcome.score} near day 0${sites ? ` at ${sites.join(", ")}` : ", at every site"}.`,
    ...(sex ? [`Their sex is ${sex.join(" or ")} (DEMOGRAPHIC.SEX).`] : []),
    ...(ages
      ? [`Their age on day 0 is ${ages} completed years; people without a birth date are left out.`]
      : []),
    ...(conditions
      ? [`They have a condition, recorded at any time, of ${codes(conditions)}.`]
      : []),
    ...(procedures ? [`They have a procedure, at any time, of ${codes(procedures)}.`] : []),
    ...(measures ? [`They have, at any time, a score of ${measures.join(" and of ")}.`] : []),
    ...(how.length > 0 ? [`Only administrations with ${how.join(", ")} count.`] : []),
    `A score counts when it is the preferred one of its administration; ${study.include_linked ? "scores from crosswalks count too" : "scores from crosswalks do not count"}; ${provisionalText(study)}.`,
    ...(study.complete_scores
      ? ["An administration counts only with all of the study's scores of its instrument."]
      : []),
    `Day 0 is ${indexText(index)}${between ? `, ${between}` : ""}.`,
    `The baseline is the score nearest to day 0 from day ${windows.baseline.days[0]} to day ${windows.baseline.days[1]}, the earlier one on ties.`,
    ...followUpsOf(windows).map(
      ({ target, days }, i) =>
        `${i === 0 ? "The follow-up" : "A further follow-up"} is the score nearest to day ${target} from day ${days[0]} to day ${days[1]}.`,
    ),
    ...(windows.complete_pairs
      ? ["People without that follow-up are left out of everything."]
      : []),
    ...(measure.responder ? [`A person responds when ${responderText(measure)}.`] : []),
    ...(windows.course && measure.responder
      ? [
          `The time to response is looked at for ${windows.course.days} days, in steps of ${windows.course.step}.`,
        ]
      : []),
    study.people === "linked"
      ? "A person whom linkage found at several sites counts once, by one of the records: one with a follow-up before one without, then the one with most administrations, then the first site. Requests and questionnaires of all of them count."
      : "A person who attends two sites counts at each, as in distributed mode, where nobody could know.",
  ];
}

function provisionalText({ include_provisional: named }: Study): string {
  if (named === true) return "scores whose rule or table is provisional count";
  if (named === false) return "scores whose rule or table is provisional do not count";
  return `provisional scores count for ${named.join(", ")} only`;
}

function indexText(index: Study["index"]): string {
  switch (index.event) {
    case "first_administration":
      return "the day of a person's first score";
    case "procedure":
      return `the day of the first procedure of ${index.codes.flatMap(({ codes }) => codes).join(", ")}`;
    case "diagnosis":
      return `the day (onset, else report) of the first condition of ${index.codes.flatMap(({ codes }) => codes).join(", ")}`;
    case "date":
      return `${index.date} for everybody (dates shifted by a privacy profile do not fit a calendar)`;
    default:
      return index satisfies never;
  }
}

function responderText({ responder, direction }: Measure): string {
  if (!responder) return "";
  const better = direction === "better" ? "rises" : "falls";
  const among =
    responder.among === undefined
      ? ""
      : `, among those who start at ${responder.among} or ${direction === "better" ? "less" : "more"}`;
  if ("change" in responder) return `the score ${better} by ${responder.change} or more${among}`;
  if ("percent" in responder)
    return `the score ${better} by ${responder.percent} % or more${among}`;
  if ("at_least" in responder) return `a later score is at least ${responder.at_least}${among}`;
  return `a later score is below ${responder.below}${among}`;
}
