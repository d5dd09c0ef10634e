import type { Adapter } from "../adapter.ts";
import { fillIntake } from "./fill.ts";
import { readFhirFiles } from "./read.ts";
import { createResourceTables } from "./strict.ts";

/**
 * FHIR in JSON and XML, as R4 and R4B write it, with what DSTU2, STU3 and R5 write otherwise: bulk-data NDJSON, Bundles and single
 * resources, also packed with gzip or zstd.
 */
export const fhir: Adapter = {
  format: "fhir",
  accepts: (file) => /\.(ndjson|jsonl|json|xml)(\.(gz|zst))?$/i.test(file),
  async read(input) {
    await createResourceTables(input.db);
    await readFhirFiles(input, input.files);
    await fillIntake(input.db);
  },
};
