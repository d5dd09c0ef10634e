import { type CdaNode, collapse, HL7, SDTC } from "./tree.ts";

/**
 * The tree of a document from its text, as `toTree` makes it node by node through WebAssembly, several times as fast. The text must
 * have passed the parser and have no document type declaration: then tags nest, and only the five entities of XML are there.
 *
 * @param options.narrative false: elements named `text` are left out with all that is in them
 */
export function treeOfText(content: string, { narrative = true } = {}): CdaNode {
  const top: Open = { node: node("", {}, null), space: { "": "" }, text: "" };
  const stack: Open[] = [top];
  let at = 0;
  /** The depth of the `text` that is left out; 0: none. */
  let skipped = 0;
  for (;;) {
    const here = stack.at(-1) as Open;
    const mark = content.indexOf("<", at);
    if (skipped === 0 && (mark < 0 ? content.length : mark) > at) {
      here.text += unescaped(content.slice(at, mark < 0 ? content.length : mark));
    }
    if (mark < 0) return top.node.children[0] as CdaNode;
    const next = content.charCodeAt(mark + 1);
    if (next === SLASH) {
      at = content.indexOf(">", mark) + 1;
      if (skipped > 0) skipped--;
      else close(stack.pop() as Open);
    } else if (next === BANG || next === QUESTION) {
      const { end, text } = aside(content, mark);
      if (skipped === 0) here.text += text;
      at = end;
    } else {
      const tag = tagAt(content, mark);
      const { isEmpty } = tag;
      at = tag.end;
      if (skipped > 0) {
        if (!isEmpty) skipped++;
        continue;
      }
      const opened = open(tag, here);
      if (!narrative && opened.node.name === "text") {
        if (!isEmpty) skipped = 1;
        continue;
      }
      here.node.children.push(opened.node);
      if (!isEmpty) stack.push(opened);
    }
  }
}

const [SLASH, BANG, QUESTION] = [0x2f, 0x21, 0x3f];

type Growing = { -readonly [key in keyof CdaNode]: CdaNode[key] } & { children: CdaNode[] };

interface Open {
  node: Growing;
  /** The name spaces that prefixes stand for here. */
  space: Readonly<Record<string, string>>;
  text: string;
}

const node = (
  name: string,
  attributes: Record<string, string>,
  parent: CdaNode | null,
): Growing => ({
  name,
  attributes,
  children: [],
  text: "",
  parent,
  label: null,
});

function close({ node, text }: Open): void {
  node.text = text === "" ? "" : collapse(text);
}

/** A comment, an instruction, or text that is written as it stands. */
function aside(content: string, mark: number): { end: number; text: string } {
  if (content.startsWith("<![CDATA[", mark)) {
    const end = content.indexOf("]]>", mark);
    return { end: end + 3, text: content.slice(mark + 9, end) };
  }
  const close = content.startsWith("<!--", mark) ? "-->" : ">";
  const from = close === "-->" ? mark + 4 : mark;
  const end = content.charCodeAt(mark + 1) === QUESTION ? "?>" : close;
  return { end: content.indexOf(end, from) + end.length, text: "" };
}

interface Tag {
  name: string;
  attributes: [name: string, value: string][];
  isEmpty: boolean;
  /** After its `>`. */
  end: number;
}

const [SPACE, GREATER] = [0x20, 0x3e];

/** The tag at a place. */
function tagAt(content: string, mark: number): Tag {
  const from = mark + 1;
  let at = from;
  while (!isTagMark(content.charCodeAt(at))) at++;
  const tag: Tag = { name: content.slice(from, at), attributes: [], isEmpty: false, end: 0 };
  for (;;) {
    while (content.charCodeAt(at) <= SPACE) at++;
    const next = content.charCodeAt(at);
    if (next === GREATER) return { ...tag, end: at + 1 };
    if (next === SLASH) {
      tag.isEmpty = true;
      at++;
      continue;
    }
    const equals = content.indexOf("=", at);
    let open = equals + 1;
    while (content.charCodeAt(open) <= SPACE) open++;
    const close = content.indexOf(content.charAt(open), open + 1);
    tag.attributes.push([content.slice(at, equals).trimEnd(), content.slice(open + 1, close)]);
    at = close + 1;
  }
}

const isTagMark = (code: number): boolean => code <= SPACE || code === SLASH || code === GREATER;

function open(tag: Tag, { node: parent, space }: Open): Open {
  const attributes: Record<string, string> = {};
  let own = space;
  for (const [name, raw] of tag.attributes) {
    const value = attributeOf(raw);
    const colon = name.indexOf(":");
    if (name === "xmlns") own = { ...own, "": value };
    else if (colon < 0) attributes[name] = value;
    else if (name.startsWith("xmlns:")) own = { ...own, [name.slice(6)]: value };
    else if (name.endsWith(":type")) attributes["xsi:type"] = value;
  }
  const colon = tag.name.indexOf(":");
  const uri = own[colon < 0 ? "" : tag.name.slice(0, colon)];
  const local = colon < 0 ? tag.name : tag.name.slice(colon + 1);
  const full = uri === HL7 ? local : `${uri === SDTC ? "sdtc" : "other"}:${local}`;
  return { node: node(full, attributes, parent.name === "" ? null : parent), space: own, text: "" };
}

/** A line break or tab in an attribute is a blank, unless it is written as a reference. */
function attributeOf(raw: string): string {
  const plain = /[\t\r\n]/.test(raw) ? raw.replaceAll(/[\t\r\n]/g, " ") : raw;
  return unescaped(plain).trim();
}

const NAMED: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (name) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
