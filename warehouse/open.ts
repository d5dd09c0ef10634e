import { ProError } from "../pipelines/core/errors.ts";
import { DIALECTS, type Warehouse, type WarehouseOptions } from "./dialects/index.ts";

/**
 * The warehouse that a hub's configuration names; nothing is opened before it is read or loaded.
 *
 * @throws ProError `CONFIG_WAREHOUSE` when no dialect knows the URL.
 */
export function openWarehouse(url: string, options: WarehouseOptions): Warehouse {
  const dialect = DIALECTS.find((candidate) => candidate.accepts(url));
  if (dialect) return dialect.open(url, options);
  // The rest of the URL may hold a password.
  const scheme = url.split(":", 1)[0] ?? "";
  throw new ProError("CONFIG_WAREHOUSE", `no warehouse is known by ${scheme}:`, {
    where: { pointer: "warehouse" },
    hint: "duckdb:warehouse/warehouse.duckdb, or postgres://user@host/database",
  });
}
