import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { type PlainText, plainText } from "./adapters/csv/plain-text.ts";
import { STANDARD, scanRecord } from "./adapters/csv/record.ts";
import { readCsv } from "./adapters/csv/scratch.ts";
import { ProError } from "./core/errors.ts";

/** A CSV file opened without a mapping: what its text is like, and SQL that reads its rows. */
export interface OpenCsv {
  columns: string[];
  delimiter: string;
  /** SQL that reads the rows as text; short and long lines are padded and cut. */
  read: string;
  notes: string[];
  unread: Record<string, number>;
  close(): Promise<void>;
}

const DELIMITERS = [",", ";", "\t", "|"];
const NAMES: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };

/**
 * Finds out how a file is written: encoding, delimiter, names of the columns.
 *
 * @throws ProError `SOURCE_*`.
 */
export async function openCsvSource(path: string, scratch: string): Promise<OpenCsv> {
  const file = basename(path);
  const { plain, encoding } = await openText(path, scratch);
  const delimiter = bestDelimiter(plain.head);
  const fields = scanRecord(plain.head, 0, { ...STANDARD, delimiter }, true)?.fields ?? [];
  const columns = unique(fields.map((field) => Buffer.from(field, "latin1").toString()));
  if (columns.length === 0) {
    throw new ProError("SOURCE_WRONG_FORMAT", "the first line names no columns", {
      where: { file },
      hint: "export the file with a line of column names",
    });
  }
  const strict = readCsv(plain.path, columns, {
    ...STANDARD,
    delimiter,
    header: true,
    lineFeed: false,
  });
  const read = strict.replace("strict_mode = true", "strict_mode = false, null_padding = true");
  const notes = [
    `${NAMES[delimiter]} separated, ${columns.length} columns`,
    ...(encoding === "utf-8" ? [] : [`encoding ${encoding}`]),
  ];
  return {
    columns,
    delimiter,
    read,
    notes,
    unread: {},
    close: async () => {
      for (const copy of plain.copies) await rm(copy, { force: true });
    },
  };
}

/** As UTF-8, or else as Windows-1252, in which every byte has a meaning. */
async function openText(
  path: string,
  scratch: string,
): Promise<{ plain: PlainText; encoding: string }> {
  const options = { path, file: basename(path), scratch, name: "profile" };
  const plain = await plainText({ ...options, encoding: undefined });
  if (isUtf8(plain.head)) return { plain, encoding: "utf-8" };
  for (const copy of plain.copies) await rm(copy, { force: true });
  const encoding = "windows-1252";
  return { plain: await plainText({ ...options, encoding }), encoding };
}

function isUtf8(head: string): boolean {
  // The head may end inside a letter.
  const bytes = Buffer.from(head, "latin1");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    decoder.decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** The delimiter under which the first lines have most cells, all the same number. */
function bestDelimiter(head: string): string {
  const scored = DELIMITERS.map((delimiter) => {
    const counts: number[] = [];
    for (let at = 0, n = 0; n < 20 && at < head.length; n++) {
      const record = scanRecord(head, at, { ...STANDARD, delimiter }, true);
      if (!record) break;
      if (record.fields.length > 1 || record.fields[0]?.trim()) counts.push(record.fields.length);
      at = record.end;
    }
    const [first = 1] = counts;
    const even = counts.filter((count) => count === first).length / Math.max(1, counts.length);
    return { delimiter, score: first > 1 ? even * 1000 + first : 0 };
  });
  return scored.toSorted((a, b) => b.score - a.score)[0]?.delimiter ?? ",";
}

function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((raw, i) => {
    const name = raw.trim() || `column${i + 1}`;
    let candidate = name;
    for (let n = 2; taken.has(candidate.toLowerCase()); n++) candidate = `${name}_${n}`;
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}
