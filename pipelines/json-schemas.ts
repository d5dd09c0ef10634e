import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { formatSchema } from "./adapters/ccda/settings.ts";
import { csvLayoutSchema, csvMappingSchema } from "./adapters/csv/layout.ts";
import { instrumentSchema } from "./catalogue/instrument.ts";
import { hubSchema } from "./configuration/hub.ts";
import { siteSchema } from "./configuration/site.ts";
import { mappingsDirectory } from "./core/mappings.ts";
import { crosswalkSchema } from "./crosswalk/crosswalk.ts";
import { disclosureSchema } from "./disclosure/profile.ts";
import { wordsSchema } from "./mapping/words.ts";
import { bloomRecipeSchema } from "./privacy/bloom-filter.ts";
import { linkageRecipeSchema } from "./privacy/normalise.ts";
import { privacyProfileSchema } from "./privacy/profile.ts";
import { columnsSchema } from "./profile/columns.ts";
import { familySchema } from "./quality/check.ts";

import { reasonsSchema } from "./quality/reasons.ts";

import { publishedSchema } from "./quality/session.ts";
import { studySchema } from "./study/schema.ts";

/**
 * The kinds of YAML files that people write, and the schema of each. `files` are those of mappings/ (a glob), none where the file
 * is a site's or a hub's own. A new kind is one line here and `npm run schema`.
 */
export const JSON_SCHEMAS: Readonly<Record<string, { schema: z.ZodType; files?: string }>> = {
  site: { schema: siteSchema },
  hub: { schema: hubSchema },
  "csv-mapping": { schema: csvMappingSchema },
  "format-csv": { schema: csvLayoutSchema, files: "formats/csv/*.yaml" },
  study: { schema: studySchema },
  instrument: { schema: instrumentSchema, files: "instruments/*.yaml" },
  crosswalk: { schema: crosswalkSchema, files: "crosswalks/*.yaml" },
  privacy: { schema: privacyProfileSchema, files: "privacy/*.yaml" },
  linkage: { schema: linkageRecipeSchema, files: "linkage/pro-token-*.yaml" },
  "bloom-filter": { schema: bloomRecipeSchema, files: "linkage/pro-clk-*.yaml" },
  disclosure: { schema: disclosureSchema, files: "disclosure/*.yaml" },
  "format-ccda": { schema: formatSchema, files: "formats/ccda.yaml" },
  "format-columns": { schema: columnsSchema, files: "formats/columns.yaml" },
  "format-words": { schema: wordsSchema, files: "formats/words.yaml" },
  reasons: { schema: reasonsSchema, files: "quality/reasons.yaml" },
  checks: { schema: familySchema, files: "quality/checks/*.yaml" },
  published: { schema: publishedSchema, files: "quality/published.yaml" },
};
export type SchemaName = "site" | "hub" | "csv-mapping" | "study";

const FOLDER = join(mappingsDirectory, "schemas");

/** Where the generated JSON Schema of a kind stands. */
export const schemaFile = (name: string): string => join(FOLDER, `${name}.schema.json`);

/** The JSON Schema of a kind, as text: what editors complete and check with. */
export function jsonSchemaText(name: string): string {
  const entry = JSON_SCHEMAS[name];
  if (!entry) throw new TypeError(`there is no schema ${name}`);
  const schema = z.toJSONSchema(entry.schema, {
    io: "input",
    reused: "ref",
    unrepresentable: "any",
  });
  return `${JSON.stringify({ ...schema, title: `propool ${name}` }, null, 1)}\n`;
}

/**
 * Puts copies of schemas beside files that name them in their first line, so that an editor finds them wherever the folder is
 * moved; commands that write into the folder renew them.
 */
export async function placeSchemas(directory: string, names: readonly SchemaName[]): Promise<void> {
  const folder = join(directory, ".schema");
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    await copyFile(schemaFile(name), join(folder, `${name}.schema.json`));
  }
}
