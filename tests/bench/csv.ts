import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { csv } from "../../pipelines/adapters/csv/csv.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { mapRecords, openIdentified, prepare } from "../../pipelines/intake.ts";
import { settleRecords } from "../../pipelines/quality/ledger.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { text } from "../../warehouse/sql.ts";

/**
 * How fast a wide CSV file becomes intake rows, beside DuckDB's bare count of the same file in the same run.
 *
 *     node tests/bench/csv.ts [megabytes, default 200] [--map] [--long] [--others] [--steps]
 *
 * `--map` goes on to mapped and settled answers; `--long` writes one answer a row; `--others` adds 60 columns that nobody mapped, as the
 * exports of EHRs have. `--steps` tells each statement's time, processor time and memory. A file of 10 GB (`10240 --others`) needs 20 GB of disk for the time of the run. With MALLOC_ARENA_MAX=1 the C library keeps less of what was given back.
 */
const megabytes = Number(process.argv.find((one) => /^\d+$/.test(one)) ?? 200);
const others = process.argv.includes("--others")
  ? Array.from({ length: 60 }, (_, i) => `x${i}`)
  : [];
const isLong = process.argv.includes("--long");
const ITEMS = 9;
const WIDE = {
  match: "*.csv",
  kind: "wide",
  columns: { patient_key: "id", method: "mode" },
  person: { birth_date: "dob" },
  instruments: [
    {
      instrument: "phq-9",
      answered_at: { column: "taken", date_format: "%Y-%m-%d %H:%M" },
      items: Object.fromEntries(
        Array.from({ length: ITEMS }, (_, i) => [`PHQ9_${i + 1}`, `q${i + 1}`]),
      ),
      scores: { total: "total" },
    },
  ],
};
const LONG = {
  match: "*.csv",
  kind: "long",
  columns: {
    patient_key: "id",
    answered_at: { column: "taken", date_format: "%Y-%m-%d %H:%M" },
    item_code: "item",
    answer_num: "answer",
  },
  person: { birth_date: "dob" },
  group_by: ["id", "taken"],
  instruments: [
    {
      instrument: "phq-9",
      items: Object.fromEntries(
        Array.from({ length: ITEMS }, (_, i) => [`PHQ9_${i + 1}`, `q${i + 1}`]),
      ),
      scores: { total: "total" },
    },
  ],
};
const SITE = {
  site: "BENCH",
  name: "Bench",
  network: "BENCH",
  network_name: "Bench",
  format: "csv",
  defaults: {},
  instruments: [],
  words: {},
  codes: [],
};

const items = Array.from({ length: ITEMS }, (_, i) => `q${i + 1}`);
const [, self = "", first, target] = process.argv;
if (first === "--write" && target) {
  await write(target);
  process.exit();
}

const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
let peak = 0;
let stepPeak = 0;
const watch = setInterval(() => {
  const held = process.memoryUsage.rss();
  peak = Math.max(peak, held);
  stepPeak = Math.max(stepPeak, held);
}, 50);
const spent: Record<string, number> = {};
const processor: Record<string, number> = {};
try {
  const path = join(root, "survey.csv");
  // In a process of its own: what writing took must not count as the reader's.
  execFileSync(process.execPath, [self, "--write", path, ...process.argv.slice(2)]);
  const { size } = await stat(path);
  const db = await openIdentified(join(root, "identified"));
  await prepare(db, { words: {}, codes: [] }, "2030-01-01");
  await mkdir(join(root, "scratch"));
  if (process.argv.includes("--steps")) tellSteps(db);
  spent.read = await timed("read", () =>
    csv.read({
      db,
      exportDirectory: root,
      files: ["survey.csv"],
      mapping: { files: [isLong ? LONG : WIDE] },
      scratch: join(root, "scratch"),
      progress: createProgress({ err: new Writable(), tty: false, quiet: true }),
      site: "BENCH",
    }),
  );
  const { answers } = await db.one<{ answers: number }>(
    "SELECT ((SELECT count(*) FROM intake_response) + (SELECT count(*) FROM every_given))::DOUBLE AS answers",
  );
  const readPeak = peak;
  if (process.argv.includes("--map")) {
    spent.map = await timed("map", async () => {
      await mapRecords(db, SITE as never);
      await settleRecords(db);
    });
  }
  db.close();
  // After the reading: what the C library keeps of the bare count's memory must not count as the reader's.
  const bare = await DuckDb.open(":memory:");
  let rows = 0;
  const countRows = async () => {
    ({ rows } = await bare.one<{ rows: number }>(
      `SELECT count(*)::DOUBLE AS rows FROM read_csv(${text(path)})`,
    ));
  };
  spent.count = await timed("count", countRows);
  // A large file does not fit into the system's memory: it is not read faster the second time.
  if (megabytes <= 4096) spent.again = await timed("again", countRows);
  bare.close();
  const expected = isLong ? rows : rows * (ITEMS + 1);
  if (answers !== expected) throw new Error(`${answers} of ${expected} answers arrived`);
  const total = spent.read + (spent.map ?? 0);
  const count = Math.min(spent.count, spent.again ?? spent.count);
  const counted = Math.min(processor.count ?? 0, processor.again ?? processor.count ?? 0);
  console.log(
    [
      `${answers} answers, ${Math.round(size / 2 ** 20)} MB`,
      ...Object.entries(spent).map(
        ([name, seconds]) =>
          `${name} ${seconds.toFixed(2)} s, processor ${(processor[name] ?? 0).toFixed(2)} s`,
      ),
      `read ${Math.round(answers / spent.read)} answers/s, ${(spent.read / count).toFixed(1)} times the bare count, by processor ${((processor.read ?? 0) / counted).toFixed(1)}`,
      `all ${Math.round(answers / total)} answers/s`,
      `peak memory ${Math.round(readPeak / 2 ** 20)} MB reading, ${Math.round(peak / 2 ** 20)} MB in all`,
    ].join("\n"),
  );
} finally {
  clearInterval(watch);
  await rm(root, { recursive: true, force: true });
}

/** Prints what each statement costs: seconds, those of processor, and the most memory that the process held. */
function tellSteps(db: DuckDb): void {
  const wrap = (name: "run" | "all") => {
    const work = db[name].bind(db) as (sql: string, values?: never[]) => Promise<never>;
    db[name] = (async (sql: string, values?: never[]) => {
      const before = process.cpuUsage();
      const start = performance.now();
      stepPeak = 0;
      const result = await work(sql, values);
      const { user, system } = process.cpuUsage(before);
      console.log(
        ((performance.now() - start) / 1000).toFixed(2),
        ((user + system) / 1e6).toFixed(2),
        `${Math.round(stepPeak / 2 ** 20)} MB`,
        sql.replaceAll(/\s+/g, " ").slice(0, 80),
      );
      return result;
    }) as never;
  };
  wrap("run");
  wrap("all");
}

/** Wall-clock seconds; the processor's are beside them, because a shared machine stretches the first. */
async function timed(name: string, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  processor[name] = (user + system) / 1e6;
  return (performance.now() - start) / 1000;
}

/** Forms of a PHQ-9 with its total, ten answers each; nothing in them is anybody's. */
async function write(path: string): Promise<void> {
  const out = createWriteStream(path);
  out.write(
    isLong
      ? "id,dob,taken,item,answer\n"
      : `${["id,dob,taken,mode", ...items, "total", ...others].join(",")}\n`,
  );
  let bytes = 0;
  let forms = 0;
  while (bytes < megabytes * 2 ** 20) {
    const lines: string[] = [];
    for (let i = 0; i < 10_000; i++, forms++) lines.push(form(forms));
    const chunk = lines.join("");
    bytes += chunk.length;
    if (!out.write(chunk)) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

function form(n: number): string {
  const who = n % 100_000;
  const id = `P${who}`;
  const dob = `${1930 + (who % 70)}-0${1 + (who % 9)}-1${who % 10}`;
  // No two forms of a person are of one day.
  const visit = Math.floor(n / 100_000);
  const day = new Date(
    Date.UTC(2020, 0, 1 + ((who * 7 + visit * 91) % 2000), 9, n % 60),
  ).toISOString();
  const taken = `${day.slice(0, 10)} ${day.slice(11, 16)}`;
  const answers = items.map((_, i) => (n * (i + 3)) % 4);
  const all = [...answers, answers.reduce((sum, answer) => sum + answer, 0)];
  if (!isLong) return `${[id, dob, taken, "tablet", ...all, ...others].join(",")}\n`;
  const names = [...items, "total"];
  return all.map((answer, i) => `${[id, dob, taken, names[i], answer].join(",")}\n`).join("");
}
