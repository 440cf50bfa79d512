import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["tests/slow/**", "tests/tokenizers/**", "tests/fuzz/**", "**/node_modules/**", "**/dist/**"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
})
