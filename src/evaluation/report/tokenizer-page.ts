/** A comparison of tokenizers as one self-contained page: for each kind of text a figure, and all of it as tables. */
import type { TokenizerComparison } from "../metrics/index.ts"
import { escapeHtml } from "./escape.ts"
import { barFigure } from "./figure.ts"
import { dataTable, htmlPage, renderSection, type Section } from "./page-parts.ts"
import { byteCount, plural, wholeNumber } from "./wording.ts"

/** The comparison as the text of an HTML page. */
export function renderTokenizerPage(comparison: TokenizerComparison): string {
  const { domains, tokenizers } = comparison
  const names = tokenizers.filter(({ isOurs }) => isOurs).map(({ name }) => name)
  const otherCount = tokenizers.length - names.length
  const others = otherCount === 1 ? "another vocabulary" : `${otherCount} other vocabularies`
  const sections = [...domains.map((_, index) => domainSection(comparison, index)), tableSection(comparison)]
  return htmlPage(
    `${names.join(", ")} · Glossa tokenizer report`,
    `<header>
<p class="eyebrow">Glossa · tokenizer report</p>
<h1>How much text a token stands for</h1>
<p class="lede">${escapeHtml(names.join(", "))}, held against ${others} on ${plural(domains.length, "kind")} of text. More bytes per token is better: the same text is then shorter for a model.</p>
</header>
<main id="content" tabindex="-1">
${sections.map(renderSection).join("\n")}
</main>
<footer><p>This page fetches nothing and runs no script.</p></footer>`,
  )
}

function domainSection({ domains, tokenizers }: TokenizerComparison, index: number): Section {
  const { domain, source, bytes, words } = domains[index]
  const bars = tokenizers.flatMap(({ name, isOurs, domains: measured }) => {
    const value = measured[index]?.bytesPerToken
    return value === undefined ? [] : [{ label: name, value, figure: value.toFixed(2), isOurs }]
  })
  const sorted = bars.sort((left, right) => right.value - left.value)
  return {
    id: `domain-${index}`,
    heading: `Bytes per token: ${escapeHtml(domain)}`,
    short: domain,
    body: `<p>${escapeHtml(source)}: ${byteCount(bytes)}, ${plural(words, "word")}.</p>
<figure class="bars">${barFigure(`domain-${index}-bars`, `Bytes per token: ${domain}`, sorted)}</figure>`,
  }
}

function tableSection({ domains, tokenizers }: TokenizerComparison): Section {
  const headings = ["Tokenizer", "Ids", ...domains.map(({ domain }) => domain)]
  const rowsOf = (key: "bytesPerToken" | "tokensPerWord") =>
    tokenizers.map(({ name, vocabularySize, domains: measured }) => [
      name,
      wholeNumber(vocabularySize),
      ...measured.map((one) => one?.[key].toFixed(2) ?? "–"),
    ])
  return {
    id: "tables",
    heading: "All figures",
    short: "Tables",
    body:
      dataTable("Bytes per token, more is better", headings, rowsOf("bytesPerToken")) +
      dataTable("Tokens per word, fewer is better", headings, rowsOf("tokensPerWord")),
  }
}
