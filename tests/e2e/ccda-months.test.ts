import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { documentAround, observation } from "../golden/ccda/read-inline.ts";
import { propool } from "../support/command.ts";

let root: string;
let site: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "propool-months-"));
  site = join(root, "clinic");
  await propool("init", "site", site, "--format", "ccda", "--site", "CLINIC");
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The month's document: every PHQ-9 total so far, each with an id of this month only. */
function month(n: number, totals: number[]): string {
  const entries = totals.map((value, i) => {
    const id = `<id root="2.999.5" extension="${n}-${i}"/>`;
    const time = `<effectiveTime value="20240${i + 1}151000"/>`;
    return `<entry>${observation("44261-6", `${id}${time}<value xsi:type="INT" value="${value}"/>`)}</entry>`;
  });
  const header = `<id root="2.999.8" extension="m${n}"/><effectiveTime value="20240${n}28"/>
    <recordTarget><patientRole><id root="2.999.7" extension="P1"/><patient/></patientRole></recordTarget>`;
  return documentAround(entries.join(""), header);
}

async function night(n: number, totals: number[]): Promise<number[]> {
  await writeFile(join(site, "export", "ccd.xml"), month(n, totals));
  const { exitCode, err } = await propool("run", site, "--today", "2024-12-01");
  expect(exitCode, err).toBe(0);
  const store = await DuckDb.open(join(site, "store", "store.duckdb"), { readOnly: true });
  try {
    const rows = await store.all<{ n: number }>(
      "SELECT CAST(pro_response_num AS DOUBLE) AS n FROM pro_cm ORDER BY pro_date, n",
    );
    return rows.map((row) => row.n);
  } finally {
    store.close();
  }
}

test("every month repeats all before it under new ids, and each is in the store once", async () => {
  expect(await night(1, [12])).toEqual([12]);
  expect(await night(2, [12, 9])).toEqual([12, 9]);
  expect(await night(3, [12, 9, 9])).toEqual([12, 9, 9]);
}, 60_000);

test("a value that changed is no repetition", async () => {
  expect(await night(4, [12, 9, 8])).toEqual([12, 9, 8, 9]);
}, 60_000);
