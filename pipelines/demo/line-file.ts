import { type FileHandle, open } from "node:fs/promises";

const CHUNK_CHARACTERS = 1 << 18;

/** A text file that is written line by line, in large chunks, and knows which line comes next. */
export class LineFile {
  /** Lines written so far. */
  lines = 0;
  readonly #handle: FileHandle;
  #waiting: string[] = [];
  #characters = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Creates the file, or empties it. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, "w"));
  }

  /** Appends one line and says where it stands: `line 12`. */
  async write(line: string): Promise<string> {
    this.#waiting.push(line, "\n");
    this.#characters += line.length;
    this.lines++;
    if (this.#characters > CHUNK_CHARACTERS) await this.#flush();
    return `line ${this.lines}`;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    await this.#handle.appendFile(this.#waiting.join(""), "utf8");
    this.#waiting = [];
    this.#characters = 0;
  }
}
