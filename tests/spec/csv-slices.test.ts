import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileFile } from "../../pipelines/adapters/csv/compile.ts";
import { checkCsvMapping } from "../../pipelines/adapters/csv/mapping.ts";
import { dropRows, runStep, showRows } from "../../pipelines/adapters/csv/rows.ts";
import { type Site, siteSchema } from "../../pipelines/configuration/site.ts";
import { exists } from "../../pipelines/core/files.ts";
import { mapRecords, prepare } from "../../pipelines/intake.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";
import { intakeRows } from "../support/csv-intake.ts";

const site = siteSchema.parse({
  site: "TEST",
  name: "test",
  network: "TEST",
  format: "csv",
}) as Site;

/** What the mapping makes of them, each row whole. */
async function mapped(db: DuckDb): Promise<object[][]> {
  await mapRecords(db, site);
  return [
    await db.all("FROM mapped_administration ORDER BY administration_key"),
    await db.all(
      "SELECT * EXCLUDE (judged, said, phrase) FROM mapped_response ORDER BY response_key",
    ),
  ];
}

const { files } = checkCsvMapping({
  files: [
    {
      match: "*.csv",
      kind: "wide",
      columns: { patient_key: "id" },
      instruments: [
        { instrument: "phq-2", items: { PHQ9_1: "q1", PHQ9_2: "q2" }, scores: { phq2_total: "t" } },
      ],
    },
  ],
});

it("a file read in slices, whose answers wait in it, gives the same intake and mapped rows as one read at once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "propool-slices-"));
  const rows = { table: "csv_1", path: join(folder, "csv_1.parquet"), count: 7 };
  const read = async (size: number) => {
    const db = await DuckDb.open(":memory:", { small: true });
    try {
      await prepare(db, site, "2030-01-01");
      await db.run(`COPY (
        SELECT 'P' || n AS id, (n % 4)::VARCHAR AS q1, nullif(n % 3, 0)::VARCHAR AS q2, (n % 7)::VARCHAR AS t,
          CASE WHEN n = 4 THEN 'q1' END AS propool_bad
        FROM range(7) numbers (n)) TO ${text(rows.path)} (FORMAT parquet)`);
      await showRows(db, rows);
      const scratch = { file: "a.csv", table: rows.table, firstRecordKey: 10n } as const;
      const place = { ...scratch, lines: "position", headerLines: 1, isLarge: size < 5 } as const;
      const steps = compileFile(files[0] as never, place);
      for (const step of steps) await runStep(db, step, rows, { many: size, slice: size });
      const all = await db.all(`SELECT count(*)::INTEGER AS n FROM ${rows.table}`);
      await dropRows(db, rows, steps, { many: size, slice: size });
      expect(await exists(rows.path)).toBe(rows.count > size);
      const tables = ["intake_record", "intake_response"] as const;
      return [
        all,
        await db.all("FROM every_administration ORDER BY number"),
        ...(await Promise.all(tables.map((table) => intakeRows(db, table)))),
        ...(await mapped(db)),
      ];
    } finally {
      db.close();
    }
  };
  try {
    const whole = await read(1_000);
    expect(whole.map((list) => list?.length)).toEqual([1, 6, 7, 18, 6, 18]);
    for (const size of [1, 3, 6, 7]) expect(await read(size)).toEqual(whole);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
