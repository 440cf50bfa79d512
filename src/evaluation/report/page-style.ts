/** The report page's style: one calm column, light and dark, on paper and on a phone. Nothing is loaded from anywhere. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --sheet: #ffffff; --ink: #1f1d1a; --quiet: #5d5950; --rule: #dfdbd1;
  --accent: #0d5c63; --accent-soft: #dcecea; --warm: #9a4a16; --warm-soft: #f6e6d8; --third-soft: #e6e6f2; --bar: #8b877c;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", "Sitka Text", Cambria, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --sheet: #1c1f23; --ink: #ebe8e1; --quiet: #aba79d; --rule: #353a40;
    --accent: #7fcdc6; --accent-soft: #1f3d3c; --warm: #eab083; --warm-soft: #432c1c; --third-soft: #2c2f48; --bar: #787d84;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.6 var(--serif); font-variant-numeric: lining-nums; overflow-wrap: anywhere; }
header, main, footer { max-width: 65rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
header { padding-block: clamp(2.5rem, 7vw, 5.5rem) 0; }
a { color: var(--accent); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--sheet); padding: 0.5rem 1rem; z-index: 1; }
.eyebrow, .label { font: 600 0.8125rem/1.4 var(--sans); letter-spacing: 0.04em; color: var(--quiet); margin: 0; }
h1 { font-size: clamp(2rem, 5.2vw, 3.4rem); line-height: 1.1; font-weight: 400; letter-spacing: -0.015em; margin: 0.6rem 0 1.1rem; max-width: 20em; text-wrap: balance; }
h2 { font-size: clamp(1.45rem, 3vw, 1.9rem); line-height: 1.2; font-weight: 400; letter-spacing: -0.01em; margin: 0 0 0.6rem; text-wrap: balance; }
h3 { font: 600 1rem/1.4 var(--sans); margin: 0 0 0.5rem; overflow-wrap: anywhere; }
p { max-width: 40rem; margin: 0 0 1rem; text-wrap: pretty; }
.lede { font-size: clamp(1.15rem, 2.2vw, 1.35rem); line-height: 1.5; color: var(--ink); max-width: 44rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 100%), 1fr)); gap: 1.4rem 1.5rem; margin: 2.4rem 0 0; padding: 1.4rem 0 1.5rem; border-block: 1px solid var(--rule); }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { font: 0.875rem/1.4 var(--sans); color: var(--quiet); }
.figures dd { margin: 0; font-size: 1.75rem; line-height: 1.25; letter-spacing: -0.01em; white-space: nowrap; }
.figures dd.ours { color: var(--accent); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin: 1.1rem 0 0; padding: 0; font: 0.9375rem/1.6 var(--sans); }
nav a { display: inline-block; padding-block: 0.15rem; }
section { padding-top: clamp(3rem, 7vw, 5rem); }
figure { margin: 1.6rem 0 0; }
figcaption { font: 0.9375rem/1.5 var(--sans); color: var(--quiet); max-width: 40rem; margin-top: 0.9rem; }
svg { display: block; width: 100%; height: auto; overflow: hidden; }
.narrow { display: none; }
.bars .wide { max-width: 45rem; }
@media (max-width: 44rem) { .wide { display: none; } .narrow { display: block; } .narrow svg { max-width: 30rem; } }
svg text { font: 13px var(--sans); fill: var(--ink); }
svg .mono { font: 11px var(--mono); }
svg .station { font-size: 14px; font-weight: 600; }
svg .heading { font-weight: 600; }
svg .count, svg .tick { fill: var(--quiet); }
svg .tick, svg .level-label { font-size: 12px; }
svg .level-label { fill: var(--warm); }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .prompt { fill: var(--accent); font-weight: 700; }
svg .box { fill: var(--sheet); stroke: var(--rule); }
svg .tint-0 { fill: var(--accent-soft); } svg .tint-1 { fill: var(--warm-soft); } svg .tint-2 { fill: var(--third-soft); }
svg .head { fill: var(--accent); opacity: 0.8; }
svg .arrow { fill: none; stroke: var(--quiet); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .faint { fill: none; stroke: var(--accent); opacity: 0.28; stroke-width: 1; }
svg .line { fill: none; stroke: var(--accent); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
svg .dot { fill: var(--paper); stroke: var(--accent); stroke-width: 2; }
svg .level { stroke: var(--warm); stroke-width: 1.5; stroke-dasharray: 6 4; }
svg .level.dotted { stroke-dasharray: 1.5 4; stroke-width: 2; }
svg .track { fill: var(--rule); opacity: 0.5; }
svg .bar { fill: var(--bar); } svg .bar.ours { fill: var(--accent); }
svg .bar-label { font-size: 14px; } svg .bar-label.ours { font-weight: 600; }
.timeline { list-style: none; margin: 1.8rem 0 0; padding: 0; }
.timeline > li { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0.4rem 1.8rem; padding: 1.2rem 0; border-top: 1px solid var(--rule); break-inside: avoid; }
.timeline .when { font: 0.875rem/1.5 var(--sans); color: var(--quiet); margin: 0.2rem 0 0; }
.timeline .when strong { display: block; font-size: 1.0625rem; color: var(--ink); font-weight: 600; }
blockquote { margin: 0; max-width: 42rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
blockquote .prompt { color: var(--accent); }
.timeline > li:last-child blockquote { font-size: 1.25rem; line-height: 1.5; }
.samples { display: grid; gap: 1.4rem; margin-top: 1.6rem; }
.samples blockquote { background: var(--sheet); border: 1px solid var(--rule); border-radius: 6px; padding: 1.1rem 1.3rem; max-width: 46rem; break-inside: avoid; }
.columns { margin-top: 1.4rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0 3rem; align-items: start; }
table { border-collapse: collapse; width: 100%; font: 0.9375rem/1.45 var(--sans); font-variant-numeric: tabular-nums lining-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.5rem; }
th, td { text-align: left; padding: 0.45rem 1rem 0.45rem 0; border-top: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 400; color: var(--quiet); }
thead th { font-weight: 600; border-top: 0; }
th:last-child, td:last-child { padding-right: 0; }
.pairs th { width: 46%; }
code { font: 0.875em var(--mono); overflow-wrap: anywhere; }
.corpora { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.4rem; margin-top: 1.6rem; }
.corpora article { background: var(--sheet); border: 1px solid var(--rule); border-radius: 6px; padding: 1.1rem 1.3rem; break-inside: avoid; }
.corpora dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.2rem 1.1rem; margin: 0; font: 0.9375rem/1.5 var(--sans); }
.corpora dt { color: var(--quiet); } .corpora dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 1.1rem; font: 0.9375rem/1.5 var(--sans); }
summary { cursor: pointer; color: var(--accent); padding-block: 0.3rem; width: fit-content; }
details table { margin-top: 0.6rem; max-width: 46rem; }
details .timeline { font: 1.0625rem/1.55 var(--serif); }
.check { border-left: 4px solid var(--accent); padding: 0.2rem 0 0.2rem 1.2rem; margin: 1.4rem 0 0; }
.check.failed { border-color: var(--warm); }
.check strong { font-size: 1.35rem; font-weight: 400; line-height: 1.35; }
.check p { margin: 0.3rem 0 0; }
footer { margin-top: clamp(3.5rem, 8vw, 6rem); padding-block: 1.4rem 3rem; font: 0.875rem/1.6 var(--sans); color: var(--quiet); }
footer p { border-top: 1px solid var(--rule); padding-top: 1.2rem; max-width: none; }
@media (max-width: 44rem) {
  body { font-size: 1.0625rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures dd { font-size: 1.4rem; }
  .timeline > li { grid-template-columns: minmax(0, 1fr); }
  .timeline .when strong { display: inline; margin-right: 0.5rem; }
}
@media (forced-colors: active) { svg .bar, svg .head { fill: CanvasText; } svg .line, svg .level { stroke: CanvasText; } svg text { fill: CanvasText; } }
@media print {
  :root { color-scheme: light; --paper: #fff; --sheet: #fff; --ink: #000; --quiet: #444; --rule: #ccc; --accent: #0d5c63; --accent-soft: #dcecea; --warm: #9a4a16; --warm-soft: #f6e6d8; --third-soft: #e6e6f2; --bar: #8b877c; }
  body { font-size: 10.5pt; print-color-adjust: exact; }
  nav, .skip, details { display: none; }
  header { padding-top: 0; } section { padding-top: 2rem; }
  h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .wide { display: block; } .narrow { display: none; }
}
`
