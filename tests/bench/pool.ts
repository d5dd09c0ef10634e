/**
 * The hub's night at the size of a network, each command as a process of its own:
 *
 *     node tests/bench/pool.ts load [rows, default 5000000]         rows a second on DuckDB; PostgreSQL against a bare COPY
 *     node tests/bench/pool.ts memory [rows …, default 1000000 5000000 20000000]
 *     node tests/bench/pool.ts new [rows stored …, default 1000000 10000000]     a night with 1 % new
 */
import { randomUUID } from "node:crypto";
import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloneFile } from "../../pipelines/core/files.ts";
import {
  publishSubmission,
  type SealedSubmission,
  sealSubmission,
} from "../../pipelines/submission/seal.ts";
import { DuckDb } from "../../warehouse/duckdb.ts";
import { startPostgres } from "../support/postgres.ts";
import { HUB_KEY, hubFor, type TestHub } from "../support/submission.ts";
import { bareCopy } from "./bare-copy.ts";
import { lineOf, measureCommand } from "./measure-command.ts";
import { addForms, fillStore, formsFor } from "./pool-rows.ts";

const SITE = "BENCH";
const [part = "load", ...numbers] = process.argv.slice(2);
const sizes = (...fallback: number[]) => (numbers.length > 0 ? numbers.map(Number) : fallback);

const root = await mkdtemp(join(tmpdir(), "propool-bench-"));
const PARTS: Record<string, () => Promise<void>> = { load, memory, new: oneInAHundred };
try {
  await PARTS[part]?.();
} finally {
  await rm(root, { recursive: true, force: true });
}

/** Seals what the store holds, or what came since `before`, into the hub's inbox. */
async function send(
  file: string,
  hub: TestHub,
  options: { sequence: number; before?: SealedSubmission },
) {
  const store = await DuckDb.open(file);
  try {
    const sealed = await sealSubmission({
      store,
      draftDirectory: join(root, `draft-${options.sequence}`),
      outboxDirectory: hub.inbox,
      signingKey: hub.keys[SITE]?.privatePem ?? "",
      hubKey: HUB_KEY.recipient,
      before: options.before?.sealed ?? null,
      site: SITE,
      sequence: options.sequence,
      created: "2024-04-01",
      mapping_sha256: null,
      instruments: { "phq-9": "1" },
      ledger: { records: { read: 0 }, answers: { read: 0 } },
      privacy: "shifted",
      token_key_fingerprint: "0123456789abcdef",
      token_key_succession: [],
      withdrawn: [],
    });
    if (!sealed) throw new Error("there was nothing to send");
    await publishSubmission(sealed);
    await rm(join(root, `draft-${options.sequence}`), { recursive: true });
    return sealed;
  } finally {
    store.close();
  }
}

/** A store of so many rows, and a hub that it was sent to. */
async function storeAndHub(rows: number) {
  const file = join(root, `store-${rows}.duckdb`);
  await fillStore(file, SITE, formsFor(rows));
  const hub = await hubFor([SITE]);
  const sealed = await send(file, hub, { sequence: 1 });
  return { file, hub, sealed };
}

/** The same hub with another warehouse, before either pooled anything. */
async function twin(hub: TestHub, warehouse: string): Promise<string> {
  const directory = join(root, `twin-${randomUUID()}`);
  await cp(hub.directory, directory, { recursive: true });
  await appendFile(join(directory, "hub.yaml"), `warehouse: ${warehouse}\n`);
  return directory;
}

async function load(): Promise<void> {
  const [rows = 0] = sizes(5_000_000);
  const { file, hub } = await storeAndHub(rows);
  const server = await startPostgres();
  try {
    const onServer = await twin(hub, await server.createDatabase());
    const duckdb = await measureCommand(["pool", hub.directory]);
    console.log(lineOf(`${rows} rows, DuckDB`, duckdb));
    const { seconds = 0, rows: loaded = 0 } = duckdb.stages.load ?? {};
    console.log(`DuckDB loads ${Math.round(loaded / seconds)} rows/s`);
    const postgres = await measureCommand(["pool", onServer]);
    console.log(lineOf(`${rows} rows, PostgreSQL`, postgres));
    const bare = await bareCopy(file, await server.createDatabase());
    const took = postgres.stages.load?.seconds ?? 0;
    console.log(
      `PostgreSQL: load ${took.toFixed(1)} s, a bare COPY ${bare.toFixed(1)} s: ${(took / bare).toFixed(2)} times`,
    );
  } finally {
    await hub.remove();
    await server.stop();
  }
}

async function memory(): Promise<void> {
  for (const rows of sizes(1_000_000, 5_000_000, 20_000_000)) {
    const { hub, file } = await storeAndHub(rows);
    console.log(lineOf(`${rows} rows, pool`, await measureCommand(["pool", hub.directory])));
    await hub.remove();
    await rm(file);
  }
}

/** The copy of the file is measured apart. */
async function oneInAHundred(): Promise<void> {
  for (const rows of sizes(1_000_000, 10_000_000)) {
    const { hub, file, sealed } = await storeAndHub(rows);
    await measureCommand(["pool", hub.directory]);
    const forms = formsFor(rows);
    await addForms(file, SITE, [forms, Math.ceil(forms * 1.01)]);
    const began = performance.now();
    await send(file, hub, { sequence: 2, before: sealed });
    console.log(`${rows} rows, sealing 1 %: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const warehouse = join(hub.directory, "warehouse/warehouse.duckdb");
    const started = performance.now();
    await cloneFile(warehouse, join(root, "copy.duckdb"));
    console.log(`${rows} rows, copy: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    console.log(lineOf(`${rows} rows, pool of 1 %`, await measureCommand(["pool", hub.directory])));
    console.log(
      lineOf(`${rows} rows, pool of nothing`, await measureCommand(["pool", hub.directory])),
    );
    await hub.remove();
    await rm(file);
  }
}
