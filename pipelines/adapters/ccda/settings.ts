import { join } from "node:path";
import { z } from "zod";
import type { DuckDb } from "../../../warehouse/duckdb.ts";
import { readYaml } from "../../configuration/read-yaml.ts";
import { mappingsDirectory } from "../../core/mappings.ts";

export const formatSchema = z.strictObject({
  source: z.string(),
  reviewed: z.string().nullable(),
  code_systems: z.array(
    z.strictObject({
      oid: z.string().regex(/^[0-9.]+$/),
      name: z.string(),
      uri: z.string(),
      verification: z.string(),
    }),
  ),
  code_system_names: z.record(z.string(), z.string()),
  roles: z.array(z.string()),
  problem_status: z.record(z.string(), z.string()),
  documents: z.array(
    z.strictObject({
      template: z.string().regex(/^[0-9.]+$/),
      name: z.string(),
      aggregate: z.boolean().default(false),
      verification: z.string(),
    }),
  ),
  table_headers: z.strictObject({
    question: z.array(z.string()),
    answer: z.array(z.string()),
    date: z.array(z.string()),
  }),
});

/** A code of the instrument catalogue; the same code may belong to several instruments. */
export interface CatalogueCode {
  instrument: string;
  kind: "panel" | "item" | "score";
}

/** A question of the catalogue by what its text contains. */
export interface Wording {
  code: string;
  system: string;
  instruments: ReadonlySet<string>;
  words: readonly string[];
}

/** What reading a document needs to know besides the document. It is cloned into every worker. */
export interface CcdaSettings {
  /** OID or name of a code system to its URI. */
  codeSystems: ReadonlyMap<string, string>;
  /** `URI|code` to where it stands in the catalogue. */
  catalogue: ReadonlyMap<string, readonly CatalogueCode[]>;
  /** RoleCodes of people who may stand behind an answer. */
  roles: ReadonlySet<string>;
  /** Code of a problem status observation to active, inactive, resolved. */
  problemStatus: ReadonlyMap<string, string>;
  /** Kinds of documents by template, the most special first. */
  documents: readonly { template: string; name: string; aggregate: boolean }[];
  /** Headers of text tables, in lower case. */
  tableHeaders: Readonly<Record<"question" | "answer" | "date", ReadonlySet<string>>>;
  wordings: readonly Wording[];
  /** Read items from text tables where only the total is coded. */
  narrative: boolean;
}

/** Reads mappings/formats/ccda.yaml and the catalogue (tables `catalogue_code`, `catalogue_wording`). */
export async function readSettings(db: DuckDb): Promise<CcdaSettings> {
  const path = join(mappingsDirectory, "formats", "ccda.yaml");
  const format = await readYaml(path, formatSchema, "MAPPING_FORMAT");
  const codes = await db.all<{ key: string } & CatalogueCode>(
    `SELECT DISTINCT code_system || '|' || code AS key, instrument, kind
     FROM catalogue_code WHERE code IS NOT NULL ORDER BY ALL`,
  );
  const catalogue = new Map<string, CatalogueCode[]>();
  for (const { key, instrument, kind } of codes) {
    catalogue.set(key, [...(catalogue.get(key) ?? []), { instrument, kind }]);
  }
  return {
    codeSystems: new Map([
      ...Object.entries(format.code_system_names),
      ...format.code_systems.map(({ oid, uri }) => [oid, uri] as const),
    ]),
    catalogue,
    roles: new Set(format.roles),
    problemStatus: new Map(Object.entries(format.problem_status)),
    documents: format.documents,
    tableHeaders: {
      question: new Set(format.table_headers.question),
      answer: new Set(format.table_headers.answer),
      date: new Set(format.table_headers.date),
    },
    wordings: await readWordings(db),
    narrative: true,
  };
}

async function readWordings(db: DuckDb): Promise<Wording[]> {
  const rows = await db.all<{ code: string; system: string; instruments: string; words: string }>(
    `SELECT code, code_system AS system, string_agg(DISTINCT instrument, '|' ORDER BY instrument) AS instruments, words
     FROM catalogue_wording GROUP BY ALL ORDER BY code, words`,
  );
  return rows.map(({ code, system, instruments, words }) => ({
    code,
    system,
    instruments: new Set(instruments.split("|")),
    words: words.split("|"),
  }));
}
