import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listZip, readZip } from "../../pipelines/adapters/ccda/zip.ts";
import { documentAround, observation } from "../golden/ccda/read-inline.ts";
import { settleDocuments } from "../golden/ccda/settle.ts";
import { zip } from "../support/zip.ts";

const scored = (value: number, person: string) =>
  documentAround(
    `<entry>${observation("44261-6", `<effectiveTime value="20240304"/><value xsi:type="INT" value="${value}"/>`)}</entry>`,
    `<recordTarget><patientRole><id root="2.999.7" extension="${person}"/><patient/></patientRole></recordTarget>`,
  );

describe("an XDM package", () => {
  it("is read document by document; its description and stylesheet are not documents", async () => {
    const content = zip(
      [
        { name: "INDEX.HTM", content: "<html/>" },
        { name: "IHE_XDM/", content: "", method: 0, mode: 0o40755 },
        { name: "IHE_XDM/SUBSET01/METADATA.XML", content: "<metadata/>" },
        { name: "IHE_XDM/SUBSET01/DOC0001.XML", content: scored(5, "P1") },
        { name: "IHE_XDM/SUBSET01/DOC0002.XML", content: scored(6, "P2"), method: 0 },
        { name: "IHE_XDM/SUBSET01/CDA.xsl", content: "<x/>" },
      ],
      "a comment",
    );
    const { records, scores } = await settleDocuments({
      "a.xml": scored(4, "P0"),
      "package.zip": content,
    });
    expect(records).toEqual([
      "a.xml loaded",
      "package.zip IHE_XDM/SUBSET01/DOC0001.XML loaded",
      "package.zip IHE_XDM/SUBSET01/DOC0002.XML loaded",
    ]);
    expect(scores.map((line) => line.split(" ")[1])).toEqual(["total=4", "total=5", "total=6"]);
  });

  const good = zip([{ name: "a.xml", content: scored(5, "P1") }]);
  it.each<[string, Buffer, string]>([
    ["cut off", good.subarray(0, good.length - 30), "quarantined SOURCE_BAD_PACKAGE"],
    ["empty", Buffer.alloc(0), "quarantined SOURCE_BAD_PACKAGE"],
    ["no zip at all", Buffer.from("no zip ".repeat(20)), "quarantined SOURCE_BAD_PACKAGE"],
    [
      "without documents",
      zip([{ name: "a.txt", content: "x" }]),
      "out_of_scope SOURCE_NOTHING_TO_LOAD",
    ],
    [
      "encrypted",
      zip([{ name: "a.xml", content: "x", flags: 1 }]),
      "quarantined SOURCE_BAD_PACKAGE",
    ],
    [
      "of an absolute name",
      zip([{ name: "/etc/a.xml", content: "x" }]),
      "quarantined SOURCE_BAD_PACKAGE",
    ],
    [
      "of a name that climbs out",
      zip([{ name: "a/../../b.xml", content: "x" }]),
      "quarantined SOURCE_BAD_PACKAGE",
    ],
    [
      "holding a link",
      zip([{ name: "a.xml", content: "/etc/passwd", mode: 0o120777 }]),
      "quarantined SOURCE_BAD_PACKAGE",
    ],
    [
      "of another compression",
      zip([{ name: "a.xml", content: "x", method: 12 }]),
      "quarantined SOURCE_BAD_PACKAGE",
    ],
  ])("%s is one record that says so", async (_, content, told) => {
    expect((await settleDocuments({ "p.zip": content })).records).toEqual([`p.zip ${told}`]);
  });

  it("with a bomb in it loses the bomb only", async () => {
    const bomb = { name: "bomb.xml", content: Buffer.alloc(50_000_000), claims: 100 };
    const huge = { name: "huge.xml", content: "x", claims: 3_000_000_000 };
    const { records } = await settleDocuments({
      "p.zip": zip([{ name: "a.xml", content: scored(5, "P1") }, bomb, huge]),
    });
    expect(records).toEqual([
      "p.zip a.xml loaded",
      "p.zip bomb.xml quarantined SOURCE_BAD_PACKAGE",
      "p.zip huge.xml quarantined SOURCE_TOO_LARGE",
    ]);
  });
});

describe("damaged bytes", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "propool-zip-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("are refused or change nothing, whichever byte it is", async () => {
    const content = "<a>0123456789</a>";
    const whole = zip([{ name: "a.xml", content }]);
    const path = join(directory, "p.zip");
    const outcomes = new Set<string>();
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      await writeFile(path, damaged);
      try {
        const [entry] = listZip(path);
        if (entry) outcomes.add(readZip(path, entry, 1000).toString());
      } catch (error) {
        outcomes.add((error as Error).constructor.name);
      }
    }
    expect([...outcomes].sort()).toEqual([content, "ZipError"].sort());
  });
});
