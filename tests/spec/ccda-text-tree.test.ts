import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { openCda } from "../../pipelines/adapters/ccda/open.ts";
import { treeOfText } from "../../pipelines/adapters/ccda/text-tree.ts";
import { type CdaNode, toTree } from "../../pipelines/adapters/ccda/tree.ts";

const CORPUS = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
  "ccda",
);

const plain = ({ name, attributes, text, children, parent }: CdaNode): unknown => ({
  name,
  attributes,
  text,
  parent: parent?.name ?? null,
  children: children.map(plain),
});

/** Both trees of a document; null where the parser does not take it as it stands. */
function both(bytes: Buffer): [CdaNode, CdaNode] | null {
  const opened = openCda(bytes);
  if (!("xml" in opened)) return null;
  try {
    if (!opened.content) return null;
    return [toTree(opened.root, null), treeOfText(opened.content.toString("utf8"))];
  } finally {
    opened.xml.dispose();
  }
}

const around = (content: string, attributes = "") =>
  `<?xml version="1.0"?>\n<!-- <a> -->\n<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${attributes}>${content}</ClinicalDocument>\n`;

describe("the tree of a document's text is the tree that the parser makes", () => {
  it.each([
    ["nested and empty elements", "<a><b/><b ></b><c\n/></a>"],
    ["text around elements, its white space", "<a> one\n <b/> two\t<b>three</b></a>"],
    ["entities and references", "<a b='&lt;&amp;&#xe9;&#8364;&quot;'>&gt; &apos;&#9;x</a>"],
    ["a > and a quote of the other kind inside a value", `<a b="x > y 'z'" c='"'/>`],
    ["line breaks in values", '<a b=" one\n two&#10;three "/>'],
    ["white space around =", '<a b = "1" c= "2"  ></a>'],
    ["character data", "<a>x<![CDATA[ <b> & ]]>y</a>"],
    ["comments and instructions", "<a>x<!-- > <b> -->y<?p <b> ?>z</a>"],
    ["prefixes", '<sdtc:a xsi:type="INT"/><n:a xmlns:n="urn:hl7-org:v3"><n:b/></n:a>'],
    ["a default name space of its own", '<table xmlns="urn:other"><td/></table><a/>'],
    [
      "a prefix that stands for something else inside",
      '<a xmlns:sdtc="urn:x"><sdtc:b/></a><sdtc:b/>',
    ],
    ["letters of other scripts", '<a b="Ünïcødé 漢字">🙂</a>'],
  ])("%s", (_, content) => {
    const trees = both(Buffer.from(around(content)));
    expect(trees).not.toBeNull();
    const [parsed, scanned] = trees ?? [];
    expect(plain(scanned as CdaNode)).toEqual(plain(parsed as CdaNode));
  });

  it.skipIf(!existsSync(CORPUS))(`of every document of the corpus (${CORPUS})`, () => {
    const files = (readdirSync(CORPUS, { recursive: true }) as string[]).filter((file) =>
      file.endsWith(".xml"),
    );
    const trees = files.flatMap((file) => {
      const found = both(readFileSync(join(CORPUS, file)));
      return found ? [found] : [];
    });
    expect(trees.length).toBeGreaterThan(20);
    for (const [parsed, scanned] of trees) expect(plain(scanned)).toEqual(plain(parsed));
  });

  it("leaves out the narrative where it is not wanted, and nothing after it", () => {
    const content = around("<a><text><text>x</text><td/></text><b/></a><text/><c/>");
    const root = treeOfText(content, { narrative: false });
    expect(root.children.map(({ name }) => name)).toEqual(["a", "c"]);
    expect(root.children[0]?.children.map(({ name }) => name)).toEqual(["b"]);
  });
});
