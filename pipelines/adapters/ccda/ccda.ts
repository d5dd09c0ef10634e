import { availableParallelism } from "node:os";
import type { Adapter } from "../adapter.ts";
import { nextRecordKey } from "../intake.ts";
import { settleVersions } from "./document-versions.ts";
import { readSettings } from "./settings.ts";
import { IntakeSink } from "./sink.ts";
import { jobsOf } from "./sources.ts";
import { readInWorkers } from "./workers.ts";

/**
 * HL7 C-CDA (R1.1, R2.1 and later): one XML document a file, or several in an XDM package; one record a document. Worker threads parse; the rows come into
 * the tables in the order of the files, so that a rerun gives the same tables. Needs the table `catalogue_code`.
 */
export const ccda: Adapter = {
  format: "ccda",
  accepts: (file) => /\.(xml|ccda|cda|zip|xdm)$/i.test(file),
  async read({ db, exportDirectory, files, narrative = true }) {
    if (files.length === 0) return;
    const settings = { ...(await readSettings(db)), narrative };
    const firstKey = await nextRecordKey(db);
    const size = files.some((file) => /\.(zip|xdm)$/i.test(file)) ? Infinity : files.length;
    const workers = Math.min(availableParallelism(), size);
    const sink = await IntakeSink.open(db);
    try {
      const jobs = jobsOf(exportDirectory, files, firstKey);
      const results = readInWorkers(jobs, { exportDirectory, settings }, workers);
      for await (const columns of results) sink.add(columns);
      sink.finish();
    } finally {
      sink.close();
    }
    await settleVersions(db);
  },
};
