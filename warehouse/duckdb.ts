import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
// DuckDB is the engine of the hot path: it parses FHIR and CSV in parallel, runs the compiled mappings and holds the store.
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { literalPath, text } from "./sql.ts";

/**
 * For work over all rows that spills what does not fit: DuckDB holds two to three hundred megabytes beside its limit in such statements, and half
 * the limit took no longer at ten million rows.
 */
export const SPILLING_MEMORY = "256MB";

export interface DuckDbOptions {
  /** Where DuckDB may spill; inside `identified/` when rows are identified. */
  temporaryDirectory?: string;
  /** DuckDB's own limit, for example `1GB`; default `512MB`: a run has two databases open, and should stay under 1 GiB with them. */
  memoryLimit?: string;
  /** A statement that does not fit into the limit is done again with more, up to so much; undefined: it fails. */
  memoryMost?: string;
  readOnly?: boolean;
  /** The data are small (`isSmall`): a second thread would cost more than it helps. */
  small?: boolean;
  /** The only files, and folders of files, that may be read, attached or written; undefined: all. Nobody can add to them later. */
  folders?: readonly string[];
}

export type Row = Record<string, DuckDBValue>;
export type Cell = string | number | boolean | null;

/** One open DuckDB database with one connection. Closing it releases the file. */
export class DuckDb {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #memoryMost: string | undefined;
  #memoryLimit: string;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    memory: { limit: string; most: string | undefined },
  ) {
    this.#instance = instance;
    this.connection = connection;
    this.#memoryLimit = memory.limit;
    this.#memoryMost = memory.most;
  }

  static async open(path: string, options: DuckDbOptions = {}): Promise<DuckDb> {
    const memory = { limit: options.memoryLimit ?? "512MB", most: options.memoryMost };
    const settings: Record<string, string> = {
      // Nothing is fetched while a hospital's files are being read.
      autoinstall_known_extensions: "false",
      allow_community_extensions: "false",
      // Of a file that is made now; one that is there stays as it is. Columns of codes take half the time to write as in the format of
      // DuckDB 0.10, which is its default.
      storage_compatibility_version: "v1.4.0",
      memory_limit: memory.limit,
    };
    if (options.small) settings.threads = "1";
    if (options.readOnly) settings.access_mode = "READ_ONLY";
    if (options.temporaryDirectory) {
      await mkdir(options.temporaryDirectory, { recursive: true, mode: 0o700 });
      settings.temp_directory = options.temporaryDirectory;
    }
    const instance = await DuckDBInstance.create(path, settings);
    const db = new DuckDb(instance, await instance.connect(), memory);
    if (options.folders) await db.#confine(options.folders);
    return db;
  }

  async #confine(folders: readonly string[]): Promise<void> {
    // DuckDB compares where a link leads to.
    const paths = await Promise.all(folders.map(realPath));
    const real = [...new Set([...paths, ...paths.map(literalPath)])].map(text).join(", ");
    await this.run(`SET allowed_directories = [${real}]`);
    await this.run(`SET allowed_paths = [${real}]`);
    // Cannot be taken back while the database is open, nor can the folders or extensions then.
    await this.run("SET enable_external_access = false");
  }

  /** Runs one statement; returns the number of rows it changed. */
  async run(sql: string, values?: DuckDBValue[]): Promise<number> {
    const result = await this.#fitting(() => this.connection.run(sql, values));
    return result.rowsChanged;
  }

  /** Does a statement again with twice the memory, up to the most, where it does not fit. */
  async #fitting<T>(statement: () => Promise<T>): Promise<T> {
    const most = megabytes(this.#memoryMost ?? "0MB");
    let first: unknown;
    for (let size = megabytes(this.#memoryLimit); ; size = Math.min(2 * size, most)) {
      const isRaised = size > megabytes(this.#memoryLimit);
      try {
        if (isRaised) await this.connection.run(`SET memory_limit = '${size}MB'`);
        return await statement();
      } catch (error) {
        // A transaction ends with the first failure, and says no more than that.
        if (!isOutOfMemory(error))
          throw /transaction is aborted/i.test(`${error}`) ? (first ?? error) : error;
        if (size >= most) throw error;
        first ??= error;
      } finally {
        // Nothing can be set in a transaction that has ended.
        if (isRaised) await this.limitMemory(this.#memoryLimit).catch(() => undefined);
      }
    }
  }

  /** From now on DuckDB holds so much at most; it keeps its limit where it holds more already, and returns what it was. */
  async limitMemory(size: string): Promise<string> {
    const before = this.#memoryLimit;
    try {
      await this.connection.run(`SET memory_limit = '${size}'`);
      this.#memoryLimit = size;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
    return before;
  }

  /**
   * Has the C library give back what it keeps of freed memory, which DuckDB asks of it whenever its limit is set: 50 to 100 MB after a
   * statement over ten million rows.
   */
  async giveBack(): Promise<void> {
    await this.limitMemory(this.#memoryLimit);
  }

  /** All rows as objects; BIGINT comes back as bigint. */
  async all<T extends object = Row>(sql: string, values?: DuckDBValue[]): Promise<T[]> {
    const reader = await this.#fitting(() => this.connection.runAndReadAll(sql, values));
    return reader.getRowObjects() as T[];
  }

  /** The first row of a query that has one. */
  async one<T extends object = Row>(sql: string, values?: DuckDBValue[]): Promise<T> {
    const [row] = await this.all<T>(sql, values);
    if (row === undefined) throw new Error("a query that must return a row returned none");
    return row;
  }

  /** Adds rows to a table without a statement: to plan one costs more than a few thousand rows. Numbers go as text, so that a decimal stays exact. */
  async insert(table: string, rows: readonly (readonly Cell[])[]): Promise<void> {
    if (rows.length === 0) return;
    const appender = await this.connection.createAppender(table);
    for (const row of rows) {
      for (const cell of row) {
        if (cell === null) appender.appendNull();
        else appender.appendVarchar(String(cell));
      }
      appender.endRow();
    }
    appender.closeSync();
  }

  /** The rows of a large result, a chunk at a time, so that memory stays flat. */
  async *chunks(sql: string, values?: DuckDBValue[]): AsyncGenerator<DuckDBValue[][]> {
    const result = await this.connection.stream(sql, values);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      yield chunk.getRows();
    }
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Where a path leads to; its last part need not be there yet. */
async function realPath(path: string): Promise<string> {
  const beside = async () => join(await realpath(dirname(path)), basename(path));
  // What is not there at all is told by whoever reads it.
  return realpath(path)
    .catch(beside)
    .catch(() => resolve(path));
}

/** `448MB` or `1GB` as a number. */
function megabytes(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith("GB") ? 1000 : 1);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Out of Memory Error");
}

/**
 * Whether DuckDB refused what it was given to read (malformed, or of another type than asked for), in contrast to failures of
 * the machine such as a full disk.
 */
export function isInputRefused(error: unknown): boolean {
  return (
    error instanceof Error && /^(Invalid Input|Conversion|Out of Range) Error/.test(error.message)
  );
}
