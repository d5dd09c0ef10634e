import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { privacyPage } from "../../.scripts/privacy-page.ts";

const file = join(import.meta.dirname, "../../PRIVACY.md");

it("PRIVACY.md shows the profiles as they are; npm run privacy writes it", async () => {
  expect(await readFile(file, "utf8")).toBe(await privacyPage());
});

it("PRIVACY.md names every profile and every action", async () => {
  const page = await readFile(file, "utf8");
  for (const word of [
    "safe-harbor",
    "limited-data-set",
    "shifted",
    "expert",
    "cap-age",
    "truncate-zip3",
  ])
    expect(page).toContain(`| ${word} |`);
});
