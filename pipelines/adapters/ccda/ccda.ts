import { availableParallelism } from "node:os";
import type { Adapter } from "../adapter.ts";
import { nextRecordKey } from "../intake.ts";
import { readInWorkers } from "./pool.ts";
import { readSettings } from "./settings.ts";
import { IntakeSink } from "./sink.ts";

/**
 * HL7 C-CDA (R1.1, R2.1 and later): one XML document a file, one record a document. Worker threads parse; the rows come into
 * the tables in the order of the files, so that a rerun gives the same tables. Needs the table `catalogue_code`.
 */
export const ccda: Adapter = {
  format: "ccda",
  accepts: (file) => /\.(xml|ccda|cda)$/i.test(file),
  async read({ db, exportDirectory, files }) {
    if (files.length === 0) return;
    const settings = await readSettings(db);
    const firstKey = await nextRecordKey(db);
    const jobs = files.map((file, i) => ({ recordKey: firstKey + BigInt(i), file }));
    const sink = await IntakeSink.open(db);
    try {
      const results = readInWorkers(jobs, { exportDirectory, settings }, availableParallelism());
      for await (const columns of results) sink.add(columns);
      sink.finish();
    } finally {
      sink.close();
    }
  },
};
