import { ProError } from "../../pipelines/core/errors.ts";
import type { TableName } from "../schema.ts";

export function missing(where: string): ProError {
  return new ProError("WAREHOUSE_MISSING", "there is no warehouse yet", {
    where: { file: where },
    hint: "load the sites' submissions first: propool pool <hubDir>",
  });
}

export function loadFailed(
  table: TableName,
  place: { file: string; site: string },
  cause: unknown,
): ProError {
  return new ProError(
    "WAREHOUSE_LOAD",
    `the rows of ${place.site} do not fit ${table.toUpperCase()}`,
    {
      where: { file: place.file },
      hint: "nothing was changed; verification should have refused these rows: keep the file and report this",
      cause,
    },
  );
}

export function notSelect(): ProError {
  return new ProError("WAREHOUSE_READ_ONLY", "only one SELECT statement can be run here", {
    hint: "the warehouse is written by propool pool alone; run one query at a time",
  });
}

/** The database's own message about a query that a person wrote, first line. */
export function refusedSql(cause: unknown): ProError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ProError("WAREHOUSE_SQL", message.split("\n", 1)[0] ?? "", {
    hint: "columns of the main view: SELECT * FROM pro_score LIMIT 10",
    cause,
  });
}
