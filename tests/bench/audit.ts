// What the leak audit costs of a night, for each format: node tests/bench/audit.ts [administrations=11000] [format …]
// An administration has ten answers. Processor time is what other programs of the machine change least.
import { createProgress } from "../../pipelines/core/progress.ts";
import { runSite } from "../../pipelines/run.ts";
import { propool } from "../support/command.ts";
import { FORMATS, type Format, manyVisits, PEOPLE, siteIn, temporary } from "../support/site.ts";

const [count = "11000", ...formats] = process.argv.slice(2);
const administrations = Number(count);
const [model] = PEOPLE;
if (!model) throw new Error("no person");
const people = Array.from({ length: Math.ceil(administrations / 5) }, (_, i) => ({
  ...model,
  key: `person-${70_000 + i}`,
  family: `Quell${i.toString(36)}mark`,
  given: `Otto${(i * 7919).toString(36)}`,
  birth: new Date(Date.UTC(1930, 0, 1 + ((i * 37) % 27_000))).toISOString().slice(0, 10),
  mrn: `MRN${1_000_000 + i}`,
  phone: `303-${200 + (i % 700)}-${1000 + (i % 9000)}`,
  email: `o${i}@mail.org`,
  street: `${i} Larkspur Row`,
}));
const visits = manyVisits(administrations).map((one, i) => ({
  ...one,
  person: people[i % people.length]?.key ?? "",
  comment: i % 20 === 0 ? `told on visit ${i} by my neighbour` : "",
}));

const seconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;
const progress = createProgress({ err: process.stderr, tty: false, quiet: true });

for (const format of (formats.length > 0 ? formats : FORMATS) as Format[]) {
  const { directory, remove } = await temporary();
  const site = await siteIn(directory, format, { id: `A${format.toUpperCase()}` });
  await propool("keys", "new", site.directory, "--linkage");
  await site.deliver(people, visits);
  const before = process.cpuUsage();
  const report = await runSite(site.directory, { progress, today: "2026-01-01" });
  const night = seconds(process.cpuUsage(before));
  const { audit, ledgers } = report;
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  console.log(
    `${format}: ${ledgers.answers.read} answers; ${audit.identifiers} identifiers in ${audit.values} values; audit ${audit.seconds.toFixed(2)} s of ${report.seconds.toFixed(1)} s wall (${percent(audit.seconds, report.seconds)}), ${audit.processorSeconds.toFixed(2)} s of ${night.toFixed(1)} s processor (${percent(audit.processorSeconds, night)})`,
  );
  await remove();
}
