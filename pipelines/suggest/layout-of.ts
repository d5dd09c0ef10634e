/** A layout that many sites share, as far as recognising it needs it. */
export interface KnownLayout {
  name: string;
  files: { match: string; columns: { column: string; optional: boolean; role: string }[] }[];
}

export interface OpenedFile {
  file: string;
  columns: readonly string[];
}

/** A layout that files follow: which of them, and what each of their columns is. */
export interface LayoutFound {
  name: string;
  /** File: column: role. */
  files: Map<string, Map<string, string>>;
}

/**
 * The layout that most of the files follow: their names fit its patterns, and they have every column that it reads; null when
 * none has two such files, or one that is all there is.
 */
export function layoutOf(
  opened: readonly OpenedFile[],
  layouts: readonly KnownLayout[],
  isMatch: (file: string, glob: string) => boolean,
): LayoutFound | null {
  const found = layouts.map(({ name, files }) => {
    const fitting = opened.flatMap(({ file, columns }) => {
      const known = new Map(columns.map((column) => [column.toLowerCase(), column]));
      const entry = files.find(
        ({ match, columns: needed }) =>
          isMatch(file, match) &&
          needed.length >= 4 &&
          needed.every(({ column, optional }) => optional || known.has(column.toLowerCase())),
      );
      if (!entry) return [];
      const roles = entry.columns.flatMap(({ column, role }) => {
        const own = known.get(column.toLowerCase());
        return own === undefined ? [] : [[own, role] as const];
      });
      // The first mention counts: a date may be read as a part of a key too.
      return [[file, new Map(roles.toReversed())] as const];
    });
    return { name, files: new Map(fitting) };
  });
  const [best] = found.toSorted((a, b) => b.files.size - a.files.size);
  return best && best.files.size >= Math.min(2, opened.length) ? best : null;
}

/** REDCap writes its own columns into every export. */
export function isRedcap(columns: readonly string[]): boolean {
  const own = columns.filter((name) =>
    /^redcap_(event_name|repeat_instrument|repeat_instance|survey_identifier)$/.test(name),
  );
  const forms = columns.filter((name) => /^[a-z][a-z0-9_]*_complete$/.test(name));
  return (
    own.length > 0 ||
    (forms.length > 0 &&
      columns[0] !== undefined &&
      /^(record|study|participant|subject)_id$/.test(columns[0]))
  );
}

/** The form that a REDCap column belongs to: the first `<form>_complete` after it. */
export function formOf(column: string, columns: readonly string[]): string | null {
  const from = columns.indexOf(column);
  const end = columns.slice(from).find((name) => name.endsWith("_complete"));
  return end === undefined ? null : end.slice(0, -"_complete".length);
}
