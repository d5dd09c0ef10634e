import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expandPaths } from "../../pipelines/core/expand-paths.ts";
import { propool } from "../support/command.ts";
import { temporary } from "../support/site.ts";

let root: Awaited<ReturnType<typeof temporary>>;
beforeAll(async () => {
  root = await temporary();
  await mkdir(join(root.directory, "deep/er"), { recursive: true });
  for (const name of [
    "a.json",
    "b.json",
    "b.csv",
    "c[1].json",
    ".hidden.json",
    "deep/d.json",
    "deep/er/e.json",
  ])
    await writeFile(join(root.directory, name), "{}");
});
afterAll(() => root.remove());

it.each([
  ["a file", "a.json", ["a.json"]],
  ["a file whose name looks like a pattern", "c[1].json", ["c[1].json"]],
  ["a folder", "deep", ["deep/d.json", "deep/er/e.json"]],
  ["an asterisk", "*.json", ["a.json", "b.json", "c[1].json"]],
  [
    "two asterisks",
    "**/*.json",
    ["a.json", "b.json", "c[1].json", "deep/d.json", "deep/er/e.json"],
  ],
  ["a question mark", "?.json", ["a.json", "b.json"]],
  ["a class", "[!a].json", ["b.json"]],
  ["alternatives", "b.{csv,json}", ["b.csv", "b.json"]],
  ["a pattern inside a path", "d*p/er/*", ["deep/er/e.json"]],
  ["a pattern that nothing matches", "*.xml", ["*.xml"]],
  ["a name that is not there", "z.json", ["z.json"]],
])("%s", async (_, path, found) => {
  const expanded = await expandPaths([join(root.directory, path)]);
  expect(expanded).toEqual(found.map((one) => join(root.directory, one)));
});

it("a preview tells FHIR XML from C-CDA by what stands in it, and reads folders", async () => {
  const patient = '<Patient xmlns="http://hl7.org/fhir"><id value="p"/></Patient>';
  const answer = '<answer><valueInteger value="1"/></answer>';
  const items = ["44250-9", "44255-8"].map(
    (one) => `<item><linkId value="${one}"/>${answer}</item>`,
  );
  const form = `<QuestionnaireResponse xmlns="http://hl7.org/fhir"><id value="r"/><status value="completed"/>
    <subject><reference value="Patient/p"/></subject><authored value="2024-03-04"/>${items.join("")}</QuestionnaireResponse>`;
  await mkdir(join(root.directory, "xml"));
  await writeFile(join(root.directory, "xml/p.xml"), Buffer.from(`\uFEFF${patient}`, "utf16le"));
  await writeFile(join(root.directory, "xml/r.xml"), form);
  await writeFile(join(root.directory, "xml/README"), "not read");
  const { out, err } = await propool("preview", join(root.directory, "xml"), "--json");
  const rows = JSON.parse(out || "[]") as Record<string, string>[];
  expect(err).toBe("");
  expect(
    rows.map(({ file, pro_name, pro_response_num, state }) => [
      file,
      pro_name,
      pro_response_num,
      state,
    ]),
  ).toEqual([
    ["r.xml", "PHQ9_1", "1", "loaded"],
    ["r.xml", "PHQ9_2", "1", "loaded"],
    ["r.xml", "total", "2", "loaded"],
  ]);
});

it("a preview with a site reads of a folder what the site's night reads, and refuses another format by name", async () => {
  const site = join(root.directory, "clinic");
  await propool("init", "site", site, "--format", "fhir", "--site", "C", "--network", "N");
  const patient = '{"resourceType":"Patient","id":"p"}\n';
  await writeFile(join(site, "export/Patient.ndjson"), patient);
  await writeFile(join(site, "export/other.csv"), "a,b\n1,2\n");
  const folder = await propool("preview", join(site, "export"), "--site", site, "--json");
  expect([folder.exitCode, folder.err, folder.out.trim()]).toEqual([0, "", "[]"]);
  const named = await propool("preview", join(site, "export/other.csv"), "--site", site);
  expect(named.exitCode).toBe(12);
  expect(named.err).toContain("the site's export is fhir (SOURCE_WRONG_FORMAT)");
});
