import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { schemaSource } from "../../warehouse/generate-schema.ts";
import { TABLE_NAMES, tableShape } from "../../warehouse/schema.ts";

describe("warehouse/schema.ts", () => {
  it("is what npm run schema writes from mappings/cdm", async () => {
    const file = join(import.meta.dirname, "..", "..", "warehouse", "schema.ts");
    expect(await readFile(file, "utf8")).toBe(await schemaSource());
  });

  it("has the CDM's tables first and the companions after them", () => {
    expect(TABLE_NAMES).toEqual([
      "demographic",
      "encounter",
      "condition",
      "procedures",
      "pro_cm",
      "death",
      "hash_token",
      "obs_clin",
      "obs_gen",
      "harvest",
      "pro_collection",
      "pro_cm_detail",
      "pro_request",
      "obs_collection",
      "partial_date",
    ]);
  });

  it.each(TABLE_NAMES)("%s begins with the site, once", (table) => {
    const columns = Object.keys(tableShape(table).columns);
    expect(columns[0]).toBe("datamartid");
    expect(columns.filter((column) => column === "datamartid")).toHaveLength(1);
    expect(tableShape(table).key[0]).toBe("datamartid");
  });

  it("keeps lengths, digits, keys and value sets", () => {
    expect(tableShape("pro_cm").columns.pro_response_num).toEqual({
      type: "number",
      length: null,
      precision: 15,
      scale: 8,
      required: false,
      references: null,
      valueSet: null,
    });
    expect(tableShape("demographic").columns.sex).toMatchObject({ length: 2, valueSet: "SEX" });
    expect(tableShape("death").key).toEqual(["datamartid", "patid", "death_source"]);
  });
});
