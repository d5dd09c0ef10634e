import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./longest-first.ts";

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  test: {
    dir: "tests",
    // Of the modules, only mappings that never change are kept from file to file; to load them anew took a third of the time.
    isolate: false,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Cases that ask at once share a night.
    maxConcurrency: 50,
    // A slow machine is no failure.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    reporters: ["default", join(import.meta.dirname, "closing-line.ts")],
  },
});
