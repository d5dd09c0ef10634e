import { stat } from "node:fs/promises";

/** An empty store has 1.3 MB, one of a few rows in every table 5 MB. A million answers have 6 MB in a wide CSV file, 190 MB in FHIR. */
const SMALL_BYTES = 16_000_000;
const SMALL_CSV_BYTES = 1_000_000;

/** Whether files hold so little together that one thread does a night's work on them sooner than two. One that is not there holds nothing. */
export async function isSmall(files: readonly string[]): Promise<boolean> {
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const csvBytes = sum(sizes.filter((_, i) => /\.csv\b/i.test(files[i] ?? "")));
  return csvBytes < SMALL_CSV_BYTES && sum(sizes) < SMALL_BYTES;
}

const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);
