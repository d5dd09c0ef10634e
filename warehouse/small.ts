import { stat } from "node:fs/promises";

/** An empty store has 1.3 MB, one of a few rows in every table 5 MB. */
const SMALL_BYTES = 16_000_000;

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
  return sizes.reduce((sum, size) => sum + size, 0) < SMALL_BYTES;
}
