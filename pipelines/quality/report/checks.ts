import { dot, lineY } from "@observablehq/plot";
import { count, dataTable, type Html, html, percent, svg } from "../../page/index.ts";
import { STATUSES, type Status, type Verdict } from "../judge.ts";
import type { ReportInput } from "./data.ts";
import { amount, anchor, counted, mark } from "./first-screen.ts";

/** Refreshes that a trend shows. */
const TREND = 14;

/** All checks: findings first, open; the others folded away. */
export function checksSection(input: ReportInput): Html {
  const of = (status: Status) => input.verdicts.filter((one) => one.status === status);
  return html`<section><h2 id="checks">Checks</h2>
<p>${count(input.verdicts.length)} verdicts: ${STATUSES.map((status) => counted(status, of(status).length))}. What was not evaluated did not pass.</p>
${table("Findings", [...of("failed"), ...of("investigate")], input, "No check has a finding.")}
${folded("acknowledged", "Acknowledged findings", of("acknowledged"), input)}
${folded("not-evaluated", "Not evaluated, and why", of("not evaluated"), input)}
${folded("passed", "Passed", of("passed"), input)}
</section>`;
}

function folded(id: string, title: string, verdicts: readonly Verdict[], input: ReportInput): Html {
  if (verdicts.length === 0) return html``;
  return html`<details id="${id}"><summary>${title} (${count(verdicts.length)})</summary>${table(title, verdicts, input, "")}</details>`;
}

function table(
  caption: string,
  verdicts: readonly Verdict[],
  input: ReportInput,
  empty: string,
): Html {
  const isHub = input.kind === "hub";
  return dataTable({
    caption,
    columns: [
      "check",
      ...(isHub ? ["site"] : []),
      "verdict",
      { name: "failing", numeric: true } as const,
      "trend",
      "what it means, what to do",
    ],
    rows: verdicts.map((one) => [
      html`<span id="${anchor(one)}">${one.check.id}</span>`,
      ...(isHub ? [one.site] : []),
      mark(one.status),
      one.status === "not evaluated" ? "" : amount(one),
      trend(one, input),
      meaning(one, input),
    ]),
    empty,
  });
}

function meaning(one: Verdict, { isShared }: ReportInput): Html {
  const { check, keys, why, status } = one;
  const isFinding = status === "failed" || status === "investigate";
  return html`<strong>${check.title}</strong>${why && html`<br>${why}`}${
    status === "not evaluated" || status === "passed"
      ? html` <span class="soft">(${check.table}, ${check.category})</span>`
      : html`<br>${check.means}. <em>${check.mend}.</em> <span class="soft">(${check.table}, ${check.category}; at most ${percent(check.threshold)} may fail)</span>`
  }${isFinding && !isShared && keys.length > 0 && html`<br><span class="soft">first: ${keys.map((key) => html`<code>${key}</code> `)}</span>`}`;
}

/** Shares of failing records over the last refreshes, oldest first. */
function trend({ check, site }: Verdict, { refreshes, isShared }: ReportInput): Html {
  const points = refreshes
    .slice(0, TREND)
    .toReversed()
    .flatMap(({ day, sequence, measures }) => {
      const found = measures.find((one) => one.check === check.id && one.site === site);
      return found && found.total > 0 ? [{ day, sequence, share: found.n / found.total }] : [];
    });
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < 2 || isShared) return html`<span class="soft">–</span>`;
  const most = Math.max(...points.map(({ share }) => share), check.threshold, 0.0001);
  const words = `${percent(first.share)} on ${first.day}, ${percent(last.share)} on ${last.day}`;
  const options = { x: "sequence", y: "share", stroke: "var(--c1)" } as const;
  return html`${svg(
    {
      width: 90,
      height: 26,
      margin: 4,
      marginBottom: 4,
      x: { axis: null },
      y: { axis: null, domain: [0, most] },
      marks: [
        lineY(points, options),
        dot([last], { x: "sequence", y: "share", r: 2.5, fill: "var(--c1)" }),
      ],
    },
    {
      id: `trend-${anchor({ check, site } as Verdict)}`,
      title: `Trend of ${check.id}`,
      description: words,
    },
  )}<span class="aside">${words}</span>`;
}
