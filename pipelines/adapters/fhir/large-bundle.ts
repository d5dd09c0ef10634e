import { type Candidate, entryOf, hasKeyTwice, isResource, parseJson } from "./candidates.ts";
import { bytesToText, withoutMark } from "./container.ts";

/** What stands around the entries of a Bundle is its header; a document with so much of it is no Bundle. */
const AROUND_BYTES_MAX = 64 * 2 ** 20;

/**
 * The entries of a Bundle that is too large to be held as one text, one after the other. What stands around them is looked at in
 * the end: a document that is no Bundle is one record that is too large, one that is cut short one that is malformed.
 *
 * `chunks` were read already; `rest` is what follows them.
 */
export async function* entriesOf(
  chunks: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Candidate> {
  const scan = new EntryScan();
  let count = 0;
  for await (const chunk of following(chunks, rest)) {
    for (const bytes of scan.add(chunk)) yield candidate(bytes, `entry[${count++}]`);
    if (scan.aroundBytes > AROUND_BYTES_MAX) {
      yield { where: "resource", text: "", refused: "SOURCE_TOO_LARGE" };
      return;
    }
  }
  const around = parseJson(withoutMark(bytesToText(Buffer.concat(scan.around)) ?? ""));
  if (isResource(around) && around.resourceType === "Bundle") return;
  yield { where: "resource", text: "", refused: "SOURCE_MALFORMED" };
}

async function* following(
  chunks: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* chunks;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

function candidate(bytes: Buffer, where: string): Candidate {
  const text = bytesToText(bytes);
  if (text === null) return { where, text: null };
  const parsed = parseJson(text);
  if (parsed === undefined) return { where, text, refused: "SOURCE_MALFORMED" };
  if (hasKeyTwice(text, parsed)) return { where, text: null, refused: "SOURCE_REFUSED" };
  return entryOf(parsed, where);
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Finds the members of the list `entry` of a JSON object in bytes that come piece by piece, without understanding the rest. */
class EntryScan {
  /** The document's bytes outside of the entries. */
  readonly around: Buffer[] = [];
  aroundBytes = 0;
  #entry: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #inEntries = false;
  /** The last text and the last key of the document itself. */
  #text: number[] = [];
  #key = "";

  /** The entries that end in this chunk. */
  *add(chunk: Buffer): Generator<Buffer> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        this.#readString(byte);
      } else if (byte === QUOTE) {
        this.#inString = true;
        this.#text = [];
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (this.#inEntries && this.#depth === 2) from = this.#leaveAround(chunk, from, at);
        this.#depth++;
        if (byte === OPEN_LIST && this.#depth === 2 && this.#key === "entry")
          this.#inEntries = true;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        this.#depth--;
        if (this.#inEntries && this.#depth === 2) {
          yield Buffer.concat([...this.#entry, chunk.subarray(from, at + 1)]);
          this.#entry = [];
          from = at + 1;
        } else if (this.#depth === 1) this.#inEntries = false;
      } else if (byte === COLON && this.#depth === 1) {
        this.#key = Buffer.from(this.#text).toString();
      } else if (byte === COMMA && this.#inEntries && this.#depth === 2) {
        // Around the entries is an empty list.
        from = this.#leaveAround(chunk, from, at) + 1;
      }
    }
    if (this.#inEntries && this.#depth > 2) this.#entry.push(Buffer.from(chunk.subarray(from)));
    else this.#leaveAround(chunk, from, chunk.length);
  }

  #readString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#inString = false;
    // Only a key is looked at, and only those of the document itself.
    if (this.#inString && this.#depth === 1 && this.#text.length < 10) this.#text.push(byte);
  }

  #leaveAround(chunk: Buffer, from: number, to: number): number {
    this.around.push(Buffer.from(chunk.subarray(from, to)));
    this.aroundBytes += to - from;
    return to;
  }
}
