import type { Adapter } from "../adapter.ts";
import { fillIntake } from "./fill.ts";
import { createResourceTables, readFhirFile } from "./read.ts";

/** FHIR R4: bulk-data NDJSON (also gzip), Bundles and single resources in JSON. */
export const fhir: Adapter = {
  format: "fhir",
  accepts: (file) => /\.(ndjson|jsonl|json)(\.gz)?$/i.test(file),
  async read(input) {
    await createResourceTables(input.db);
    for (const file of input.files) await readFhirFile(input, file);
    await fillIntake(input.db);
  },
};
