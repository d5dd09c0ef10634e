export interface Utf8Source {
  /** UTF-8 from the first `<` on. */
  content: Buffer;
  /** Lines that were cut off before it: some systems write blank lines before the declaration, which XML forbids. */
  linesBefore: number;
}

/** The file as UTF-8, whatever it declares or its byte order mark says; null when the bytes are not in that encoding. */
export function toUtf8(bytes: Uint8Array): Utf8Source | null {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const label = encodingOf(raw);
  // The parser checks UTF-8 itself and keeps its line numbers.
  if (label === "utf-8") return trimStart(raw);
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(raw);
    return trimStart(Buffer.from(text.replace(/^(\s*)<\?xml\s[^>]*\?>/, "$1")));
  } catch {
    return null;
  }
}

function encodingOf(raw: Buffer): string {
  const mark = raw.subarray(0, 4).toString("hex");
  if (mark.startsWith("fffe") || mark === "3c003f00" || mark === "3c004300") return "utf-16le";
  if (mark.startsWith("feff") || mark === "003c003f" || mark === "003c0043") return "utf-16be";
  const head = raw.subarray(0, 300).toString("latin1");
  const declared = /^\S{0,3}\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1];
  const label = (declared ?? "utf-8").toLowerCase();
  return ["utf8", "us-ascii", "ascii"].includes(label) ? "utf-8" : label;
}

function trimStart(raw: Buffer): Utf8Source {
  let at = raw.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  let linesBefore = 0;
  for (; at < raw.length && " \t\r\n".includes(String.fromCharCode(raw[at] ?? 0)); at++) {
    if (raw[at] === 0x0a) linesBefore++;
  }
  return { content: raw.subarray(at), linesBefore };
}
