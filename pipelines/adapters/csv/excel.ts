import { open, writeFile } from "node:fs/promises";
import { ProError } from "../../core/errors.ts";

/** What a workbook may unpack to: Excel's own limit is a million rows, which is far below this. */
const UNPACKED_BYTES = 1024 * 1024 * 1024;

/**
 * Writes one sheet of an Excel workbook as CSV, a row a line, so that a line's number is the sheet's row. Dates come out in ISO 8601;
 * a line break inside a cell becomes a blank.
 *
 * @throws ProError `SOURCE_UNREADABLE`, `SOURCE_TOO_LARGE`, `SOURCE_EMPTY`, `MAPPING_SHEET` when there are several sheets or none of that name.
 */
export async function sheetToCsv(options: {
  path: string;
  file: string;
  sheet: string | undefined;
  to: string;
}): Promise<void> {
  const { path, file, to } = options;
  await refuseLarge(path, file);
  // Read with a library: the format has shared strings, styles that make numbers dates, and two calendars. Loaded when needed.
  const { default: readWorkbook } = await import("read-excel-file/node");
  const sheets = await readWorkbook<string>(path, { parseNumber: (text) => text }).catch(
    (cause) => {
      throw new ProError("SOURCE_UNREADABLE", "the workbook is damaged or encrypted", {
        where: { file },
        hint: "open it in Excel and save it again without a password, or export it as CSV",
        cause,
      });
    },
  );
  const data = pick(sheets, options.sheet, file).map((row) => row.map(cellText));
  const lines = data.map((row) => (row.some((cell) => cell !== "") ? row.join(",") : ""));
  if (lines.every((line) => line === "")) {
    throw new ProError("SOURCE_EMPTY", "the sheet is empty", {
      where: { file },
      hint: "name another one with sheet: in the mapping, or export it again",
    });
  }
  await writeFile(to, `${lines.join("\n")}\n`, { mode: 0o600 });
}

interface Sheet {
  sheet: string;
  data: readonly (readonly unknown[])[];
}

function pick(sheets: readonly Sheet[], name: string | undefined, file: string): Sheet["data"] {
  // Excel's own empty sheets beside the one that was filled are no choice.
  const filled = sheets.length > 1 ? sheets.filter(({ data }) => data.length > 0) : sheets;
  const found = name === undefined ? filled : sheets.filter(({ sheet }) => sheet === name);
  const [only] = found;
  if (only && found.length === 1) return only.data;
  const message =
    name === undefined
      ? `the workbook has ${sheets.length} sheets, ${filled.length} of them filled`
      : `the workbook has no sheet ${name}`;
  throw new ProError("MAPPING_SHEET", message, {
    where: { file, pointer: "sheet" },
    // The names of the sheets are not told: one may be a person's.
    hint: "name one of them as the workbook's tab has it: with sheet: in the mapping, or with --sheet for profile and suggest",
  });
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  const text = cell instanceof Date ? isoText(cell) : String(cell).replace(/[\r\n]+/g, " ");
  return /[",]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Excel has no time zone: the library gives what the cell shows as if it were UTC. */
function isoText(date: Date): string {
  const iso = date.toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.slice(0, 19);
}

/** The sizes that a zip's directory states, summed up before anything is unpacked. */
async function refuseLarge(path: string, file: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, 4 * 1024 * 1024));
    await handle.read(tail, 0, tail.length, size - tail.length);
    let unpacked = 0;
    for (let at = tail.indexOf("PK\x01\x02", 0, "latin1"); at >= 0 && at + 28 <= tail.length; ) {
      unpacked += tail.readUInt32LE(at + 24);
      at = tail.indexOf("PK\x01\x02", at + 46, "latin1");
    }
    if (unpacked <= UNPACKED_BYTES) return;
  } finally {
    await handle.close();
  }
  throw new ProError("SOURCE_TOO_LARGE", "the workbook unpacks to more than 1 GiB", {
    where: { file },
    hint: "export the sheet as CSV",
  });
}
