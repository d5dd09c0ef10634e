import { createHash } from "node:crypto";
import { type Html, html } from "./html.ts";
import { STYLE } from "./style.ts";

export interface Page {
  title: string;
  /** Beneath the title: what, when, for whom. */
  subtitle: string;
  /** Sections of the page that can be jumped to, by id. */
  sections?: readonly { id: string; title: string }[];
  main: Html;
  footer: Html;
}

/**
 * A whole page in one file. It holds no script and its own policy forbids every request, so that it opens from an e-mail and
 * from a locked-down desk alike.
 */
export function renderPage({ title, subtitle, sections = [], main, footer }: Page): string {
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>${title}</h1><p class="soft">${subtitle}</p>${
    sections.length > 0 &&
    html`<nav aria-label="Sections"><ul>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>`
  }</header>
<main>
${main}
</main>
<footer>${footer}</footer>
</body>
</html>
`;
  return page.markup.replace("{STYLE}", () => STYLE);
}
