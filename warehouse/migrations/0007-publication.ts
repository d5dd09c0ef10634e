import { createTable, type WarehouseMigration } from "./migration.ts";

/** The warehouse's own books: how many rows it holds of each site, and which publication this is. */
export const publication: WarehouseMigration = async (db, can) => {
  await createTable(db, can, {
    name: "submission_table",
    comment: "How many rows of each table the warehouse holds of each site",
    key: ["datamartid", "table_name"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, table_name VARCHAR NOT NULL, row_count BIGINT NOT NULL`,
    comments: {
      datamartid: "the site",
      table_name: "name of the table",
      row_count: "its rows of this site",
    },
  });
  await createTable(db, can, {
    name: "publication",
    comment: "Which publication of the warehouse this is: one row",
    key: ["number"],
    columns: "number INTEGER NOT NULL",
    comments: { number: "counted from 1; higher by one with each load" },
  });
};
