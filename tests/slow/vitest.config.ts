/** Slow suites, each asked for by name: `npm run test:kill`, `npm run test:pack`. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["tests/slow/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
    reporters: ["verbose"],
    disableConsoleIntercept: true,
  },
})
