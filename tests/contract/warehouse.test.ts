import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { SiteRows, Warehouse, WarehouseReader } from "../../warehouse/dialects/index.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import { cohortSql } from "../../warehouse/queries/cohort.ts";
import { TABLE_NAMES, type TableName, tableShape } from "../../warehouse/schema.ts";
import { ident, text } from "../../warehouse/sql.ts";
import { DIALECTS } from "../support/dialects.ts";
import { type StoreRows, storeWith } from "../support/store.ts";
import { SMALL_STORE } from "../support/submission.ts";

// A load takes a tenth of a second here, and much longer on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let directory: string;
let parquetDirectory: string;

beforeAll(async () => {
  parquetDirectory = await mkdtemp(join(tmpdir(), "propool-parquet-"));
});
afterAll(async () => {
  await rm(parquetDirectory, { recursive: true, force: true });
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "propool-warehouse-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe.each(DIALECTS)("a warehouse on $dialect", (dialect) => {
  const { url, declaresLengths, declaresKeys, spreadBy } = dialect;
  let warehouse: Warehouse;
  beforeAll(() => dialect.start(), 60_000);
  afterAll(() => dialect.stop());
  beforeEach(async () => {
    warehouse = openWarehouse(await url(), { baseDirectory: directory });
  });

  it("is missing until the first load, and says what to do", async () => {
    expect(await warehouse.isPublished()).toBe(false);
    await expect(warehouse.read()).rejects.toMatchObject({
      code: "WAREHOUSE_MISSING",
      hint: expect.stringContaining("propool pool"),
    });
  });

  it("has the tables, columns, types and keys of schema.ts", async () => {
    await warehouse.load(async () => undefined);
    await reading(warehouse, async (reader) => {
      for (const table of TABLE_NAMES) {
        expect(await catalogue(reader, table)).toEqual(expectedColumns(table, declaresLengths));
        const key = tableShape(table).key;
        const isSpread =
          spreadBy && spreadBy in tableShape(table).columns && !key.includes(spreadBy);
        const declared = isSpread ? [...key, spreadBy] : [...key];
        expect(await primaryKey(reader, table)).toEqual(declaresKeys ? declared.toSorted() : []);
      }
    });
  });

  it("keeps its rows when the migrations are asked for again", async () => {
    await warehouse.load(async () => undefined);
    await load(warehouse, "SITEA", SMALL_STORE);
    await warehouse.load(async () => undefined);
    expect(await scores(warehouse)).toHaveLength(2);
  });

  it("loads a site's rows and returns how many", async () => {
    const counts = await load(warehouse, "SITEA", SMALL_STORE);
    expect(counts).toMatchObject({ demographic: 2, pro_cm: 3, pro_cm_detail: 3, encounter: 0 });
    expect(await scores(warehouse)).toEqual([
      { datamartid: "SITEA", patid: "P1", value: "12.00000000", pro_date: "2024-02-01", sex: "F" },
      { datamartid: "SITEA", patid: "P2", value: "7.00000000", pro_date: "2024-03-01", sex: "M" },
    ]);
  });

  it("keeps every character, an empty text and null apart", async () => {
    const awkward = 'tab\t line\n return\r backslash \\N \\. quote " comma, ümlaut 😀';
    await load(warehouse, "SITEA", {
      demographic: [
        { patid: "P1", raw_sex: awkward },
        { patid: "P2", raw_sex: "" },
        { patid: "P3", raw_sex: null },
      ],
    });
    const rows = await query(warehouse, "SELECT raw_sex FROM demographic ORDER BY patid");
    expect(rows).toEqual([{ raw_sex: awkward }, { raw_sex: "" }, { raw_sex: null }]);
  });

  it("replaces the rows of one site and leaves the others", async () => {
    await load(warehouse, "SITEA", SMALL_STORE);
    await load(warehouse, "SITEB", SMALL_STORE);
    await load(warehouse, "SITEA", { demographic: [{ patid: "P9" }] }, 2);
    const patients = await query(
      warehouse,
      "SELECT datamartid, patid FROM demographic ORDER BY datamartid, patid",
    );
    expect(patients).toEqual([
      { datamartid: "SITEA", patid: "P9" },
      { datamartid: "SITEB", patid: "P1" },
      { datamartid: "SITEB", patid: "P2" },
    ]);
    const held = "SELECT datamartid, sequence FROM submission ORDER BY datamartid";
    expect(await query(warehouse, held)).toEqual([
      { datamartid: "SITEA", sequence: 2 },
      { datamartid: "SITEB", sequence: 1 },
    ]);
  });

  it("removes a site from every table", async () => {
    await load(warehouse, "SITEA", SMALL_STORE);
    await load(warehouse, "SITEB", SMALL_STORE);
    await warehouse.load((loader) => loader.removeSite("SITEA"));
    for (const table of [...TABLE_NAMES, "submission"]) {
      expect(await query(warehouse, `SELECT 1 FROM ${table} WHERE datamartid = 'SITEA'`)).toEqual(
        [],
      );
    }
    expect(await scores(warehouse)).toHaveLength(2);
  });

  it("begins without rows when loaded afresh", async () => {
    await load(warehouse, "SITEA", SMALL_STORE);
    const parquet = await parquetOf("SITEB", SMALL_STORE);
    await warehouse.load((loader) => loader.apply(siteRows("SITEB", parquet)), {
      fresh: true,
    });
    expect(await query(warehouse, "SELECT DISTINCT datamartid FROM pro_cm")).toEqual([
      { datamartid: "SITEB" },
    ]);
  });

  it("leaves the old rows when a load fails half-way", async () => {
    await load(warehouse, "SITEA", SMALL_STORE);
    const bad = await writeParquet("SITEA", SMALL_STORE);
    // pro_collection comes after tables that load well.
    await overwrite(bad, "pro_collection", "SELECT * REPLACE (NULL::VARCHAR AS patid)");
    const failed = warehouse.load(async (loader) => {
      await loader.removeSite("SITEA");
      await loader.apply(siteRows("SITEA", bad, 2));
    });
    await expect(failed).rejects.toMatchObject({ code: "WAREHOUSE_LOAD" });
    expect(await scores(warehouse)).toHaveLength(2);
    expect(await query(warehouse, "SELECT sequence FROM submission")).toEqual([{ sequence: 1 }]);
    await load(warehouse, "SITEA", SMALL_STORE, 3);
    expect(await query(warehouse, "SELECT sequence FROM submission")).toEqual([{ sequence: 3 }]);
  });

  it("lets a reader keep what it had while a load is published", async () => {
    await load(warehouse, "SITEA", SMALL_STORE);
    await reading(warehouse, async (reader) => {
      expect(await reader.all("SELECT count(*) AS n FROM pro_cm")).toEqual([{ n: 3 }]);
      await load(warehouse, "SITEB", SMALL_STORE);
      expect(await reader.all("SELECT count(*) AS n FROM pro_cm")).toEqual([{ n: 3 }]);
    });
    expect(await query(warehouse, "SELECT count(*) AS n FROM pro_cm")).toEqual([{ n: 6 }]);
  });

  describe("that a person queries", () => {
    let loaded: Warehouse;
    let home: string;
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), "propool-warehouse-"));
      loaded = openWarehouse(await url(), { baseDirectory: home });
      await load(loaded, "SITEA", SMALL_STORE);
    });
    afterAll(() => rm(home, { recursive: true, force: true }));

    it.each([
      ["a change", "DELETE FROM pro_cm"],
      [
        "a change in a common table expression",
        "WITH x AS (DELETE FROM pro_cm RETURNING *) SELECT 1",
      ],
      ["a second statement", "SELECT 1; DELETE FROM pro_cm"],
      ["a way out of the transaction", "COMMIT; DROP TABLE submission"],
      ["a new table", "CREATE TABLE mine (a INTEGER)"],
      ["a copy to a file", "COPY pro_cm TO '/tmp/propool-stolen.csv'"],
      ["a setting", "SET default_transaction_read_only = off"],
      ["a column that is not there", "SELECT nothing_of_this_name FROM pro_cm"],
    ])("refuses %s, and goes on", async (_, sql) => {
      await reading(loaded, async (reader) => {
        await expect(reader.select(sql)).rejects.toMatchObject({
          code: expect.stringMatching(/^WAREHOUSE_(READ_ONLY|SQL)$/),
        });
        expect(await reader.all("SELECT count(*) AS n FROM pro_cm")).toEqual([{ n: 3 }]);
      });
    });

    it("says that a query failed in its rows", async () => {
      await reading(loaded, async (reader) => {
        const sql = `SELECT CAST(CASE WHEN n = 6000 THEN 'x' ELSE '1' END AS INTEGER)
          FROM generate_series(1, 6500) AS s(n)`;
        const readAll = async () => {
          const { batches } = await reader.select(sql);
          for await (const _ of batches);
        };
        await expect(readAll()).rejects.toMatchObject({ code: "WAREHOUSE_SQL" });
      });
    });

    it("gives counts, sums and means as numbers and days as text", async () => {
      const sql = `SELECT count(*) AS n, avg(value) AS mean, sum(decimals) AS whole,
        min(pro_date) AS first_day, bool_and(value > 0) AS positive FROM pro_score`;
      expect(await query(loaded, sql)).toEqual([
        { n: 2, mean: 9.5, whole: 0, first_day: "2024-02-01", positive: true },
      ]);
    });

    it("streams a selection in batches with its columns", async () => {
      await reading(loaded, async (reader) => {
        const { columns, batches } = await reader.select(
          `SELECT count(*) OVER () AS n, a.pro_cm_id FROM pro_cm a, pro_cm b, pro_cm c, pro_cm d,
             pro_cm e, pro_cm f, pro_cm g, pro_cm h ORDER BY a.pro_cm_id`,
        );
        expect(columns).toEqual([
          { name: "n", type: "BIGINT" },
          { name: "pro_cm_id", type: "VARCHAR" },
        ]);
        let rows = 0;
        for await (const batch of batches) rows += batch.length;
        expect(rows).toBe(3 ** 8);
      });
    });
  });
});

describe("a DuckDB warehouse", () => {
  it("is one file: no copy and no write-ahead log stays, even after a failure", async () => {
    const warehouse = openWarehouse("duckdb:published/w.duckdb", { baseDirectory: directory });
    await load(warehouse, "SITEA", SMALL_STORE);
    await expect(
      warehouse.load(async () => {
        throw new Error("stop");
      }),
    ).rejects.toThrow("stop");
    expect(await readdir(join(directory, "published"))).toEqual(["publications", "w.duckdb"]);
    expect(await readdir(join(directory, "published", "publications"))).toEqual(["000001.duckdb"]);
  });

  it.each([
    "INSTALL httpfs",
    "LOAD httpfs",
    "ATTACH '/tmp/propool-other.duckdb'",
    "SET enable_external_access = true",
    "SET autoload_known_extensions = true",
    "SET allowed_directories = ['/']",
    "SET lock_configuration = false",
  ])("is locked, whatever statement gets through: %s", async (sql) => {
    const warehouse = openWarehouse("duckdb:locked.duckdb", { baseDirectory: directory });
    await warehouse.load(async () => undefined);
    await reading(warehouse, async (reader) => {
      await expect(reader.all(sql)).rejects.toThrow(/disabled|locked|Permission/);
    });
  });

  it("cannot read the hub's other files in a person's query", async () => {
    const warehouse = openWarehouse("duckdb:w.duckdb", { baseDirectory: directory });
    await load(warehouse, "SITEA", SMALL_STORE);
    await reading(warehouse, async (reader) => {
      const sql = "SELECT * FROM read_text('/etc/hostname')";
      await expect(reader.select(sql)).rejects.toThrow(/disabled by configuration/);
    });
  });
});

describe("openWarehouse", () => {
  it("names the schemes it knows, and not a password", () => {
    expect(() => openWarehouse("mysql://hub:secret@host/db", { baseDirectory: directory })).toThrow(
      expect.objectContaining({
        code: "CONFIG_WAREHOUSE",
        message: expect.not.stringContaining("secret"),
      }),
    );
  });

  it("says that a server does not answer, without the password", async () => {
    const warehouse = openWarehouse("postgres://hub:secret@127.0.0.1:1/db", {
      baseDirectory: directory,
    });
    await expect(warehouse.read()).rejects.toMatchObject({
      code: "WAREHOUSE_UNREACHABLE",
      where: { file: "postgres://hub@127.0.0.1:1/db" },
    });
  });
});

async function load(warehouse: Warehouse, site: string, rows: StoreRows, sequence = 1) {
  const parquet = await parquetOf(site, rows);
  return warehouse.load((loader) => loader.apply(siteRows(site, parquet, sequence)));
}

function siteRows(site: string, folder: string, sequence = 1) {
  const kind: SiteRows["kind"] = "full";
  return { site, sequence, kind, manifestSha256: "0".repeat(64), directory: folder };
}

let folders = 0;
/** The folders of SMALL_STORE by site: most cases begin with the same rows. */
const smallFolders = new Map<string, Promise<string>>();

function parquetOf(site: string, rows: StoreRows): Promise<string> {
  if (rows !== SMALL_STORE) return writeParquet(site, rows);
  const folder = smallFolders.get(site) ?? writeParquet(site, rows);
  smallFolders.set(site, folder);
  return folder;
}

async function writeParquet(site: string, rows: StoreRows): Promise<string> {
  const folder = join(parquetDirectory, String(++folders));
  await mkdir(folder);
  const db = await storeWith(rows, { site });
  for (const table of TABLE_NAMES) {
    await db.run(
      `COPY (SELECT 'added' AS change, * FROM ${ident(table)}) TO ${text(join(folder, `${table}.parquet`))}`,
    );
  }
  db.close();
  return folder;
}

async function overwrite(folder: string, table: TableName, select: string): Promise<void> {
  const db = await storeWith({});
  const file = join(folder, `${table}.parquet`);
  await db.run(`CREATE TABLE changed AS ${select} FROM read_parquet(${text(file)})`);
  await db.run(`COPY changed TO ${text(file)}`);
  db.close();
}

async function reading<T>(warehouse: Warehouse, work: (reader: WarehouseReader) => Promise<T>) {
  const reader = await warehouse.read();
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

function query(warehouse: Warehouse, sql: string): Promise<object[]> {
  return reading(warehouse, (reader) => reader.all(sql));
}

async function scores(warehouse: Warehouse): Promise<object[]> {
  const rows = (await query(warehouse, cohortSql({ measure: ["phq-9"] }))) as Record<
    string,
    unknown
  >[];
  return rows.map(({ datamartid, patid, value, pro_date, sex }) => {
    return { datamartid, patid, value, pro_date, sex };
  });
}

function catalogue(reader: WarehouseReader, table: TableName) {
  return reader.all(
    `SELECT column_name AS name, upper(data_type) AS type, is_nullable AS nullable,
       character_maximum_length AS length, numeric_precision AS digits, numeric_scale AS scale
     FROM information_schema.columns WHERE table_name = ${text(table)} ORDER BY ordinal_position`,
  );
}

/** The names that the standard's information schema gives in each dialect. */
function expectedColumns(table: TableName, declaresLengths: boolean) {
  return Object.entries(tableShape(table).columns).map(([name, shape]) => {
    const decimal = `DECIMAL(${shape.precision},${shape.scale})`;
    const types = declaresLengths
      ? { text: "CHARACTER VARYING", number: "NUMERIC" }
      : { text: "VARCHAR", number: decimal };
    const type = { date: "DATE", integer: "INTEGER", boolean: "BOOLEAN", ...types }[shape.type];
    const isInteger = shape.type === "integer";
    return {
      name,
      type,
      nullable: shape.required ? "NO" : "YES",
      length: declaresLengths ? shape.length : null,
      digits: isInteger ? 32 : shape.precision,
      scale: isInteger ? 0 : shape.scale,
    };
  });
}

async function primaryKey(reader: WarehouseReader, table: TableName): Promise<string[]> {
  const rows = await reader.all<{ name: string }>(
    `SELECT usage.column_name AS name
     FROM information_schema.key_column_usage usage
     JOIN information_schema.table_constraints USING (constraint_name)
     WHERE usage.table_name = ${text(table)} AND constraint_type = 'PRIMARY KEY'`,
  );
  return rows.map(({ name }) => name).toSorted();
}
