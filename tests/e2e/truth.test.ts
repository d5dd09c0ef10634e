import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCatalogue } from "../../pipelines/catalogue/read.ts";
import { propool } from "../support/command.ts";

/** Files that other people's systems wrote, and what a person read in them; they are not part of the repository. */
const corpus = resolve(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
);
const isPresent = existsSync(join(corpus, "truth.csv"));
const truth = isPresent ? parseCsv(readFileSync(join(corpus, "truth.csv"), "utf8")) : [];
const ofFormat = truth.filter(({ file = "" }) => /^(fhir|ccda)\//.test(file));

/** What patients reported. */
const expected = ofFormat.filter(({ kind }) => kind === "pro");
/** The link ids of forms that give their items no code, and what the catalogue calls the items. */
const aliases = new Map(
  (await readCatalogue()).instruments.flatMap(({ items, scores }) =>
    [...items, ...scores].flatMap(({ id, aliases = [] }) =>
      aliases.map((alias): [string, string] => [alias, id]),
    ),
  ),
);
/** What clinicians rated, needs and disabilities: a site must ask for it. */
const unlisted = ofFormat.filter(({ kind = "" }) =>
  ["clinician", "sdoh", "disability"].includes(kind),
);
const LISTED = "[bims, hunger-vital-sign, disability-cubs]";
/** HL7's sample gives the same interview a second time under a code of SNOMED CT. */
const codeInCatalogue = (code = "") => (code === "248241002" ? "54614-3" : code);
const files = [...new Set(expected.map(({ file = "" }) => file))];
const negative = ofFormat.filter(({ kind }) => kind === "negative").map(({ file = "" }) => file);

/** Its link ids (PHQ.1) are not those of its form (PHQ-9.1): a data steward must approve them as local codes. */
const LOCAL_CODES = "QuestionnaireResponse-mii-exa-pro-phq-9-response.json";

/**
 * The files state no number for the difficulty item. The truth has 3 for "very" and 2 for "extremely" difficult; every form in
 * the corpus and the reference list them the other way round, so that the truth is read as the forms have it.
 */
const DIFFICULTY: Record<string, string> = {
  "Very difficult": "2",
  "Extremely difficult": "3",
  "LA6574-3": "3",
};

let site = "";
let listing = "";

describe.skipIf(!isPresent)(
  isPresent
    ? "the preview of a real export"
    : `the preview of a real export (left out: no truth.csv at ${corpus})`,
  () => {
    beforeAll(async () => {
      site = await clinicWithLocalCodes();
      listing = join(resolve(site, ".."), "listing");
      await propool(
        "init",
        "site",
        listing,
        "--format",
        "ccda",
        "--site",
        "LISTING",
        "--name",
        "L",
      );
      await appendFile(join(listing, "site.yaml"), `\ninstruments: ${LISTED}\n`);
    });
    afterAll(() => rm(resolve(site, ".."), { recursive: true, force: true }));

    test("compares measures that the catalogue has", async () => {
      const { instruments } = await readCatalogue();
      expect(instruments.map(({ id }) => id)).toEqual(expect.arrayContaining(["phq-9", "gad-7"]));
      expect(expected.filter(({ file = "" }) => file.startsWith("ccda/"))).toHaveLength(36);
      expect(expected.filter(({ file = "" }) => file.startsWith("fhir/"))).toHaveLength(235);
      expect(unlisted).toHaveLength(10);
    });

    test("reads what stands in a text table only, and says so", async () => {
      const [file = ""] = expected.flatMap(({ file, source }) =>
        source === "narrative" ? (file ?? "") : [],
      );
      const rows = (await previewRows(file)).filter(({ origin }) => origin === "narrative");
      const loaded = rows.filter(({ state }) => state === "loaded");
      expect(loaded.map((row) => `${answerOfPreview(row)} ${row.pro_response_text}`)).toEqual([
        "2024-02-11 44250-9 1 Several days",
        "2024-02-11 44255-8 1 Several days",
      ]);
      expect(
        new Set(rows.filter((row) => !loaded.includes(row)).map(({ reason }) => reason)),
      ).toEqual(new Set(["MAPPING_NARRATIVE_UNMATCHED"]));
    });

    test("loads what nobody reported only where a site lists it", async () => {
      for (const file of new Set(unlisted.map(({ file = "" }) => file))) {
        const told = (row: Row) => `${answerOfPreview(row)} ${row.pro_response_text}`;
        const wanted = unlisted
          .filter((row) => row.file === file)
          .map((row) => answer(row.date, codeInCatalogue(row.code), row.value_numeric));
        const closed = (await previewRows(file)).filter(({ state }) => state === "loaded");
        expect(closed.map(told)).toEqual([]);
        const open = await runPreview(file, "--site", listing);
        const loaded = open.filter(({ state }) => state === "loaded").map(answerOfPreview);
        // Said twice on one day, it is loaded once.
        expect(loaded.toSorted()).toEqual([...new Set(wanted)].toSorted());
        expect(open.filter(({ state }) => state === "duplicate")).toHaveLength(
          wanted.length - loaded.length,
        );
      }
    }, 30_000);

    test.each(files)("%s has every answer and score that a reader found", async (file) => {
      const wanted = expected.filter((row) => row.file === file);
      const found = await reported(file);
      expect(counts(found.map(answerOfPreview))).toMatchObject(counts(wanted.map(answerOfTruth)));
    });

    test.each(files)("%s loads all of them but those that must not be", async (file) => {
      const wanted = new Set(
        expected.filter((row) => row.file === file).map((row) => answerOfTruth(row)),
      );
      const refused = (await reported(file))
        .filter((row) => wanted.has(answerOfPreview(row)) && row.state !== "loaded")
        .map(({ pro_response_num, reason }) => `${pro_response_num} ${reason}`);
      expect(refused.toSorted()).toEqual(REFUSED[file.split("/").at(-1) ?? ""] ?? []);
    });

    test.each(files)("%s has one token a person, and no patient's key", async (file) => {
      const named = expected.filter((row) => row.file === file && row.patient_id);
      const found = await previewRows(file);
      const people = new Map<string, Set<string>>();
      for (const row of named) {
        const same = found.filter((one) => answerOfPreview(one) === answerOfTruth(row));
        const tokens = new Set(same.map(tokenOf));
        // Two people may have the same answer on the same day: such a row says nothing about tokens.
        if (tokens.size !== 1) continue;
        people.set(person(row), new Set([...(people.get(person(row)) ?? []), ...tokens]));
      }
      expect([...people.values()].filter((tokens) => tokens.size !== 1)).toEqual([]);
      expect(new Set([...people.values()].flatMap((one) => [...one])).size).toBe(people.size);
      const cells = new Set(found.flatMap((row) => Object.values(row)));
      expect(named.filter((row) => cells.has(person(row)))).toEqual([]);
    });

    test.each(files.filter((file) => file.startsWith("fhir/")))(
      "%s loads nothing beyond them, for as many people",
      async (file) => {
        const wanted = expected.filter((row) => row.file === file);
        const found = (await reported(file)).filter(
          (row) => row.state === "loaded" || row.pro_response_num !== "",
        );
        expect(found.map(answerOfPreview).toSorted()).toEqual(wanted.map(answerOfTruth).toSorted());
        expect(new Set(found.map(tokenOf)).size).toBe(new Set(wanted.map(person)).size);
      },
    );

    test.each(negative)("%s has nothing to take", async (file) => {
      expect((await previewRows(file)).filter(({ state }) => state === "loaded")).toEqual([]);
    });
  },
);

async function clinicWithLocalCodes(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "propool-truth-")), "clinic");
  await propool("init", "site", folder, "--site", "CLINIC", "--name", "Clinic");
  const file = join(folder, "site.yaml");
  const codes = Array.from({ length: 10 }, (_, i) => [`PHQ.${i + 1}`, `PHQ9_${i + 1}`]);
  const lines = [...codes, ["PHQ.Score", "total"]].map(
    ([code, item]) => `  - { code: "${code}", instrument: phq-9, item: ${item} }`,
  );
  await writeFile(file, (await readFile(file, "utf8")).replace(/^codes:.*$/m, ""));
  await appendFile(file, `\ncodes:\n${lines.join("\n")}\n`);
  return folder;
}

/** What a reader finds in a file but nobody may load: a fragment without a person, and a score of 300. */
const REFUSED: Record<string, string[]> = {
  "Patient_Health_Questionnaire_PHQ-9_C-CDAR2.1_.xml": [0, 0, 0, 0, 1, 1, 12, 2, 2, 3, 3].map(
    (value) => `${value} MAPPING_NO_PATIENT`,
  ),
  "Observation.ndjson.gz": ["300 MAPPING_SCORE_OUT_OF_RANGE", "300 MAPPING_SCORE_OUT_OF_RANGE"],
};

type Row = Record<string, string>;

const person = (row: Row) => row.patient_id ?? "";
const tokenOf = (row: Row) => row.patient ?? "";
const answer = (date = "", code = "", value = "") =>
  `${date} ${code} ${value === "" ? "none" : Number(value)}`;
const answerOfPreview = (row: Row) => answer(row.pro_date, row.pro_code, row.pro_response_num);
const answerOfTruth = ({ date, code, value_numeric, value_text = "", note = "" }: Row) =>
  answer(date, code || aliases.get(linkIdOf(note)), DIFFICULTY[value_text] ?? value_numeric);
const linkIdOf = (note: string) => /linkId (.+)$/.exec(note)?.[1] ?? "";

function counts(list: string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const one of list) found[one] = (found[one] ?? 0) + 1;
  return found;
}

const previews = new Map<string, Promise<Row[]>>();

function previewRows(file: string): Promise<Row[]> {
  const known = previews.get(file) ?? runPreview(file);
  previews.set(file, known);
  return known;
}

/** What the source says, once: a document may hold the same administration in two sections. */
async function reported(file: string): Promise<Row[]> {
  const rows = await previewRows(file);
  return rows.filter(({ origin, state }) => origin !== "computed" && state !== "duplicate");
}

/** On a day after the last answer of the corpus, which has some of the future. */
async function runPreview(file: string, ...more: string[]): Promise<Row[]> {
  const options = [...more, "--format", "csv", "--today", "2028-01-01"];
  if (file.endsWith(LOCAL_CODES)) options.push("--site", site);
  const { exitCode, out, err } = await propool("preview", join(corpus, file), ...options);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  return parseCsv(out);
}

/** RFC 4180: quoted cells, doubled quotes. */
function parseCsv(source: string): Row[] {
  const cells = source.replace(/^\uFEFF/, "").matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/g);
  const lines: string[][] = [[]];
  for (const [whole, cell = "", end = ""] of cells) {
    if (whole === "") break;
    lines.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ",") lines.push([]);
  }
  const [header = [], ...rows] = lines.filter((line) => line.length > 0);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ""])));
}
