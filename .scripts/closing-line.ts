import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a test run with `N passed, N failed`, and `, N skipped` where there were some. A file that cannot be loaded, a
 * hook that throws and an error outside any test count as one failure each: with none failed, the exit code is 0.
 */
export default class ClosingLine implements Reporter {
  #line = "0 passed, 0 failed";

  onInit(): void {
    // At the very end, after every other reporter's summary, however vitest leaves.
    process.once("exit", () => writeSync(1, `${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      const groups = [module, ...module.children.allSuites()];
      count.failed += groups.filter((group) => group.errors().length > 0).length;
    }
    const skipped = count.skipped + count.pending;
    this.#line = `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  }
}
