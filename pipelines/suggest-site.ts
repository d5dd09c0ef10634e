import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { DuckDb } from "../warehouse/duckdb.ts";
import { isSmall } from "../warehouse/small.ts";
import { ADAPTERS } from "./adapters/index.ts";
import { readCatalogueOf } from "./catalogue/read.ts";
import { ephemeral } from "./core/ephemeral.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import type { Progress } from "./core/progress.ts";
import { openIdentified, prepare, readExport } from "./intake.ts";
import { MAP_RESPONSES } from "./mapping/responses.ts";
import { filesToRead, previewSite } from "./preview.ts";
import { readColumnNames } from "./profile/columns.ts";
import { valuesOf } from "./profile/field.ts";
import { type MaskRules, shapeOf, whyMasked } from "./profile/mask.ts";
import { readMaskRules } from "./profile.ts";
import { type CodeSuggestion, suggestCodes } from "./suggest/local-codes.ts";
import { isSure } from "./suggest/suggestion.ts";

/** A local code of the export, and what it may be. */
export interface CodeDraft extends CodeSuggestion {
  system: string | null;
}

/** Words of a coded field that no list has. */
export interface WordDraft {
  list: string;
  word: string;
  count: number;
  /** CDM codes that a word of ours much like it stands for. */
  maybe: string[];
}

export interface SiteDraft {
  codes: CodeDraft[];
  words: WordDraft[];
  /** Answers that are in no list of their item, by item: only counted, for they may be free text. */
  unmatched: { item: string; count: number }[];
}

/**
 * What a FHIR or C-CDA export holds that propool does not know: local codes with the item that each may be, words of coded fields,
 * answers that no list has.
 *
 * @throws ProError `SOURCE_*`, `CONFIG_*`.
 */
export async function suggestSite(options: {
  files: readonly string[];
  siteDirectory?: string | undefined;
  today: string;
  progress: Progress;
}): Promise<SiteDraft> {
  const scratch = await mkdtemp(join(tmpdir(), "propool-suggest-"));
  await using _scratch = ephemeral(scratch);
  const paths = await filesToRead(options.files, options.siteDirectory);
  const site = await previewSite({ ...options, files: paths }, scratch);
  const db = await openIdentified(scratch, [...paths, mappingsDirectory], {
    small: await isSmall(paths),
  });
  try {
    await prepare(db, site, options.today);
    const adapter = ADAPTERS[site.format];
    const files = paths.map((file) => relative(site.exportDirectory, resolve(file)));
    await readExport(db, site, { adapter, files, ignored: [], isPartial: true }, options.progress);
    for (const statement of MAP_RESPONSES) await db.run(statement);
    const rules = await readMaskRules(options.siteDirectory);
    return {
      codes: await localCodes(db, options.siteDirectory ?? null),
      words: await unknownWords(db, rules),
      unmatched: await unmatchedAnswers(db),
    };
  } finally {
    db.close();
  }
}

interface Unknown {
  code: string;
  system: string | null;
  text: string | null;
  n: number;
  forms: number;
  values: { items: unknown[] };
}

async function localCodes(db: DuckDb, siteDirectory: string | null): Promise<CodeDraft[]> {
  const rows = await db.all<Unknown>(`
    WITH one AS (
      SELECT i.item_code AS code, i.item_system AS system, any_value(i.item_text) AS text,
        coalesce(CAST(CAST(i.answer_num AS DOUBLE) AS VARCHAR),
          (SELECT any_value(c.label) FROM catalogue_answer c WHERE c.code = i.answer_code), i.answer_text, i.answer_code) AS value, count(*)::DOUBLE AS n,
        count(DISTINCT i.administration_key)::DOUBLE AS forms
      FROM mapped_response r JOIN every_response i ON i.response_key = r.response_key
      WHERE r.name IS NULL AND i.item_code IS NOT NULL GROUP BY ALL
    )
    SELECT code, system, any_value(text) AS text, sum(n) AS n, max(forms) AS forms,
      list({'value': regexp_replace(value, '\\.0$', ''), 'count': n} ORDER BY n DESC) FILTER (value IS NOT NULL) AS values
    FROM one GROUP BY code, system ORDER BY n DESC, code LIMIT 500`);
  const { instruments } = await readCatalogueOf(siteDirectory);
  const stems = (await readColumnNames()).forms;
  const codes = rows.map(({ code, text, n, values }) => ({
    code,
    text,
    n,
    values: valuesOf(values),
  }));
  const found = await suggestCodes(codes, { instruments, stems });
  return found.map((one, i) => ({ ...one, system: rows[i]?.system ?? null }));
}

/** Coded fields of the intake tables, and the list that their words are looked up in. */
const CODED: [table: string, column: string, list: string][] = [
  ["every_administration", "method", "pro_method"],
  ["every_administration", "mode", "pro_mode"],
  ["every_administration", "status", "status"],
  ["every_administration", "channel", "channel"],
  ["every_administration", "setting", "setting"],
  ["intake_patient", "sex", "sex"],
  ["intake_patient", "race", "race"],
  ["intake_patient", "ethnicity", "hispanic"],
  ["intake_encounter", "class", "enc_type"],
];

async function unknownWords(db: DuckDb, rules: MaskRules): Promise<WordDraft[]> {
  const words: WordDraft[] = [];
  for (const [table, column, list] of CODED) {
    const rows = await db.all<{ word: string; n: number; maybe: { items: string[] } | null }>(`
      SELECT t.${column} AS word, count(*)::DOUBLE AS n,
        (SELECT list(DISTINCT w.code) FROM word w WHERE w.list = '${list}'
          AND (contains(lower(t.${column}), w.word) OR levenshtein(lower(t.${column}), w.word) <= 2) AND length(w.word) > 3) AS maybe
      FROM ${table} t WHERE t.${column} IS NOT NULL
        AND lower(t.${column}) NOT IN (SELECT word FROM word WHERE list = '${list}') GROUP BY ALL ORDER BY n DESC LIMIT 40`);
    const filled = rows.reduce((sum, { n }) => sum + n, 0);
    const values = rows.map(({ word, n }) => ({ value: word, count: n }));
    const masked = whyMasked({ name: column, distinct: rows.length, filled, values }, rules);
    for (const { word, n, maybe } of rows) {
      words.push({
        list,
        word: masked === null ? word : shapeOf(word),
        count: n,
        maybe: maybe?.items ?? [],
      });
    }
  }
  return words;
}

async function unmatchedAnswers(db: DuckDb): Promise<SiteDraft["unmatched"]> {
  return db.all(`SELECT instrument || ' ' || name AS item, count(*)::DOUBLE AS count FROM mapped_response
    WHERE name IS NOT NULL AND reason IN ('MAPPING_FREE_TEXT', 'MAPPING_ANSWER_NOT_IN_LIST') GROUP BY ALL ORDER BY item`);
}

/** A draft as lines for site.yaml. */
export function siteDraftText({ codes, words, unmatched }: SiteDraft): string {
  const lines = [
    "# Drafted by propool suggest: lines for site.yaml. A local code passes only when a steward has approved it, so look at each: remove",
    "# the # of those that are right. The number after # is how sure the draft is (1 is certain).",
    "codes:",
    ...codes.map((one) => {
      const [instrument, item] = (one.role ?? "").split("/");
      const system = one.system ? `, system: ${JSON.stringify(one.system)}` : "";
      const what = item ? `instrument: ${instrument}, item: ${item}` : 'instrument: "?", item: "?"';
      const line = `  - { code: ${JSON.stringify(one.code)}${system}, ${what} }   # ${one.confidence.toFixed(2)}, ${one.count} times: ${one.reason}`;
      return isSure(one) ? line : `# ${line}`;
    }),
  ];
  if (codes.length === 0) lines.splice(2, 1, "# codes: every code of the export is known");
  const lists = [...new Set(words.map(({ list }) => list))];
  if (lists.length > 0)
    lines.push(
      "# Words of coded fields that propool does not know; write the CDM's code for each.",
      "# words:",
    );
  for (const list of lists) {
    lines.push(`#   ${list}:`);
    for (const { word, count, maybe } of words.filter((one) => one.list === list)) {
      lines.push(
        `#     ${JSON.stringify(word)}: ${maybe.length === 1 ? maybe[0] : "?"}   # ${count} times${maybe.length > 1 ? `; ${maybe.join(" or ")}` : ""}`,
      );
    }
  }
  for (const { item, count } of unmatched) {
    lines.push(
      `# ${item}: ${count} answers are in no list of its answers; propool preview --only issues shows where`,
    );
  }
  return `${lines.join("\n")}\n`;
}
