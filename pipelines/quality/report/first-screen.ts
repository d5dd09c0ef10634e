import { count, countOf, type Html, html } from "../../page/index.ts";
import { STATUSES, type Status, tally, type Verdict } from "../judge.ts";
import type { ReportData, ReportInput } from "./data.ts";

/** Findings that the first screen names; the others are counted and stand in the table. */
const NAMED_MAX = 4;

export const MARKS: Record<Status, { style: string; word: string }> = {
  failed: { style: "bad", word: "required, fails" },
  investigate: { style: "look", word: "to investigate" },
  acknowledged: { style: "none", word: "acknowledged" },
  "not evaluated": { style: "none", word: "not evaluated" },
  passed: { style: "good", word: "passed" },
};

export function mark(status: Status): Html {
  return html`<span class="mark ${MARKS[status].style}">${MARKS[status].word}</span>`;
}

/** A status with its number; nothing to see in a colour when there is none. */
export function counted(status: Status, n: number): Html {
  const { style, word } = MARKS[status];
  return html`<span class="mark ${n > 0 ? style : "none"}">${count(n)} ${word}</span> `;
}

/** The findings of one check, at one or several sites. */
interface Finding {
  check: Verdict["check"];
  verdicts: Verdict[];
}

/** What came in, what is wrong, what do I do: answered before anybody scrolls. */
export function firstScreen(input: ReportInput, data: ReportData): Html {
  const findings = findingsOf(input.verdicts);
  return html`<div class="grid">
<section class="card" aria-labelledby="came"><h2 id="came">What came in</h2>${cameIn(input, data)}</section>
<section class="card" aria-labelledby="wrong"><h2 id="wrong">What is wrong</h2>${whatIsWrong(input, findings)}</section>
<section class="card" aria-labelledby="todo"><h2 id="todo">What to do</h2>${whatToDo(input, findings)}</section>
</div>`;
}

/** By check, those that required ones fail first. */
function findingsOf(verdicts: readonly Verdict[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const status of ["failed", "investigate"] as const) {
    for (const verdict of verdicts.filter((one) => one.status === status)) {
      const { check } = verdict;
      const finding = findings.get(check.id) ?? { check, verdicts: [] };
      finding.verdicts.push(verdict);
      findings.set(check.id, finding);
    }
  }
  return [...findings.values()];
}

function cameIn({ kind, refreshes, sites, guard }: ReportInput, data: ReportData): Html {
  const [latest] = refreshes;
  const ledger = latest?.ledgers?.records;
  const [people] = guard([data.people]);
  const [administrations] = people === null ? [null] : guard([data.administrations]);
  const amountOf = (n: number | null | undefined) =>
    n === null || n === undefined ? "few" : count(n);
  const held = html`<p>${kind === "hub" ? "The warehouse" : "The store"} holds <strong>${amountOf(administrations)}</strong> questionnaires of <strong>${amountOf(people)}</strong> people${kind === "hub" && ` at ${sites.length} sites`}.</p>`;
  if (!ledger) {
    const filled = data.bySite.filter((site) => site.administrations > 0).length;
    return html`${kind === "hub" && html`<p><span class="big">${count(filled)}</span> of ${count(sites.length)} sites have delivered</p>`}${held}
<p class="soft">${latest ? `Last refresh: ${latest.day}.` : "No refresh is remembered yet."}</p>`;
  }
  const answers = latest?.ledgers?.answers ?? {};
  const n = (state: string) => ledger[state] ?? 0;
  return html`<p><span class="big">${count(n("read"))}</span> records read on ${latest?.day}</p>
<ul class="todo"><li>${countOf(n("loaded"), n("read"))} loaded</li>
<li>${quarantined(n("quarantined"), n("read"))}</li>
<li>${count(n("duplicate") + n("superseded"))} duplicate or superseded, ${count(n("out_of_scope"))} out of scope, ${count(n("withdrawn"))} withdrawn</li>
<li>of ${count(answers.read ?? 0)} answers in them: ${quarantined(answers.quarantined ?? 0, answers.read ?? 0)}</li></ul>
${held}`;
}

function quarantined(n: number, total: number): Html | string {
  return n > 0
    ? html`<strong>${countOf(n, total)} quarantined</strong> (<a href="#ledger">why</a>)`
    : "none quarantined";
}

function whatIsWrong({ verdicts, kind }: ReportInput, findings: readonly Finding[]): Html {
  const counts = tally(verdicts);
  const rest = STATUSES.filter((status) => status !== "failed");
  return html`<p><span class="big">${count(counts.failed)}</span> required ${counts.failed === 1 ? "check fails" : "checks fail"}</p>
<p>${rest.map((status) => counted(status, counts[status]))}</p>
<ul class="todo">${findings
    .slice(0, NAMED_MAX)
    .map(
      ({ check, verdicts: own }) =>
        html`<li><a href="#${own[0] && anchor(own[0])}">${check.id}</a> ${check.title}: ${own
          .map((one) => (kind === "hub" ? `${one.site} ${amount(one)}` : amount(one)))
          .join("; ")}</li>`,
    )}</ul>
${findings.length > NAMED_MAX && html`<p class="soft">and ${count(findings.length - NAMED_MAX)} more, <a href="#checks">all checks</a></p>`}`;
}

function whatToDo({ kind, isShared, refreshes }: ReportInput, findings: readonly Finding[]): Html {
  const refused = refreshes[0]?.ledgers?.records.quarantined ?? 0;
  if (findings.length === 0 && refused === 0) {
    return html`<p>Nothing needs mending. <a href="#not-evaluated">What could not be evaluated</a> is listed with its reason.</p>`;
  }
  const place = ({ check, verdicts }: Finding) =>
    isShared || !verdicts[0]?.keys[0] || check.table !== "tonight's export"
      ? ""
      : verdicts[0].keys[0];
  return html`<ol class="todo">${findings
    .slice(0, NAMED_MAX)
    .map(
      (one) =>
        html`<li>${sentence(one.check.mend)} ${place(one) && html`First place: <code>${place(one)}</code> `}<span class="soft">(${one.check.id})</span></li>`,
    )}${refused > 0 && html`<li>Look at the records that were quarantined: <a href="#ledger">the reasons</a> say what to do about each.</li>`}</ol>
<p class="soft">A finding that is known and accepted: name it under <code>quality: acknowledged:</code> in ${kind === "hub" ? "hub.yaml" : "site.yaml"}, with a reason and a last day.</p>`;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The id of a verdict's row in the table. */
export function anchor({ check, site }: Verdict): string {
  return `${check.id}-${site}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/** n of N with its percentage; null where a count may not be shown. */
export function amount({ n, total }: Verdict): string {
  return n === null || total === null ? "a few" : countOf(n, total);
}
