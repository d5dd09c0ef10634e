import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCsvMapping } from "../../pipelines/adapters/csv/mapping.ts";
import { type Catalogue, readCatalogue } from "../../pipelines/catalogue/read.ts";
import { dayOf, isoDate, isoTime, workday } from "../../pipelines/demo/calendar.ts";
import { type DemoNetwork, generateNetwork, networkStudy } from "../../pipelines/demo/index.ts";
import { createRandom } from "../../pipelines/demo/random.ts";
import { STATISTICS } from "../../pipelines/statistics/index.ts";
import { parseStudy } from "../../pipelines/study/read-study.ts";
import {
  type DemoFiles,
  type Document,
  everybody,
  firstDocuments,
  GAD7,
  harborTotals,
  isWrong,
  itemsOf,
  type Line,
  PHQ9,
  personOf,
  readDemo,
  resourcesOf,
  riverTotals,
  summitTotals,
} from "./demo-generator.read.ts";

let catalogue: Catalogue;
let parent: string;
let network: DemoNetwork;
let files: DemoFiles;
let firstDeliveries: Set<string>;

beforeAll(async () => {
  catalogue = await readCatalogue();
  parent = await mkdtemp(join(tmpdir(), "propool-demo-"));
  network = await generateNetwork(join(parent, "network"), { seed: 1, catalogue });
  files = await readDemo(network);
  firstDeliveries = new Set(firstDocuments(files).map(({ place }) => place));
}, 60_000);

afterAll(() => rm(parent, { recursive: true, force: true }));

describe("the random source", () => {
  // Literals of an independent sfc32 in Python, started from the same SHA-256.
  it("gives the same numbers everywhere", () => {
    const random = createRandom("literal");
    expect(Array.from({ length: 3 }, () => random.uniform() * 2 ** 32)).toEqual([
      3891578929, 1742870724, 178567545,
    ]);
    expect(createRandom("literal").fork("part").hex(12)).toBe("1ba8ce0cf452");
  });

  it("draws normals with mean 0 and standard deviation 1", () => {
    const random = createRandom("normal");
    const drawn = Array.from({ length: 20_000 }, () => random.normal());
    const center = mean(drawn);
    expect(Math.abs(center)).toBeLessThan(0.03);
    expect(Math.abs(mean(drawn.map((x) => (x - center) ** 2)) - 1)).toBeLessThan(0.04);
  });

  it("draws by weight", () => {
    const random = createRandom("weights");
    const drawn = Array.from({ length: 10_000 }, () =>
      random.weighted([
        ["rare", 1],
        ["often", 9],
      ]),
    );
    const rare = drawn.filter((word) => word === "rare").length;
    expect(rare).toBeGreaterThan(900);
    expect(rare).toBeLessThan(1100);
  });
});

describe("times", () => {
  it.each([
    ["2024-03-09", "2024-03-09T09:05:00-06:00"],
    ["2024-03-10", "2024-03-10T09:05:00-05:00"],
    ["2024-11-02", "2024-11-02T09:05:00-05:00"],
    ["2024-11-03", "2024-11-03T09:05:00-06:00"],
    ["2025-03-08", "2025-03-08T09:05:00-06:00"],
    ["2025-03-09", "2025-03-09T09:05:00-05:00"],
    ["2025-11-02", "2025-11-02T09:05:00-06:00"],
  ])("of %s carry the offset of US Central Time", (day, time) => {
    expect(isoTime(dayOf(day), 545)).toBe(time);
  });

  it.each([
    ["2024-03-08", "2024-03-08"],
    ["2024-03-09", "2024-03-11"],
    ["2024-03-10", "2024-03-11"],
  ])("a visit planned for %s is on %s", (day, visit) => {
    expect(isoDate(workday(dayOf(day)))).toBe(visit);
  });
});

describe("the folder of a network", () => {
  it("holds the same bytes for the same seed, and others for another", async () => {
    const hashes: string[] = [];
    for (const [i, seed] of [7, 7, 8].entries()) {
      const directory = join(parent, `seed-${i}`);
      await generateNetwork(directory, { seed, scale: 0.1, catalogue });
      hashes.push(await hashOf(directory));
    }
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it("is replaced by a second demo, with all that the sites put there", async () => {
    const directory = join(parent, "again");
    await generateNetwork(directory, { seed: 1, scale: 0.1, catalogue });
    const before = await hashOf(directory);
    await mkdir(join(directory, "river-clinic", "store"));
    await writeFile(join(directory, "river-clinic", "store", "store.duckdb"), "old");
    await writeFile(join(directory, "notes.txt"), "kept");
    await generateNetwork(directory, { seed: 1, scale: 0.1, catalogue });
    expect(await readFile(join(directory, "notes.txt"), "utf8")).toBe("kept");
    await rm(join(directory, "notes.txt"));
    expect(await hashOf(directory)).toBe(before);
  });

  it.each([
    ["holds somebody's files", { "thesis.txt": "years of work" }],
    ["has a marker that no demo wrote", { ".propool-demo": "river-clinic\n" }],
  ])("is left alone when it %s", async (_title, content) => {
    const directory = await mkdtemp(join(parent, "other-"));
    for (const [name, text] of Object.entries(content))
      await writeFile(join(directory, name), text);
    await expect(
      generateNetwork(directory, { seed: 1, scale: 0.1, catalogue }),
    ).rejects.toMatchObject({
      code: "CONFIG_NOT_EMPTY",
    });
    expect(await readdir(directory)).toEqual(Object.keys(content));
  });

  it("cannot be a file", async () => {
    const path = join(parent, "file");
    await writeFile(path, "");
    await expect(generateNetwork(path, { seed: 1, catalogue })).rejects.toMatchObject({
      code: "CONFIG_DEMO_FOLDER",
    });
  });

  it.each([0, 0.01, 101, Number.NaN])("is not made at the scale %s", async (scale) => {
    await expect(
      generateNetwork(join(parent, "scale"), { seed: 1, scale, catalogue }),
    ).rejects.toMatchObject({
      code: "USAGE_SCALE",
    });
  });
});

describe("the size of the network", () => {
  it("is three sites of 900, 500 and 600 people, 60 of them at two", () => {
    expect(network.sites.map(({ site, format, people }) => [site, format, people])).toEqual([
      ["RIVER", "fhir", 900],
      ["HARBOR", "ccda", 500],
      ["SUMMIT", "csv", 600],
    ]);
    expect(network.sharedPeople).toBe(60);
  });

  it("is about 10,000 administrations, and the files hold as many", () => {
    const delivered = files.lines.filter(({ place }) =>
      /^(QuestionnaireResponse|Observation)\./.test(place),
    );
    const answered = (row: Record<string, string>) =>
      ["phq9_timestamp", "gad7_timestamp", "global_timestamp"].filter((column) => row[column])
        .length;
    const counted = [
      delivered.length - placesOf("duplicate delivery", "RIVER").length,
      // Broken documents cannot be counted, resent ones count once.
      sum(files.documents.filter(isFirst).map(({ scales }) => scales?.length ?? 0)),
      sum(files.survey.map(({ cells }) => answered(cells))),
    ];
    const [river = 0, harbor = 0, summit = 0] = network.sites.map((one) => one.administrations);
    expect([counted[0], counted[2]]).toEqual([river, summit]);
    expect(harbor - (counted[1] ?? 0)).toBeGreaterThanOrEqual(2);
    expect(harbor - (counted[1] ?? 0)).toBeLessThanOrEqual(6);
    expect(river + harbor + summit).toBeGreaterThan(9_500);
    expect(river + harbor + summit).toBeLessThan(10_800);
  });

  it("counts the records that the files hold", () => {
    expect(network.sites.map(({ records }) => records)).toEqual([
      files.lines.length,
      files.documents.length,
      files.patients.length + files.survey.length,
    ]);
  });

  it("has the shared people at both sites under other numbers", () => {
    const numbers = new Map<string, Set<string>>();
    for (const [person, mrn] of everybody(files)) {
      numbers.set(person, (numbers.get(person) ?? new Set()).add(mrn));
    }
    const sizes = [...numbers.values()].map((known) => known.size);
    expect(sizes.filter((size) => size === 2)).toHaveLength(60);
    expect(Math.max(...sizes)).toBe(2);
  });

  it("is two years of visits", () => {
    const days = resources("Encounter").map(({ resource }) => resource.period.start.slice(0, 10));
    expect(days.toSorted().at(0)?.slice(0, 7)).toBe("2024-01");
    expect(days.toSorted().at(-1)?.slice(0, 7)).toBe("2025-12");
  });
});

describe("the planted defects", () => {
  it("are all eight, each in a place of its own", () => {
    expect([...new Set(network.defects.map(({ name }) => name))]).toEqual([
      "malformed line",
      "broken XML file",
      "unmapped local code",
      "answer out of range",
      "wrong total",
      "birth date in the future",
      "duplicate delivery",
      "identifier in free text",
    ]);
    for (const { planted, places } of network.defects) expect(places).toHaveLength(planted);
    const all = network.defects.flatMap(({ name, site }) =>
      placesOf(name, site).map((p) => `${site} ${p}`),
    );
    expect(new Set(all).size).toBe(all.length);
  });

  it("malformed line: exactly these lines are no JSON", () => {
    const found = files.lines.filter(({ resource }) => resource === null);
    expect(found.map(({ place }) => place)).toEqual(placesOf("malformed line", "RIVER"));
    expect(found).toHaveLength(4);
  });

  it("broken XML file: exactly these files are no XML", () => {
    const found = files.documents.filter(({ scales }) => scales === null);
    expect(found.map(({ place }) => place)).toEqual(placesOf("broken XML file", "HARBOR"));
    expect(found).toHaveLength(2);
  });

  it("unmapped local code: exactly these responses have an item that no form knows", () => {
    const known = new Set(
      resources("Questionnaire").flatMap(({ resource }) =>
        itemsOf(resource).map(({ linkId }) => linkId),
      ),
    );
    const found = resources("QuestionnaireResponse").filter(({ resource }) =>
      itemsOf(resource).some(({ linkId }) => !known.has(linkId)),
    );
    expect(found.map(({ place }) => place)).toEqual(placesOf("unmapped local code", "RIVER"));
    expect(found).toHaveLength(6);
  });

  it("answer out of range: exactly these rows have an answer above 3", () => {
    const found = files.survey.filter(({ cells }) =>
      [...PHQ9, ...GAD7].some((column) => Number(cells[column]) > 3),
    );
    expect(found.map(({ place }) => place)).toEqual(placesOf("answer out of range", "SUMMIT"));
    expect(found).toHaveLength(5);
  });

  it.each([
    ["RIVER", riverTotals],
    ["HARBOR", harborTotals],
    ["SUMMIT", summitTotals],
  ])("wrong total: exactly these of %s differ from their items", (site, totals) => {
    // An answer out of range or under a local code cannot prove a total wrong.
    const unverifiable = new Set([
      ...placesOf("unmapped local code", site),
      ...placesOf("answer out of range", site),
    ]);
    const wrong = totals(files).filter((one) => isWrong(one) && !unverifiable.has(one.place));
    expect(wrong.map(({ place }) => place)).toEqual(placesOf("wrong total", site));
    expect(wrong).toHaveLength(12);
    expect(totals(files).length).toBeGreaterThan(1_000);
  });

  it("birth date in the future: exactly these people are not born yet", () => {
    const river = resources("Patient").filter(({ resource }) => resource.birthDate >= "2026");
    const summit = files.patients.filter(({ cells }) => Number(cells.dob?.slice(6)) >= 2026);
    expect(river.map(({ place }) => place)).toEqual(placesOf("birth date in the future", "RIVER"));
    expect(summit.map(({ place }) => place)).toEqual(
      placesOf("birth date in the future", "SUMMIT"),
    );
    expect([river.length, summit.length]).toEqual([2, 3]);
  });

  it("duplicate delivery: exactly these lines and documents were there before", () => {
    const lines = files.lines.filter(
      (line, i) => files.lines.findIndex(({ text }) => text === line.text) < i,
    );
    const documents = files.documents.filter((document) => !isFirst(document));
    expect(lines.map(({ place }) => place)).toEqual(placesOf("duplicate delivery", "RIVER"));
    expect(documents.map(({ place }) => place)).toEqual(placesOf("duplicate delivery", "HARBOR"));
    expect([lines.length, documents.length]).toEqual([6, 4]);
  });

  it("identifier in free text: exactly these texts hold one, beside harmless ones", () => {
    const river = resources("QuestionnaireResponse").filter(({ resource }) =>
      itemsOf(resource).some(({ answer }) => answer?.[0].valueString?.includes("@example.org")),
    );
    const comments = files.survey.filter(({ cells }) => cells.comments !== "");
    const summit = comments.filter(({ cells }) => /\d{3}-555-01\d\d/.test(cells.comments ?? ""));
    expect(river.map(({ place }) => place)).toEqual(placesOf("identifier in free text", "RIVER"));
    expect(summit.map(({ place }) => place)).toEqual(placesOf("identifier in free text", "SUMMIT"));
    expect([river.length, summit.length]).toEqual([3, 5]);
    expect(comments.length).toBeGreaterThan(50);
  });

  it("leave people who attend two sites alone", () => {
    const mrns = new Map<string, Set<string>>();
    for (const [person, mrn] of everybody(files))
      mrns.set(person, (mrns.get(person) ?? new Set()).add(mrn));
    const future = resources("Patient").filter(({ resource }) => resource.birthDate >= "2026");
    for (const { resource } of future) expect(mrns.get(personOf(resource))?.size).toBe(1);
  });
});

describe("what the sites deliver", () => {
  it("improves over the visits", () => {
    const means = ["baseline", "day_30", "day_90", "day_180"].map((event) =>
      mean(
        files.survey
          .filter(
            ({ cells }) => cells.redcap_event_name === `${event}_arm_1` && cells.phq9_total !== "",
          )
          .map(({ cells }) => Number(cells.phq9_total)),
      ),
    );
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    expect((means[0] ?? 0) - (means[3] ?? 0)).toBeGreaterThan(1.5);
  });

  it("has 1 to 2 % of the items skipped", () => {
    const cells = files.survey
      .filter((row) => row.cells.phq9_timestamp !== "")
      .flatMap((row) => PHQ9.map((column) => row.cells[column]));
    const share = cells.filter((cell) => cell === "").length / cells.length;
    expect(share).toBeGreaterThan(0.008);
    expect(share).toBeLessThan(0.02);
  });

  it("has answers with and without an ordinal, and PROMIS items in groups", () => {
    const text = resources("QuestionnaireResponse").map((line) => line.text);
    const share = mean(text.map((line) => (line.includes("ordinalValue") ? 1 : 0)));
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.65);
    const promis = resources("QuestionnaireResponse").find(({ text }) =>
      text.includes("/promis-global-10|1.2"),
    );
    expect(
      promis?.resource.item.slice(0, 2).map((group: { item: [] }) => group.item.length),
    ).toEqual([7, 3]);
  });

  it("has no PHQ-9 total as an Observation that is a response too", () => {
    const answered = new Set(
      resources("QuestionnaireResponse")
        .filter(({ text }) => text.includes("/phq-9|"))
        .map(({ resource }) => resource.encounter.reference),
    );
    const totals = resources("Observation");
    expect(totals.length).toBeGreaterThan(100);
    for (const { resource } of totals)
      expect(answered.has(resource.encounter.reference)).toBe(false);
  });

  it("has a CSV mapping that the adapter accepts and whose columns exist", async () => {
    const mapping = await readCsvMapping(join(network.sites[2]?.directory ?? "", "mapping.yaml"));
    const survey = mapping.files.find(({ match }) => match === "survey.csv");
    const items =
      survey?.kind === "wide" ? survey.instruments.map((one) => Object.values(one.items)) : [];
    expect(items.map((columns) => columns.length)).toEqual([10, 7, 10]);
    expect(Object.keys(files.survey[0]?.cells ?? {})).toEqual(expect.arrayContaining(items.flat()));
  });
});

describe("the study", () => {
  it("is a study file with four outcomes and their change at 90 days", () => {
    const study = parseStudy(networkStudy(), "study.yaml");
    expect(study.outcomes.map(({ instrument, score }) => `${instrument} ${score}`)).toEqual([
      "phq-9 total",
      "gad-7 total",
      "promis-global-10 gph_t",
      "promis-global-10 gmh_t",
    ]);
    expect(study.windows.follow_up).toEqual({ target: 90, days: [60, 120] });
    const known = STATISTICS.map(({ name }) => name);
    expect(study.statistics?.filter((name) => !known.includes(name))).toEqual([]);
  });
});

function resources(type: string): Line[] {
  return resourcesOf(files, type);
}

function isFirst(document: Document): boolean {
  return firstDeliveries.has(document.place);
}

function placesOf(name: string, site: string): string[] {
  return network.defects
    .filter((defect) => defect.name === name && defect.site === site)
    .flatMap(({ places }) =>
      places.map(({ file, record }) => (record ? `${file} ${record}` : file)),
    );
}

async function hashOf(directory: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.toSorted((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    hash.update(path.slice(directory.length));
    if (entry.isFile()) hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

function sum(list: readonly number[]): number {
  return list.reduce((added, x) => added + x, 0);
}

function mean(list: readonly number[]): number {
  return sum(list) / list.length;
}
