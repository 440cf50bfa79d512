/** Tokenizers held against Hugging Face's Rust library, asked for by name: `npm run test:tokenizers`. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["tests/tokenizers/**/*.test.ts"],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
    reporters: ["verbose"],
    disableConsoleIntercept: true,
  },
})
