import type { Writable } from "node:stream";
import { InvalidArgumentError } from "commander";
import { readHub } from "../../pipelines/configuration/hub.ts";
import { ProError } from "../../pipelines/core/errors.ts";
import { warehouseOf } from "../../pipelines/pool.ts";
import type { Selection, Value, WarehouseReader } from "../../warehouse/dialects/index.ts";
import { exporter, exportSelection, plainText } from "../../warehouse/export.ts";
import { HELD_LINKAGE } from "../../warehouse/merge.ts";
import {
  type Cohort,
  cohortPeopleSql,
  cohortSql,
  mixedScalesSql,
} from "../../warehouse/queries/cohort.ts";
import type { AddCommand, Io } from "../command.ts";
import { textTable } from "../text-table.ts";

interface Options extends Cohort {
  mixScales?: boolean;
  out?: string;
  limit?: number;
  json?: boolean;
}

/** Rows that a terminal shows when nobody says how many. */
const SHOWN_ROWS = 100;

export const addQuery: AddCommand = (program, io) => {
  program
    .command("query")
    .description("ask the warehouse: scores of a cohort, or one SELECT of your own")
    .argument("<hubDir>", "the hub's folder, with hub.yaml")
    .argument("[sql]", "a SELECT; left out: the scores that the options ask for")
    .option("--measure <id...>", "instruments, such as phq-9", many(/^[a-z0-9.-]+$/, "phq-9"))
    .option("--score <id>", "score of it, such as total", matching(/^\w+$/, "total"))
    .option("--from <date>", "first day of the answers, YYYY-MM-DD, as the sites shifted them", day)
    .option("--to <date>", "last day, YYYY-MM-DD", day)
    .option("--min-age <years>", "completed years on the day of the answers, at least", years)
    .option("--max-age <years>", "completed years, at most", years)
    .option("--sex <code>", "PCORnet code, such as F", matching(/^[A-Z]{1,2}$/, "F"))
    .option(
      "--condition <code...>",
      "people with a diagnosis: F32.1, or F32* for all below",
      many(CODE, "F32*"),
    )
    .option("--procedure <code...>", "people with a procedure: 96127", many(CODE, "96127"))
    .option("--site <id...>", "sites (DATAMARTID)", many(/^[A-Z0-9]{1,10}$/, "SITEA"))
    .option("--method <code>", "PRO_METHOD, such as EC", matching(/^[A-Z]{2}$/, "EC"))
    .option("--mode <code>", "PRO_MODE, such as SF", matching(/^[A-Z]{2}$/, "SF"))
    .option("--include-linked", "also scores that a crosswalk made of another instrument's")
    .option("--mix-scales", "allow scores of one name on several scales in one result")
    .option("--out <file>", "write all rows to a .csv, .parquet or .arrow file")
    .option("--limit <rows>", `at most so many rows (default on screen: ${SHOWN_ROWS})`, rowCount)
    .option("--json", "print rows as JSON")
    .addHelpText("after", EXAMPLES)
    .action((hubDirectory: string, sql: string | undefined, options: Options) =>
      query(hubDirectory, sql, options, io),
    );
};

const EXAMPLES = `
Reading only: nothing in the warehouse can be changed here.

Examples:
  $ propool query hub --measure phq-9 --score total --sex F --from 2024-01-01 --out phq-9.csv
  $ propool query hub "SELECT instrument, score, count(*) AS n FROM pro_score GROUP BY ALL"`;

async function query(
  hubDirectory: string,
  sql: string | undefined,
  options: Options,
  io: Io,
): Promise<void> {
  const { out, limit, json, mixScales, ...cohort } = options;
  if (sql !== undefined && Object.keys(cohort).length > 0) {
    throw new ProError("USAGE_QUERY", "a SELECT of your own takes no cohort options", {
      hint: `write them into its WHERE, or leave the SELECT out: --${Object.keys(cohort)[0]}`,
    });
  }
  if (out) exporter(out);
  const reader = await warehouseOf(await readHub(hubDirectory)).read();
  try {
    if (sql === undefined && !mixScales) await refuseMixedScales(reader, cohort);
    const selection = await reader.select(sql ?? cohortSql(cohort));
    if (out) {
      const rows = await exportSelection(limited(selection, limit), out);
      io.err.write(`${rowsText(rows)} written to ${out}\n`);
    } else if (json) await printJson(limited(selection, limit), io.out);
    else await printTable(selection, limit ?? SHOWN_ROWS, io);
    if (sql === undefined) io.err.write(await peopleText(reader, cohort));
  } finally {
    await reader.close();
  }
}

/** A raw and a linked score of one name are not the same number. */
async function refuseMixedScales(reader: WarehouseReader, cohort: Cohort): Promise<void> {
  const mixed = await reader.all<{ instrument: string; score: string; scales: string }>(
    mixedScalesSql(cohort),
  );
  const [first] = mixed;
  if (!first) return;
  throw new ProError(
    "USAGE_MIXED_SCALES",
    `${first.instrument} ${first.score} lies on several scales: ${first.scales}`,
    {
      hint: "leave --include-linked out, ask for one site, measure or score at a time, or say --mix-scales and keep the column scale apart",
    },
  );
}

/** How many people the whole cohort is, where the hub links those who attend several sites. */
async function peopleText(reader: WarehouseReader, cohort: Cohort): Promise<string> {
  const [publication] = await reader.all<{ linkage: string | null }>(HELD_LINKAGE);
  if (publication?.linkage !== "on") return "";
  const [counted] = await reader.all<Record<"records" | "people", string>>(cohortPeopleSql(cohort));
  if (!counted) return "";
  const people = counted.people === "1" ? "1 person" : `${counted.people} people`;
  return `the cohort: ${people}, ${counted.records} site records\n`;
}

function limited({ columns, batches }: Selection, limit = Number.POSITIVE_INFINITY): Selection {
  async function* first(): AsyncGenerator<Value[][]> {
    let left = limit;
    for await (const batch of batches) {
      yield batch.slice(0, left);
      left -= batch.length;
      if (left <= 0) return;
    }
  }
  return { columns, batches: first() };
}

async function printTable(selection: Selection, limit: number, io: Io): Promise<void> {
  // One more than is shown tells whether there are more.
  const rows: Value[][] = [];
  for await (const batch of limited(selection, limit + 1).batches) rows.push(...batch);
  const shown = rows
    .slice(0, limit)
    .map((row) =>
      row.map((value, index) => plainText(value, selection.columns[index]?.type ?? "")),
    );
  io.out.write(
    textTable(
      selection.columns.map(({ name }) => name),
      shown,
    ),
  );
  const more = rows.length > limit ? "; there are more: --limit or --out" : "";
  io.err.write(`${rowsText(shown.length)}${more}\n`);
}

function rowsText(rows: number): string {
  return rows === 1 ? "1 row" : `${rows} rows`;
}

/** One array, a row a line. */
async function printJson({ columns, batches }: Selection, out: Writable): Promise<void> {
  let separator = "[\n";
  for await (const batch of batches) {
    for (const row of batch) {
      const object = Object.fromEntries(
        columns.map(({ name, type }, index) => [name, jsonValue(row[index] ?? null, type)]),
      );
      out.write(`${separator}${JSON.stringify(object)}`);
      separator = ",\n";
    }
  }
  out.write(separator === "[\n" ? "[]\n" : "\n]\n");
}

/** A DECIMAL of 15 digits is exact as a number; a longer one stays text. */
function jsonValue(value: Value, type: string): Value {
  const precision = /^DECIMAL\((\d+),/.exec(type)?.[1];
  return value !== null && Number(precision) <= 15 ? Number(value) : value;
}

/** Letters, digits and points of a code, and a star at the end for all codes that begin so. */
const CODE = /^[A-Za-z0-9.]+\*?$/;

/** Several values behind one option, or the option several times. */
function many(pattern: RegExp, example: string) {
  const one = matching(pattern, example);
  return (value: string, before: string[] = []) => [...before, one(value)];
}

function years(value: string): number {
  if (/^\d{1,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected whole years");
}

function matching(pattern: RegExp, example: string) {
  return (value: string) => {
    if (pattern.test(value)) return value;
    throw new InvalidArgumentError(`expected something like ${example}`);
  };
}

function day(value: string): string {
  const date = new Date(`${value}T00:00:00Z`);
  const isDay = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
  if (/^\d{4}-\d{2}-\d{2}$/.test(value) && isDay) return value;
  throw new InvalidArgumentError("expected a day as YYYY-MM-DD");
}

function rowCount(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected a whole number above 0");
}
