import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Whole networks first: a fresh clone knows no durations, so vitest would begin with the largest files and end with the smallest, one of
 * which kills nights for half a minute while the other worker has nothing left to do.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => /[\\/](e2e|contract)[\\/]/.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
