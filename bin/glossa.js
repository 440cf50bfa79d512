#!/usr/bin/env node
// Starts the command line, which TypeScript makes in dist/; where it is not there, one line says what to run.
import { existsSync } from "node:fs"
import module from "node:module"

// Node 22 keeps compiled code between runs.
module.enableCompileCache?.()

const commandLine = new URL("../dist/cli/main.js", import.meta.url)
if (existsSync(commandLine)) {
  const { main } = await import(commandLine).catch(refuse)
  await main(process.argv.slice(2))
} else refuse({ code: "ERR_MODULE_NOT_FOUND", message: "no dist/cli/main.js" })

/** Ends the process with one line when a file or a package is missing. */
function refuse(error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error
  const [came] = error.message.split("\n")
  const fix = came.includes("package") ? "`npm ci`" : "`npm run build`"
  process.stderr.write(`glossa: wanted the built command line; came ${came}; run ${fix} in the project's folder.\n`)
  process.exit(1)
}
