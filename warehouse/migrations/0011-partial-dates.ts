import { createTable, type WarehouseMigration } from "./migration.ts";

/** Dates that the source knows to a month or year only: a DATE column would make up their day. */
export const partialDates: WarehouseMigration = (db, can) =>
  createTable(db, can, {
    name: "partial_date",
    comment: "One row a date of another table whose day is not known: its year, or year and month",
    key: ["datamartid", "table_name", "column_name", "row_key"],
    columns: `
      datamartid VARCHAR(10) NOT NULL, table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL,
      row_key VARCHAR NOT NULL, patid VARCHAR NOT NULL, date_value VARCHAR(7) NOT NULL`,
    comments: {
      table_name: "table of the row, such as condition",
      column_name: "its date column, which is empty: onset_date",
      row_key: "the row's own key, such as CONDITIONID; PATID for a birth or death",
      date_value: "YYYY or YYYY-MM, moved by whole years or months where dates are shifted",
    },
  });
