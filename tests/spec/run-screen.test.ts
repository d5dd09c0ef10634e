import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ledgerText } from "../../cli/run-text.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { initSite } from "../../pipelines/init.ts";
import { runSite } from "../../pipelines/run.ts";
import { temporary } from "../support/site.ts";

it("the night's screen says why records and files were left out, also where that is no issue", async () => {
  const { directory, remove } = await temporary();
  const site = join(directory, "river");
  await initSite(site, { site: "RIVER", name: "River", network: "NET", format: "fhir" });
  const forms = ["a", "b"].map((id) => JSON.stringify({ resourceType: "Questionnaire", id }));
  await writeFile(join(site, "export/forms.ndjson"), `${forms.join("\n")}\n`);
  for (const name of ["a.csv", "b.txt", "c.pdf", "d.xlsx"])
    await writeFile(join(site, "export", name), "not FHIR");
  const progress = createProgress({ err: process.stderr, tty: false, quiet: true });
  const screen = ledgerText(await runSite(site, { progress, today: "2026-01-01" }));
  await remove();
  expect(screen).toMatch(
    /Questionnaire\s+out of scope\s+2\s+the resource says something about others/,
  );
  expect(screen).toContain(
    "  not read, of another format than fhir: 4 files (a.csv, b.txt, c.pdf …)\n",
  );
});
