/** The style of every page: readable on paper, in the dark, on a telephone; no font or picture is fetched. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de; --wash: #f6f8fa;
  --c1: #0072b2; --c2: #b35900; --c3: #00785a; --c4: #8f3f71; --c5: #5b5b5b; --c6: #946c00;
  --bad: #a40e26; --bad-wash: #ffebe9; --look: #7a4d00; --look-wash: #fff4d6; --good: #0f5f2c; --good-wash: #e3f6e8;
  --h1: #eef4fa; --h2: #c9dff0; --h3: #8fbbdd; --h4: #3d83b8; --h5: #0b4f80;
  --ht1: #1b1f24; --ht2: #1b1f24; --ht3: #1b1f24; --ht4: #fff; --ht5: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9da7b3; --line: #3d444d; --wash: #161b22;
  --c1: #58b4ec; --c2: #f0a05a; --c3: #4cc9a4; --c4: #dd9dc4; --c5: #b4b4b4; --c6: #e3c14f;
  --bad: #ff9b93; --bad-wash: #3c1618; --look: #f0c060; --look-wash: #3a2a08; --good: #7ee2a0; --good-wash: #10301c;
  --h1: #10243a; --h2: #163d60; --h3: #1f5f94; --h4: #6aaede; --h5: #b4dbf7;
  --ht1: #e6edf3; --ht2: #e6edf3; --ht3: #fff; --ht4: #0d1117; --ht5: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1rem; } footer { padding-bottom: 2rem; color: var(--soft); }
h1, h2, h3, nav { overflow-wrap: anywhere; } h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; } p { margin: .25rem 0 .5rem; } .soft, figcaption p, caption, .empty { color: var(--soft); }
a { color: var(--c1); }
nav ul, .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .5rem 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem; align-items: start; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 29rem), 1fr)); gap: 0 2rem; align-items: start; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; background: var(--wash); min-width: 0; }
.card h2 { margin: 0 0 .5rem; border: 0; padding: 0; font-size: 1.05rem; }
.big { font-size: 1.6rem; font-weight: 650; line-height: 1.1; font-variant-numeric: tabular-nums; }
.mark { display: inline-block; border-radius: 4px; padding: 0 .4em; font-weight: 600; white-space: nowrap; }
.mark.bad { color: var(--bad); background: var(--bad-wash); } .mark.look { color: var(--look); background: var(--look-wash); }
.mark.good { color: var(--good); background: var(--good-wash); } .mark.none { color: var(--soft); background: var(--wash); border: 1px solid var(--line); }
.todo { padding-left: 1.2rem; margin: .25rem 0; } .todo li { margin: .35rem 0; }
figure.chart { margin: 1rem 0; min-width: 0; } figcaption h3 { margin-top: 0; }
svg.plot { display: block; width: 100%; height: auto; max-width: 45rem; overflow: visible; font-family: inherit; --plot-background: var(--paper); }
svg.plot text { white-space: pre; } svg.spark { vertical-align: middle; }
.scroll { overflow-x: auto; position: relative; } table { border-collapse: collapse; font-size: .92em; margin: .25rem 0; }
caption { text-align: left; } caption.aside, .aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin: .25rem 0 .75rem; } summary { cursor: pointer; color: var(--soft); } code { font-size: .92em; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--c1); outline-offset: 2px; }
@media print { body { font-size: 10pt; } nav { display: none; } figure, tr, .card { break-inside: avoid; }
  .scroll { overflow: visible; } details::details-content { content-visibility: visible; display: block; } }
`;
