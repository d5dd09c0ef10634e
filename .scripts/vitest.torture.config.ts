import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** Files of gigabytes and deliberate damage, too long for every test run: npm run torture. */
export default mergeConfig(base, {
  test: {
    include: ["torture/**/*.torture.ts"],
    maxWorkers: 1,
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
