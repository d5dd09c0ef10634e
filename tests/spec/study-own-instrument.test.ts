import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { createSiteKeys } from "../../pipelines/privacy/keys.ts";
import { profileFiles } from "../../pipelines/profile.ts";
import { openRows, readStudy, runStudy } from "../../pipelines/study.ts";
import {
  answerPackage,
  collectAnswers,
  openPackage,
  readPackage,
  writePackage,
} from "../../pipelines/study-exchange.ts";
import { suggestCsv } from "../../pipelines/suggest.ts";
import { storeOf } from "../golden/study/cohorts.ts";

const INSTRUMENT = `source: "our clinic's own form"
reviewed: null
id: our-form
name: "Our form"
version: ""
languages: [en]
recall: "today"
license: { status: "own", holder: "us" }
direction: worse
panels: []
answers:
  scale: [{ value: 0, label: "nevermore" }, { value: 1, label: "evermore" }]
items:
  - { id: OUR1, label: "first", aliases: ["ourform_one"], answers: scale }
  - { id: OUR2, label: "second", aliases: ["ourform_two"], answers: scale }
scores:
  - { id: total, scale: raw, decimals: 0, range: [0, 2], sum: [OUR1, OUR2], confidence: high }
`;
const STUDY = `id: own-form
title: "Our form"
measure: { instrument: our-form, score: total }
windows: { follow_up: { target: 90, days: [60, 120] } }
`;

let directory: string;
const at = (...path: string[]) => join(directory, ...path);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-own-"));
  await mkdir(at("site", "store"), { recursive: true });
  await mkdir(at("site", "instruments"));
  await mkdir(at("hub"));
  await writeFile(at("site", "instruments", "our-form.yaml"), INSTRUMENT);
  await writeFile(at("study.yaml"), STUDY);
  await writeFile(at("site", "site.yaml"), "site: A\nname: Site A\nnetwork: NET\nformat: fhir\n");
  const { publicKey } = await createSiteKeys(at("site", "keys"));
  await writeFile(
    at("hub", "hub.yaml"),
    `network: NET\nname: Net\nsites:\n  - { site: A, public_key: "${publicKey}", inbox: inbox/A }\n`,
  );
  const people = Array.from({ length: 40 }, (_, i) => ({
    site: "A",
    patid: `P${i}`,
    scores: [{ date: "2024-01-10", value: i % 3, instrument: "our-form" }],
  }));
  (await storeOf(people, at("site", "store", "store.duckdb"))).close();
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test("a study of a site's own instrument runs on its rows", async () => {
  const study = await readStudy(at("study.yaml"), at("site"));
  const { queryable } = await openRows(at("site"));
  try {
    const { outcomes } = await runStudy({ study, queryable });
    expect(outcomes[0]?.rows[0]).toMatchObject({ estimate: "people", value: 40 });
  } finally {
    await queryable.close();
  }
});

test("a hub that has the instrument too may ask; without it nobody knows what the score means", async () => {
  const ask = { study: at("study.yaml"), hubDirectory: at("hub"), file: at("package.json") };
  await expect(writePackage(ask)).rejects.toMatchObject({
    code: "CONFIG_STUDY_MEASURE",
    message: expect.stringContaining("our-form"),
  });
  await cp(at("site", "instruments"), at("hub", "instruments"), { recursive: true });
  const { content } = await writePackage(ask);
  const { site, queryable: store } = await openRows(at("site"));
  if (!site) throw new Error("no site");
  try {
    const received = await openPackage(at("package.json"), site, content.signed_by);
    const { summary } = await answerPackage({
      site,
      store,
      package: received,
      file: at("answers", "A.json"),
    });
    expect(summary).toMatchObject({
      cdm_version: "7.0",
      snapshot: expect.stringMatching(/^rows [0-9a-f]{64}$/),
    });
  } finally {
    await store.close();
  }
  const hub = await readHub(at("hub"));
  const { results } = await collectAnswers({
    package: await readPackage(at("package.json"), { directory: hub.directory }),
    hub,
    files: [at("answers", "A.json")],
  });
  expect(results.sites).toEqual(["A"]);
  expect(results.outcomes[0]?.rows[0]).toMatchObject({ estimate: "people", value: 40 });
  expect(results.snapshots[0]?.snapshot).toMatch(/^summary [0-9a-f]{64} of rows [0-9a-f]{64}$/);
});

test("profile shows its answers and suggest finds its items, for that site only", async () => {
  const word = (i: number) => (i % 3 === 0 ? "evermore" : "nevermore");
  const rows = Array.from({ length: 60 }, (_, i) => `${i},${word(i)},${word(i + 1)}`);
  await writeFile(at("export.csv"), `patient_id,ourform_one,ourform_two\n${rows.join("\n")}\n`);
  const roles = async (siteDirectory?: string) => {
    const { files } = await suggestCsv([at("export.csv")], { siteDirectory });
    return files[0]?.columns.map(({ role }) => role);
  };
  expect(await roles(at("site"))).toEqual(["patient_key", "our-form/OUR1", "our-form/OUR2"]);
  expect(await roles()).not.toContain("our-form/OUR1");
  for await (const { fields } of profileFiles([at("export.csv")], { siteDirectory: at("site") })) {
    expect(fields[1]?.values.map(({ value }) => value)).toEqual(["nevermore", "evermore"]);
  }
});
