import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { fillIntake } from "../../pipelines/adapters/fhir/fill.ts";
import { readFhirFiles } from "../../pipelines/adapters/fhir/read.ts";
import { createResourceTables } from "../../pipelines/adapters/fhir/strict.ts";
import { createProgress } from "../../pipelines/core/progress.ts";
import { prepare } from "../../pipelines/intake.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { observation, response, writeRecords } from "./fhir-records.ts";

/**
 * How fast FHIR becomes intake rows, beside a bare `JSON.parse` of the same lines in the same run.
 *
 *     node tests/bench/fhir.ts [answers, default 2000000] [--tiny]
 *
 * `--tiny` writes one Observation an answer instead of forms of ten.
 */
const answers = Number(process.argv[2] ?? 2_000_000);
const isTiny = process.argv.includes("--tiny");
const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
const db = await DuckDb.open(":memory:", { temporaryDirectory: join(root, "spill") });
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 100);
try {
  const file = isTiny ? "Observation.ndjson" : "QuestionnaireResponse.ndjson";
  const path = join(root, file);
  await writeRecords(path, answers / (isTiny ? 1 : 10), isTiny ? observation : response);
  const { size } = await stat(path);
  const parse = await timed(() => parseLines(path));
  await prepare(db, { words: {}, codes: [] }, "2030-01-01");
  await mkdir(join(root, "scratch"));
  await createResourceTables(db);
  const input = {
    db,
    exportDirectory: root,
    files: [file],
    mapping: null,
    scratch: join(root, "scratch"),
    progress: createProgress({ err: new Writable(), tty: false, quiet: true }),
    site: "BENCH",
  };
  const read = await timed(() => readFhirFiles(input, [file]));
  const fill = await timed(() => fillIntake(db));
  const { rows } = await db.one<{ rows: bigint }>("SELECT count(*) AS rows FROM every_response");
  if (Number(rows) !== answers) throw new Error(`${rows} of ${answers} answers arrived`);
  const seconds = read.wall + fill.wall;
  const processor = read.processor + fill.processor;
  console.log(
    [
      `${answers} answers, ${Math.round(size / 2 ** 20)} MB`,
      `JSON.parse ${told(parse)}`,
      `read ${told(read)}, fill ${told(fill)}`,
      `${Math.round(answers / seconds)} answers/s, ${(seconds / parse.wall).toFixed(2)} times JSON.parse, ${(processor / parse.processor).toFixed(2)} times its processor time`,
      `peak memory ${Math.round(peak / 2 ** 20)} MB`,
    ].join("\n"),
  );
} finally {
  clearInterval(watch);
  db.close();
  await rm(root, { recursive: true, force: true });
}

/** Seconds; those of the processor tell more on a machine that does other things too. */
interface Taken {
  wall: number;
  processor: number;
}

async function timed(work: () => Promise<void>): Promise<Taken> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

function told({ wall, processor }: Taken): string {
  return `${wall.toFixed(2)} s (${processor.toFixed(2)} of processor)`;
}

async function parseLines(path: string): Promise<void> {
  let records = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (JSON.parse(line).resourceType) records++;
  }
  if (records === 0) throw new Error("nothing was parsed");
}
