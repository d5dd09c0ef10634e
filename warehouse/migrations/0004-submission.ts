import { createTable, type WarehouseMigration } from "./migration.ts";

/** Which submission of each site the warehouse holds: a killed night goes on from here. */
export const submission: WarehouseMigration = (db, can) =>
  createTable(db, can, {
    name: "submission",
    comment: "The last submission of each site whose rows are in this warehouse",
    key: ["datamartid"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, sequence INTEGER NOT NULL,
      manifest_sha256 VARCHAR(64) NOT NULL`,
    comments: {
      sequence: "number of the submission, counted by the site",
      manifest_sha256: "SHA-256 of its manifest.json in hex",
    },
  });
