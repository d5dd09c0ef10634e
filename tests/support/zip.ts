import { crc32, deflateRawSync } from "node:zlib";

export interface ZipPart {
  name: string;
  content: string | Buffer;
  method?: number;
  flags?: number;
  /** Unix mode. */
  mode?: number;
  /** Size that the directory states. */
  claims?: number;
  /** Comment of the entry. */
  comment?: string;
}

/** A zip package, as any archiver writes it. */
export function zip(parts: readonly ZipPart[], comment = ""): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const { name, content, method = 8, flags = 0, mode = 0o100644, claims } = part;
    const plain = Buffer.from(content);
    const raw = method === 8 ? deflateRawSync(plain) : plain;
    const label = Buffer.from(name);
    const note = Buffer.from(part.comment ?? "");
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(raw.length, 14);
    common.writeUInt32LE(claims ?? plain.length, 18);
    common.writeUInt16LE(label.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt16LE(note.length, 0);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from("504b0304", "hex"), common, label, raw]);
    directory.push(Buffer.concat([Buffer.from("504b01021400", "hex"), common, tail, label, note]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, central, end, Buffer.from(comment)]);
}

/** An Excel workbook: texts by sheet, and what an office program keeps beside them. */
export function workbook(
  sheets: Readonly<Record<string, readonly (readonly (string | number)[])[]>>,
  { author = "", comment = "" }: { author?: string; comment?: string } = {},
): Buffer {
  const names = Object.keys(sheets);
  const xml = (content: string) => `<?xml version="1.0" encoding="UTF-8"?>${content}`;
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const packageRels = "http://schemas.openxmlformats.org/package/2006/relationships";
  const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const rels = (list: readonly string[]) =>
    xml(`<Relationships xmlns="${packageRels}">${list.join("")}</Relationships>`);
  return zip([
    {
      name: "[Content_Types].xml",
      content: xml(
        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/>${names.map((_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="${kind}.worksheet+xml"/>`).join("")}</Types>`,
      ),
    },
    {
      name: "_rels/.rels",
      content: rels([
        `<Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/>`,
      ]),
    },
    {
      name: "docProps/core.xml",
      content: xml(
        `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>${author}</dc:creator></cp:coreProperties>`,
      ),
    },
    {
      name: "xl/workbook.xml",
      content: xml(
        `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join("")}</sheets></workbook>`,
      ),
    },
    {
      name: "xl/_rels/workbook.xml.rels",
      content: rels(
        names.map(
          (_, i) =>
            `<Relationship Id="rId${i + 1}" Type="${office}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`,
        ),
      ),
    },
    {
      name: "xl/comments1.xml",
      content: xml(
        `<comments xmlns="${main}"><commentList><comment ref="A1"><text><t>${comment}</t></text></comment></commentList></comments>`,
      ),
    },
    ...Object.values(sheets).map((rows, i) => ({
      name: `xl/worksheets/sheet${i + 1}.xml`,
      content: xml(
        `<worksheet xmlns="${main}"><sheetData>${rows.map((row, r) => `<row r="${r + 1}">${row.map((cell, c) => sheetCell(cell, `${columnName(c)}${r + 1}`)).join("")}</row>`).join("")}</sheetData></worksheet>`,
      ),
    })),
  ]);
}

function sheetCell(value: string | number, place: string): string {
  if (typeof value === "number") return `<c r="${place}"><v>${value}</v></c>`;
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<c r="${place}" t="inlineStr"><is><t>${escaped}</t></is></c>`;
}

/** A to Z, then AA: enough for a form. */
function columnName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : columnName(Math.floor(index / 26) - 1) + last;
}
