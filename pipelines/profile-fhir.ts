import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { type DuckDb, isInputRefused } from "../warehouse/duckdb.ts";
import { fileText, text } from "../warehouse/sql.ts";
import { type Candidate, candidatesOf, isDocument, unfold } from "./adapters/fhir/candidates.ts";
import { empty, unreadable } from "./adapters/fhir/refusals.ts";
import { isXml } from "./adapters/fhir/xml.ts";
import { ProError } from "./core/errors.ts";
import { firstBytes, packingOf, refuseMisnamed } from "./core/unpack.ts";
import { profileFhir } from "./profile/fhir.ts";
import type { FileProfile } from "./profile/field.ts";
import type { MaskRules } from "./profile/mask.ts";
import { xmlCandidates } from "./profile-xml.ts";

interface Place {
  db: DuckDb;
  files: readonly string[];
  scratch: string;
  rules: MaskRules;
}

type Found = Omit<FileProfile, "file" | "bytes" | "seconds">;

/**
 * Profiles files of FHIR resources that are of one kind. DuckDB reads NDJSON where it stands; what is packed, documents, Bundles and
 * XML are first written into `scratch`, a resource a line, taken apart as in a night.
 *
 * @throws ProError `SOURCE_EMPTY`, `SOURCE_UNREADABLE`, `SOURCE_WRONG_FORMAT`.
 */
export async function profileFhirFiles({ db, files, scratch, rules }: Place): Promise<Found> {
  const [file = ""] = files;
  for (const one of files) await refuseMisnamed(one);
  const profile = async (path: string, { unread, longest }: Written): Promise<Found> => {
    const { records, malformed, fields } = await profileFhir(db, linesOf(path, longest), rules);
    if (malformed > 0) unread.SOURCE_MALFORMED = (unread.SOURCE_MALFORMED ?? 0) + malformed;
    const notes = isXml(file) ? ["XML, as the JSON that it stands for; every value is a text"] : [];
    return { format: "fhir", records, unread, notes, fields };
  };
  const isPlain = !isXml(file) && !isDocument(file) && !packingOf(file) && !(await isBundle(file));
  // Bytes that are no UTF-8 and longer lines are left to whoever reads line by line.
  const direct = isPlain
    ? await profile(file, { unread: {}, longest: USUAL_BYTES }).catch(unlessRefused)
    : null;
  const path = join(scratch, "profile.ndjson");
  const found = direct ?? (await profile(path, await writeLines(files, path)));
  if (found.fields.length > 0) return found;
  if (Object.keys(found.unread).length === 0) throw empty(file);
  throw noResource(file, found.unread);
}

function unlessRefused(error: unknown): null {
  if (isInputRefused(error)) return null;
  throw error;
}

/** What was written to be read as lines: what could not be, by its reason, and the bytes of the longest line. */
interface Written {
  unread: Record<string, number>;
  longest: number;
}

/** DuckDB's buffers are four lines each, so that longer ones cost memory. */
const USUAL_BYTES = 2 * 1024 * 1024;
/** A text of more than 32 MB in one line is no resource. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The lines of a file as rows of one column, `line`. */
function linesOf(path: string, longest: number): string {
  const size = Math.max(longest, USUAL_BYTES);
  return `read_csv(${fileText(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,
    delim = ${text("\u001f\u001e\u001f\u001e")}, quote = '', escape = '', strict_mode = false, max_line_size = ${size}, buffer_size = ${size * 4})`;
}

/** Whether a file of lines begins with a Bundle, whose resources are then what there is to see. */
async function isBundle(file: string): Promise<boolean> {
  const head = (await firstBytes(file, 4096)).toString("latin1");
  return /"resourceType"\s*:\s*"Bundle"/.test(head);
}

/** Writes the resources of files as JSON, a line each. */
async function writeLines(files: readonly string[], path: string): Promise<Written> {
  const unread: Record<string, number> = {};
  let longest = 0;
  const out = createWriteStream(path, { mode: 0o600 });
  try {
    for (const file of files) {
      for await (const { text, refused } of candidatesIn(file)) {
        const line = Buffer.from(`${text?.replaceAll(/[\r\n]+/g, " ")}\n`);
        const reason = refused ?? reasonAgainst(text, line.length);
        if (reason) unread[reason] = (unread[reason] ?? 0) + 1;
        else {
          longest = Math.max(longest, line.length);
          if (!out.write(line)) await once(out, "drain");
        }
      }
    }
  } finally {
    out.end();
    await finished(out);
  }
  return { unread, longest };
}

function reasonAgainst(text: string | null, bytes: number): string | null {
  if (text === null) return "SOURCE_REFUSED";
  return bytes > MOST_BYTES ? "SOURCE_TOO_LARGE" : null;
}

async function* candidatesIn(file: string): AsyncGenerator<Candidate> {
  try {
    if (isXml(file)) yield* xmlCandidates(file);
    else for await (const one of candidatesOf(file)) yield* unfold(one);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function noResource(file: string, unread: Readonly<Record<string, number>>): ProError {
  const reasons = Object.entries(unread).map(([reason, n]) => `${n} ${reason}`);
  return new ProError(
    "SOURCE_WRONG_FORMAT",
    `the file holds no FHIR resource: ${reasons.join(", ")}`,
    {
      where: { file },
      hint: "profile reads NDJSON (a resource a line, .ndjson), Bundles and single resources in JSON (.json) or XML",
    },
  );
}
