import { percent } from "../pipelines/page/index.ts";
import type { FieldProfile, FileProfile } from "../pipelines/profile/field.ts";
import { formatNumber, table } from "./output.ts";

/** The columns of a field's line. */
export const HEADER = ["field", "type", "filled", "different", "values (how many)", "from", "to"];

/** A profile as tables for the terminal: one a record type. */
export function profileText(profile: FileProfile): string {
  const { file, format, bytes, notes, unread, seconds } = profile;
  const speed = bytes / 1e6 / Math.max(seconds, 0.001);
  const lines = [
    `${file}: ${format}, ${formatNumber(bytes)} bytes${notes.map((note) => `, ${note}`).join("")}; read in ${seconds.toFixed(1)} s${bytes > 1e6 ? ` (${speed.toFixed(0)} MB/s)` : ""}`,
  ];
  for (const [reason, count] of Object.entries(unread)) {
    lines.push(`  not read: ${formatNumber(count)} (${reason})`);
  }
  for (const record of Object.keys(profile.records)) {
    const fields = profile.fields.filter((field) => field.record === record);
    const count = formatNumber(profile.records[record] ?? 0);
    lines.push("", `${record}: ${count}`);
    if (fields.length > 0) lines.push(table(HEADER, fields.map(fieldCells)));
  }
  return `${lines.join("\n")}\n`;
}

/** The cells of a field's line; the same in the terminal and on the page. */
export function fieldCells(field: FieldProfile): string[] {
  const { path, type, formats, records, filled, distinct, isEstimated, least, largest } = field;
  return [
    path,
    typeText(type, formats, field.misfits),
    filled === records ? "all" : percent(filled / Math.max(records, 1)),
    distinct === null ? "" : `${isEstimated ? "~ " : ""}${formatNumber(distinct)}`,
    valuesText(field),
    least ?? "",
    largest ?? "",
  ];
}

function typeText(type: string, formats: readonly string[], misfits: number): string {
  const how =
    formats.length > 1
      ? ` ${formats.join(" or ")}: say which`
      : formats.map((format) => ` ${format}`).join("");
  return `${type}${how}${misfits > 0 ? `, ${formatNumber(misfits)} do not fit` : ""}`;
}

const WIDTH = 90;

function valuesText({ values, masked }: FieldProfile): string {
  const all = values.map(({ value, count }) =>
    masked === null ? `${value} (${formatNumber(count)})` : value,
  );
  const text = all.join(", ");
  const shown = text.length > WIDTH ? `${text.slice(0, WIDTH)} …` : text;
  return masked === null || values.length === 0 ? shown : `shape ${shown}; ${masked}`;
}

/** 1 file, 2 files */
export const filesText = (count: number): string =>
  `${formatNumber(count)} file${count === 1 ? "" : "s"}`;
