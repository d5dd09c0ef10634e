import { readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { propool } from "../support/command.ts";
import { PEOPLE, siteIn, type TestSite, temporary, VISITS } from "../support/site.ts";
import { responseResource } from "../support/site-export.ts";

const TODAY = ["--today", "2024-06-01"];
let site: TestSite;
let remove: () => Promise<void>;
beforeAll(async () => {
  const folder = await temporary();
  remove = folder.remove;
  site = await siteIn(folder.directory, "fhir");
});
afterAll(() => remove());

it("an item whose code is a patient's name is remembered as a number of answers only", async () => {
  const [visit] = VISITS;
  if (!visit) throw new Error("no visit");
  const form = {
    ...responseResource(visit),
    id: "other-form",
    questionnaire: "http://example.org/own",
    item: ["Quellmark", "local-7"].map((linkId) => ({
      linkId,
      answer: [{ valueInteger: 1 }],
    })),
  };
  await site.deliver(PEOPLE, VISITS);
  await site.write("export/Own.ndjson", `${JSON.stringify(form)}\n`);
  expect(await propool("run", site.directory, ...TODAY)).toMatchObject({ exitCode: 0 });
  const { unmapped } = JSON.parse(await readFile(site.path("reports/refresh-000001.json"), "utf8"));
  const codes = unmapped.map(({ code }: { code: string }) => code).sort();
  expect(codes).toEqual(["(names somebody)", "local-7"]);
});

it("a file that cannot be read is named on the screen, and by its number in a log", async () => {
  await rm(site.path("export/Own.ndjson"));
  await site.write("export/Smith_John.ndjson", "");
  const told = await propool("run", site.directory, ...TODAY);
  expect(told).toMatchObject({ exitCode: 12, err: expect.stringContaining("Smith_John") });
  const logged = await propool("run", site.directory, ...TODAY, "--json");
  expect(logged.exitCode).toBe(12);
  expect(logged.err).toContain("file 3 of the export by name");
  expect(`${logged.err}${logged.out}`).not.toMatch(/Smith/i);
  const metrics = await readFile(site.path("reports/metrics.prom"), "utf8");
  expect(metrics).not.toMatch(/Smith/i);
});
