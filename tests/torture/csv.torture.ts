import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withIntake } from "../support/csv-intake.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-torture-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MAPPING = {
  files: [
    {
      match: "*.csv",
      kind: "wide",
      columns: { patient_key: "id" },
      instruments: [
        {
          instrument: "phq-9",
          items: Object.fromEntries(
            Array.from({ length: 9 }, (_, i) => [`PHQ9_${i + 1}`, `q${i + 1}`]),
          ),
        },
      ],
    },
  ],
};
const ANSWERS = Array.from({ length: 9 }, (_, i) => `q${i + 1}`);

describe("one large file", () => {
  it("of a gigabyte, most of it columns that nobody mapped, is read whole", async () => {
    const others = Array.from({ length: 60 }, (_, i) => `x${i}`);
    const filler = others.map((_, i) => `value${i}`).join(",");
    const name = await write("large", ["id", ...ANSWERS, ...others], 2 ** 30, (n) =>
      [`P${n}`, ...ANSWERS.map((_, i) => (n * (i + 2)) % 4), filler].join(","),
    );
    const size = (await stat(join(folder, "large", name.file))).size;
    expect(size).toBeGreaterThan(2 ** 30);
    expect(await counts("large", name.file)).toEqual({
      records: name.rows,
      quarantined: 0,
      answers: name.rows * 9,
      sum: name.sum,
    });
  });

  it("of 5,000 columns and 20,000 rows is read whole", async () => {
    const others = Array.from({ length: 4990 }, (_, i) => `some_long_column_name_${i}`);
    const filler = others.map(() => "0").join(",");
    const { file, rows, sum } = await write("wide", ["id", ...ANSWERS, ...others], 2e8, (n) =>
      [`P${n}`, ...ANSWERS.map((_, i) => (n * (i + 2)) % 4), filler].join(","),
    );
    expect(rows).toBeGreaterThan(19_000);
    expect(await counts("wide", file)).toEqual({
      records: rows,
      quarantined: 0,
      answers: rows * 9,
      sum,
    });
  });

  it("with a quote that never closes or a missing cell in every ten thousandth row loses those rows only", async () => {
    const isBad = (n: number) => n % 10_000 === 5_000;
    const row = (n: number) => {
      const cells = [`P${n}`, ...ANSWERS.map((_, i) => (n * (i + 2)) % 4)];
      if (!isBad(n)) return [...cells, n % 7 === 0 ? '"two\nlines, ""quoted"""' : ""].join(",");
      return n % 20_000 === 5_000 ? [...cells, '"never closed'].join(",") : cells.join(",");
    };
    const { file, rows, sum } = await write(
      "damaged",
      ["id", ...ANSWERS, "note"],
      1.5e8,
      row,
      isBad,
    );
    const quarantined = Math.floor((rows + 4_999) / 10_000);
    expect(await counts("damaged", file)).toEqual({
      records: rows,
      quarantined,
      answers: (rows - quarantined) * 9,
      sum,
    });
  });
});

/** Rows until the file has `bytes`; `sum` is of the answers of rows that are not `left`. */
async function write(
  name: string,
  header: readonly string[],
  bytes: number,
  row: (n: number) => string,
  left: (n: number) => boolean = () => false,
) {
  await mkdir(join(folder, name), { recursive: true });
  const file = `${name}.csv`;
  const out = createWriteStream(join(folder, name, file));
  out.write(`${header.join(",")}\n`);
  let [rows, sum, size] = [0, 0, 0];
  while (size < bytes) {
    const lines: string[] = [];
    for (let i = 0; i < 1000; i++, rows++) {
      lines.push(row(rows));
      if (!left(rows)) for (let k = 2; k < 11; k++) sum += (rows * k) % 4;
    }
    const chunk = `${lines.join("\n")}\n`;
    size += chunk.length;
    if (!out.write(chunk)) await once(out, "drain");
  }
  out.end();
  await finished(out);
  return { file, rows, sum };
}

async function counts(name: string, file: string) {
  const options = { mapping: MAPPING, folder: { path: join(folder, name), files: [file] } };
  const found = await withIntake(options, (db) =>
    db.one<{ records: number; quarantined: number; answers: number; sum: number }>(
      `SELECT (SELECT count(*)::DOUBLE FROM intake_record) AS records,
         (SELECT count(*)::DOUBLE FROM intake_record WHERE state = 'quarantined') AS quarantined,
         (SELECT count(answer_num)::DOUBLE FROM every_response) AS answers,
         (SELECT sum(answer_num)::DOUBLE FROM every_response) AS sum`,
    ),
  );
  await rm(join(folder, name), { recursive: true });
  return found;
}
