import type { Adapter } from "../adapter.ts";
import { fillIntake } from "./fill.ts";
import { createResourceTables, readFhirFile } from "./read.ts";

/**
 * FHIR in JSON, as R4 and R4B write it, with what DSTU2, STU3 and R5 write otherwise: bulk-data NDJSON, Bundles and single
 * resources, also packed with gzip or zstd.
 */
export const fhir: Adapter = {
  format: "fhir",
  accepts: (file) => /\.(ndjson|jsonl|json)(\.(gz|zst))?$/i.test(file),
  async read(input) {
    await createResourceTables(input.db);
    for (const file of input.files) await readFhirFile(input, file);
    await fillIntake(input.db);
  },
};
