import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { csvMappingSchema } from "../../pipelines/adapters/csv/layout.ts";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { siteSchema } from "../../pipelines/configuration/site.ts";
import { refuseUnknownCodes, refuseUnknownParts } from "../../pipelines/references.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-references-"));
});
afterAll(() => rm(folder, { recursive: true }));
const { instruments } = await readCatalogue();

const MAPPING = (instrument: string, items: string) => `files:
  - match: a.csv
    kind: wide
    columns: { patient_key: id }
    instruments:
      - instrument: ${instrument}
        items: { ${items} }
`;

describe("a mapping that names what the catalogue does not have", () => {
  it.each([
    [
      "an instrument",
      "phq9",
      "PHQ9_1: a",
      "there is no instrument phq9",
      "line 6, column 21",
      "did you mean phq-9?",
    ],
    [
      "an item",
      "phq-9",
      "PHQ9_1: a, PHQ_2: b",
      "phq-9 has no item or score PHQ_2",
      "line 7, column 36",
      "did you mean PHQ9_2?",
    ],
    [
      "a code with a wrong digit",
      "phq-9",
      '"44250-8": a',
      "phq-9 has no item or score 44250-8",
      "line 7, column 29",
      "did you mean 44250-9? It is called PHQ9_1 here",
    ],
    [
      "a code in an item's place",
      "phq-9",
      '"44250-9": a',
      "phq-9 has no item or score 44250-9",
      "line 7, column 29",
      "44250-9 is called PHQ9_1 here",
    ],
  ])(
    "is refused for %s, with its place and what was meant",
    async (_, instrument, items, message, record, hint) => {
      const file = join(folder, "mapping.yaml");
      const source = MAPPING(instrument, items);
      await writeFile(file, source);
      const mapping = csvMappingSchema.parse(parse(source));
      await expect(refuseUnknownParts(mapping, file, instruments)).rejects.toMatchObject({
        code: "MAPPING_CSV",
        message,
        where: { file, record },
        hint,
      });
    },
  );

  it("is refused in a site's local codes, which would map nothing", async () => {
    const source =
      "site: A\nname: a\nnetwork: N\nformat: fhir\ncodes:\n  - { code: X, instrument: phq-9, item: PHQ9_1 }\n  - { code: Y, instrument: gad-7, item: GAD_7 }\n";
    await writeFile(join(folder, "site.yaml"), source);
    const { codes } = siteSchema.parse(parse(source));
    await expect(refuseUnknownCodes(codes, folder, instruments)).rejects.toMatchObject({
      code: "CONFIG_SITE",
      message: "gad-7 has no item or score GAD_7",
      where: { file: join(folder, "site.yaml"), record: "line 7, column 41" },
      hint: "did you mean GAD7_7?",
    });
    await refuseUnknownCodes(codes.slice(0, 1), folder, instruments);
  });
});
