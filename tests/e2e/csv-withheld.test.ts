import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { propool, type Told } from "../support/command.ts";
import { siteIn, type TestSite, temporary } from "../support/site.ts";
import { inStore, placesOf } from "../support/site-look.ts";

/** Identifiers were seen in the wild inside local codes, display texts, comments, and in columns that nobody mapped. */
const SECRETS = [
  "zz-code-77123",
  "Wendelgard Holtz",
  "0171-5550199",
  "ask her sister",
  "4711-note",
];

const SECRET_CODES = /Wendelgard|0171/;

const SURVEY = `id,taken,q1,q2,total,comment,note
p1,2024-03-04,1,2,,3,${SECRETS[4]}
p1,2024-04-04,${SECRETS[1]},1,,${SECRETS[3]},x
p2,2024-03-04,2,2,,,
`;
const FLOW = `id,at,code,display,value,words
p2,2024-05-04,44250-9,interest,1,
p2,2024-05-04,F-100,mood (approved),2,
p2,2024-05-04,${SECRETS[0]},${SECRETS[1]},1,${SECRETS[2]}
`;
/** Of much beside questionnaires: a code that many rows have is the site's, one that looks like a telephone is somebody's. */
const MIXED = `id,at,code,value
p2,2024-06-04,44250-9,1
p2,2024-06-04,${SECRETS[1]},1
${`p2,2024-06-04,F-900,1\np2,2024-06-04,${SECRETS[2]},1\np2,2024-06-04,8480-6,120\n`.repeat(6)}`;
const MAPPING = `files:
  - match: mixed.csv
    kind: long
    mixed: true
    columns: { patient_key: id, answered_at: at, item_code: code, answer_num: value }
    group_by: [id, at]
  - match: survey.csv
    kind: wide
    columns: { patient_key: id, answered_at: taken }
    person: {}
    instruments:
      - instrument: phq-9
        items: { PHQ9_1: q1, PHQ9_2: q2 }
        free_text: [{ item: PHQ9_3, column: comment }]
  - match: flow.csv
    kind: long
    columns: { patient_key: id, answered_at: at, item_code: code, item_text: display, answer_num: value, answer_text: words }
    group_by: [id, at]
`;

let site: TestSite;
let remove: () => Promise<void>;
const told: Told[] = [];

beforeAll(async () => {
  const folder = await temporary();
  remove = folder.remove;
  site = await siteIn(folder.directory, "csv", { id: "CLINIC" });
  await rm(site.path("export"), { recursive: true });
  await mkdir(site.path("export"));
  await site.write("mapping.yaml", MAPPING);
  await writeFile(site.path("export", "survey.csv"), SURVEY);
  await writeFile(site.path("export", "flow.csv"), FLOW);
  await writeFile(site.path("export", "mixed.csv"), MIXED);
  const yaml = await readFile(site.path("site.yaml"), "utf8");
  await site.write(
    "site.yaml",
    `${yaml.replace(/^codes:.*$/m, "")}\ncodes:\n  - { code: F-100, instrument: phq-9, item: PHQ9_2 }\n`,
  );
  told.push(await propool("run", site.directory));
});
afterAll(() => remove());

it("a lone number in a column of comments is no answer, whatever item the column is said to be", async () => {
  expect(told[0]?.exitCode, told[0]?.err).toBe(0);
  const items = await inStore(site, (db) =>
    db.all(
      `SELECT d.name, CAST(p.pro_response_num AS DOUBLE) AS value FROM pro_cm p JOIN pro_cm_detail d USING (pro_cm_id)
       WHERE d.kind = 'item' AND p.pro_response_num IS NOT NULL ORDER BY ALL`,
    ),
  );
  // The comment "3" would have been a PHQ9_3; the local code F-100 counts, because the site approved it.
  expect(items).toEqual([
    { name: "PHQ9_1", value: 1 },
    { name: "PHQ9_1", value: 1 },
    { name: "PHQ9_1", value: 1 },
    { name: "PHQ9_1", value: 2 },
    { name: "PHQ9_2", value: 1 },
    { name: "PHQ9_2", value: 2 },
    { name: "PHQ9_2", value: 2 },
    { name: "PHQ9_2", value: 2 },
  ]);
});

it("what was written by hand, and codes that nobody approved, stay out of all that is kept, sent and printed", async () => {
  const places = await placesOf(SECRETS, site, told);
  // A site's own report names the codes that wait for approval; it stays at the site.
  const [code] = SECRETS;
  const ofSteward = (place: string) => place.startsWith(`${code} in ${site.path("reports")}`);
  expect(places.filter((place) => !ofSteward(place))).toEqual([]);
});

it("the codes of a mixed file that nobody knows are named with their rows, and none that may be somebody's", async () => {
  const line = /Codes that nobody knows, .*: F-900 \(6\); 2 more stand in few rows/;
  expect(told[0]?.out).toMatch(line);
  const plan = await propool("plan", site.directory);
  expect(plan.out).toMatch(line);
  const look = await propool("preview", site.path("export", "mixed.csv"), "--site", site.directory);
  expect(look.out).toMatch(line);
  await propool("report", site.directory);
  expect(await readFile(site.path("reports", "report.html"), "utf8")).toMatch(/F-900<.*mixed\.csv/);
  for (const { out, err } of [plan, look]) expect(out + err).not.toMatch(SECRET_CODES);
});

it("the preview counts what was withheld, with the reason", async () => {
  const { out } = await propool(
    "preview",
    ...[site.path("export", "survey.csv"), site.path("export", "flow.csv")],
    ...["--site", site.directory, "--json"],
  );
  const reasons = (JSON.parse(out) as { reason: string | null; state: string }[])
    .filter(({ state }) => state === "quarantined")
    .map(({ reason }) => reason);
  expect(reasons.toSorted()).toEqual([
    "MAPPING_FREE_TEXT",
    "MAPPING_FREE_TEXT",
    "MAPPING_FREE_TEXT",
    "MAPPING_UNMAPPED_CODE",
  ]);
});
