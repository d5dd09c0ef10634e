import type { Loader } from "../../warehouse/dialects/index.ts";
import { text } from "../../warehouse/sql.ts";
import type { Catalogue } from "./read.ts";

/** Fills `score_band` with what the catalogue says of scores in words, so that views can tell a severity. */
export async function writeBands(loader: Loader, { instruments }: Catalogue): Promise<void> {
  const rows = instruments.flatMap(({ id, scores }) =>
    scores.flatMap(({ id: score, bands }) =>
      bands.map(
        ({ label, min, max, below }) =>
          `(${[id, score, label].map(text).join(", ")}, ${[min, max, below].map((one) => one ?? "NULL").join(", ")})`,
      ),
    ),
  );
  await loader.run("DELETE FROM score_band");
  if (rows.length > 0)
    await loader.run(
      `INSERT INTO score_band (instrument, score, label, minimum, maximum, below) VALUES ${rows.join(", ")}`,
    );
}
