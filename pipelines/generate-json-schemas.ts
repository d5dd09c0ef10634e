import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { JSON_SCHEMAS, jsonSchemaText, schemaFile } from "./json-schemas.ts";

/** `npm run schema` writes the JSON Schemas of the YAML files anew; a test compares them with the zod schemas. */
for (const name of Object.keys(JSON_SCHEMAS)) {
  await mkdir(dirname(schemaFile(name)), { recursive: true });
  await writeFile(schemaFile(name), jsonSchemaText(name));
}
