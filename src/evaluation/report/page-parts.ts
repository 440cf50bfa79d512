/**
 * What pages of reports are made of: one self-contained document (no script, no font, no image, nothing fetched: its own
 * policy forbids it), sections, tables. Every word from outside goes through `escapeHtml`.
 */
import { escapeHtml } from "./escape.ts"
import { PAGE_STYLE } from "./page-style.ts"

export interface Section {
  readonly id: string
  readonly heading: string
  /** The heading's short form, for the list of contents. */
  readonly short: string
  readonly body: string
}

/** A whole page. `body` is HTML; the title is text. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`
}

export function renderSection({ id, heading, body }: Section): string {
  return `<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${body}
</section>`
}

export function folded(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>${body}</details>`
}

export function dataTable(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  className = "",
): string {
  const head = headings.map((heading) => `<th scope="col">${escapeHtml(heading)}</th>`).join("")
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`).join("\n")
  return `<table${className && ` class="${className}"`}><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}

export function pairTable(caption: string, rows: readonly (readonly [string, string])[]): string {
  const body = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  return `<table class="pairs"><caption>${escapeHtml(caption)}</caption><tbody>${body.join("\n")}</tbody></table>`
}
