/**
 * What a site's nights take after its first: one with 1 % new, and one that brings the same again, beside what is stored. Each is a
 * process of its own.
 *
 *     node tests/bench/site-nights.ts [answers stored …, default 1000000]
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initSite } from "../../pipelines/init.ts";
import { HUB_KEY } from "../support/submission.ts";
import { patient, people, response, writeRecords } from "./fhir-records.ts";
import { lineOf, measureCommand } from "./measure-command.ts";

/** Answers of one form, its total among them. */
const ANSWERS_A_FORM = 10;

const sizes = process.argv.slice(2).map(Number);
for (const answers of sizes.length > 0 ? sizes : [1_000_000]) {
  const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
  try {
    await nights(root, answers / ANSWERS_A_FORM);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function nights(root: string, forms: number): Promise<void> {
  const site = join(root, "clinic");
  await initSite(site, { site: "BENCH", name: "Bench", network: "NET", format: "fhir" });
  const configuration = join(site, "site.yaml");
  const written = (await readFile(configuration, "utf8")).replace(/^hub_key:.*\n/m, "");
  await writeFile(configuration, `${written}hub_key: ${HUB_KEY.recipient}\n`);
  const measure = async (name: string) =>
    console.log(
      lineOf(`${forms * ANSWERS_A_FORM} answers, ${name}`, await measureCommand(["run", site])),
    );
  const deliver = async (known: number, [first, last]: [number, number]) => {
    await rm(join(site, "export"), { recursive: true, force: true });
    await mkdir(join(site, "export"));
    await writeRecords(join(site, "export/Patient.ndjson"), known, patient);
    await writeRecords(join(site, "export/QuestionnaireResponse.ndjson"), last - first, (i) =>
      response(first + i),
    );
  };
  await deliver(people, [0, forms]);
  await measure("first night");
  await deliver(1, [forms, Math.ceil(forms * 1.01)]);
  await measure("1 % new");
  await measure("the same export again: nothing new");
}
