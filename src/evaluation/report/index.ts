/** The report of a run, for people (`report.md`, `report.html`) and programs (`report.json`): the room's door. */
export { renderMarkdown } from "./markdown.ts"
export { renderHtml } from "./page.ts"
export { type Json, REPORT_FORMAT, toReportJson } from "./report-json.ts"
export { checkRunReport, type ReportCorpus, type ReportSample, type RunReport, runReportSchema } from "./run-report.ts"
export { renderTokenizerPage } from "./tokenizer-page.ts"
