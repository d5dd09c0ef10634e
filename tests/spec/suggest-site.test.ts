import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { createProgress } from "../../pipelines/core/progress.ts";
import { type SiteDraft, siteDraftText, suggestSite } from "../../pipelines/suggest-site.ts";

let folder = "";
let draft: SiteDraft;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "propool-suggest-site-"));
  const item = (linkId: string, answer: object, text?: string) => ({
    linkId,
    ...(text ? { text } : {}),
    answer: [answer],
  });
  const responses = Array.from({ length: 12 }, (_, i) => ({
    resourceType: "QuestionnaireResponse",
    id: `qr-${i}`,
    status: "completed",
    questionnaire: "https://clinic.example/forms/mood",
    subject: { reference: `Patient/p${i}` },
    authored: "2024-03-01",
    item: [
      ...Array.from({ length: 9 }, (_, n) => item(`phq9_q${n + 1}`, { valueInteger: (i + n) % 4 })),
      item("Z-17", { valueString: `Ms Blythe ${i}` }),
    ],
  }));
  const patients = Array.from({ length: 12 }, (_, i) => ({
    resourceType: "Patient",
    id: `p${i}`,
    gender: "femme",
    birthDate: "1980-01-01",
  }));
  await writeFile(
    join(folder, "QuestionnaireResponse.ndjson"),
    responses.map((one) => JSON.stringify(one)).join("\n"),
  );
  await writeFile(
    join(folder, "Patient.ndjson"),
    patients.map((one) => JSON.stringify(one)).join("\n"),
  );
  draft = await suggestSite({
    files: [folder],
    today: "2026-01-01",
    progress: createProgress({ err: process.stderr, tty: false, quiet: true }),
  });
});
afterAll(() => rm(folder, { recursive: true }));

it("finds the item of a local code by its name and its answers", () => {
  const code = draft.codes.find((one) => one.code === "phq9_q4");
  expect(code).toMatchObject({ role: "phq-9/PHQ9_4", count: 12 });
  expect(code?.confidence).toBeGreaterThanOrEqual(0.8);
});

it("leaves a code open that nothing tells, and never prints free text", () => {
  expect(draft.codes.find((one) => one.code === "Z-17")).toMatchObject({
    role: null,
    confidence: 0,
  });
  expect(JSON.stringify(draft)).not.toContain("Blythe");
});

it("lists words of coded fields that no list has", () => {
  expect(draft.words).toEqual([{ list: "sex", word: "femme", count: 12, maybe: ["F"] }]);
});

it("is text for site.yaml: sure codes as lines, the others commented out", () => {
  const { codes } = parse(siteDraftText(draft));
  expect(codes).toHaveLength(9);
  expect(codes[0]).toMatchObject({ instrument: "phq-9" });
  expect(siteDraftText(draft)).toMatch(/^# {3}- \{ code: "Z-17".*\?/m);
  expect(siteDraftText(draft)).toContain('#     "femme": F   # 12 times');
});
