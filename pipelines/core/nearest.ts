/** The known word that is nearest to a misspelt one; undefined when none is near enough to be meant. */
export function nearest(wanted: string, known: Iterable<string>): string | undefined {
  const words = [...new Set(known)];
  // phq9 and PHQ-9, pro date and pro_date: the same letters and digits.
  const bare = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");
  const same = words.find((word) => bare(word) === bare(wanted) && bare(wanted) !== "");
  if (same !== undefined) return same;
  const longer = words.filter((word) => wanted.length >= 3 && word.startsWith(wanted));
  if (longer.length === 1) return longer[0];
  const ranked = words
    .map((word) => ({ word, distance: editDistance(wanted.toLowerCase(), word.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.max(3, wanted.length / 3) && best.distance < wanted.length
    ? best.word
    : undefined;
}

/** Levenshtein distance: how many letters to change, add or drop. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
