import { html, renderPage } from "../../page/index.ts";
import { checksSection } from "./checks.ts";
import { collectionSection } from "./collection.ts";
import { completenessSection, coverageSection } from "./coverage.ts";
import type { ReportData, ReportInput } from "./data.ts";
import { firstScreen } from "./first-screen.ts";
import { ledgerSection } from "./ledger.ts";
import { scoresSection } from "./scores.ts";
import { sitesSection } from "./sites.ts";

export { type Guard, gather, type ReportInput } from "./data.ts";

/** The page that data stewards read: what came in, what is wrong, what to do; then everything behind it. */
export function renderReport(input: ReportInput, data: ReportData): string {
  const { kind, name, refreshes, today, isShared } = input;
  const [latest] = refreshes;
  const isSite = kind === "site";
  const hasLedger = Boolean(latest?.ledgers);
  return renderPage({
    title: `${name}: data quality`,
    subtitle: `${isSite ? `Site ${input.sites.join(", ")}` : `Hub of ${input.sites.length} sites`}. Refresh of ${latest?.day ?? "unknown day"}, ${refreshes.length} remembered; page of ${today}.${isShared ? " Small counts and keys are left out." : ""}`,
    sections: [
      ...(isSite ? [] : [{ id: "sites", title: "Sites" }]),
      ...(hasLedger ? [{ id: "ledger", title: "Ledger" }] : []),
      { id: "checks", title: "Checks" },
      ...(hasLedger ? [{ id: "coverage", title: "Mapping coverage" }] : []),
      { id: "completeness", title: "Completeness" },
      { id: "scores", title: "Scores" },
      { id: "collection", title: "Collection" },
    ],
    main: html`${firstScreen(input, data)}
${isSite ? ledgerSection(input) : sitesSection(input, data)}
${checksSection(input)}
${coverageSection(input)}
${completenessSection(input, data)}
${scoresSection(input, data)}
${collectionSection(input, data)}`,
    footer: html`<p>Made by propool from counts alone; this file asks the network for nothing.${isShared ? "" : " It stays inside: it names places in the export and tokens of rows. For others make it with --share."}</p>`,
  });
}
