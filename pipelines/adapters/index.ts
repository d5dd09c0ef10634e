import type { Adapter } from "./adapter.ts";
import { ccda } from "./ccda/ccda.ts";
import { csv } from "./csv/csv.ts";
import { fhir } from "./fhir/fhir.ts";

/** The source formats. A new one is one folder of the shape of adapter.ts and one line here. */
export const ADAPTERS = { fhir, ccda, csv } as const satisfies Record<string, Adapter>;
