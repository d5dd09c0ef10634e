import { stat } from "node:fs/promises";

const SMALL_BYTES = 4_000_000;

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
