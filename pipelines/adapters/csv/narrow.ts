import type { FileEntry, WideInstrument } from "./layout.ts";
import {
  type AnswerSource,
  answerMentions,
  type ColumnMention,
  type Columns,
  type KeyColumn,
  keyMention,
  mentionsOf,
  type Source,
  type SourcePart,
} from "./source.ts";

/** An entry without the optional columns that a file lacks; what is not optional stays, for the header to refuse. */
export function narrow(entry: FileEntry, columns: readonly string[]): FileEntry {
  const known = new Set(columns.map((column) => column.toLowerCase()));
  const has = ({ column, optional }: ColumnMention) => !optional || known.has(column.toLowerCase());
  const all = <T extends Columns>(sources: T): T => {
    const kept = Object.entries(sources).flatMap(([name, source]) => {
      const left = source === undefined ? undefined : narrowSource(source, has);
      return left === undefined ? [] : [[name, left] as const];
    });
    return Object.fromEntries(kept) as unknown as T;
  };
  const person = "person" in entry && entry.person ? { person: all(entry.person) } : {};
  const narrowed = { ...entry, ...person, columns: all(entry.columns as Columns) } as FileEntry;
  if (narrowed.kind === "long") {
    const also = narrowed.also.map((one) => all(one)).filter(({ item_code }) => item_code);
    return { ...narrowed, also, group_by: keys(narrowed.group_by, has) };
  }
  if (narrowed.kind !== "wide") return narrowed;
  return {
    ...narrowed,
    instruments: narrowed.instruments.map((block) => ({
      ...narrowBlock(block, all, has),
      source_id: isMeant(block.source_id, known) ? keys(block.source_id, has) : [],
    })),
  };
}

/** A layout's key is not meant for a file that has none of its columns: a clinic's list beside an export of REDCap. */
function isMeant(key: readonly KeyColumn[], known: ReadonlySet<string>): boolean {
  const mentions = key.map(keyMention);
  const isOwn = mentions.every(({ optional }) => !optional);
  return isOwn || mentions.some(({ column }) => known.has(column.toLowerCase()));
}

type Has = (mention: ColumnMention) => boolean;

function narrowBlock(
  block: WideInstrument,
  all: (sources: Columns) => Columns,
  has: Has,
): WideInstrument {
  const { instrument, form, items, scores, source_id, free_text, ...columns } = block;
  return {
    ...all(columns as Columns),
    instrument,
    items: answers(items, has),
    scores: answers(scores, has),
    source_id,
    free_text: free_text.filter(({ column }) => has(keyMention(column))),
  };
}

function narrowSource(source: Source, has: Has): Source | undefined {
  if (typeof source === "string" || "value" in source) return source;
  if (!("first" in source)) return narrowPart(source, has);
  const first = source.first.flatMap((one) => {
    const left = narrowSource(one, has);
    return left === undefined ? [] : [left];
  });
  return first.length ? ({ first } as Source) : undefined;
}

function narrowPart(part: SourcePart, has: Has): SourcePart | undefined {
  if (mentionsOf(part).every(has)) return part;
  // The time of day may be missing where the date is not.
  if (!("time" in part) || !has({ column: part.column, optional: true })) return undefined;
  const { time, ...date } = part;
  return date;
}

function answers(sources: Record<string, AnswerSource>, has: Has): Record<string, AnswerSource> {
  return Object.fromEntries(
    Object.entries(sources).filter(([, source]) => answerMentions(source).every(has)),
  );
}

function keys(columns: readonly KeyColumn[], has: Has): KeyColumn[] {
  return columns.filter((key) => has(keyMention(key)));
}
