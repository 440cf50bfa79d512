/** Tokenizers held against Hugging Face's Rust library, asked for by name: `npm run test:tokenizers`. */
import { defineConfig } from "vitest/config"
import slow from "../slow/vitest.config.ts"

export default defineConfig({
  test: { ...slow.test, include: ["tests/tokenizers/**/*.test.ts"], testTimeout: 1_200_000 },
})
