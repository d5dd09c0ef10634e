import { expect, it } from "vitest";
import { coreDumps } from "../../pipelines/doctor.ts";

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units
Max stack size            8388608              unlimited            bytes
Max core file size        ${soft.padEnd(20)} unlimited            bytes
`;

it.each([
  ["0", "ok"],
  ["unlimited", "warning"],
  ["1048576", "warning"],
])("a limit of %s for core dumps is told as %s", (soft, state) => {
  expect(coreDumps(limits(soft)).state).toBe(state);
});
