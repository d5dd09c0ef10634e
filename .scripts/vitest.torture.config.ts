import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** What takes minutes and gigabytes: `npm run torture`. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      include: ["**/torture/*.torture.ts"],
      testTimeout: 3_600_000,
      hookTimeout: 3_600_000,
      fileParallelism: false,
    },
  }),
);
