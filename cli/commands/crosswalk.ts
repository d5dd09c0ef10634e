import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type Derived,
  deriveCrosswalk,
  listCrosswalks,
  PEOPLE_MIN,
} from "../../pipelines/crosswalk.ts";
import type { AddCommand, Io } from "../command.ts";
import { table, writeJson } from "../output.ts";
import { todayOption } from "../today.ts";

export const addCrosswalk: AddCommand = (program, io) => {
  const crosswalk = program
    .command("crosswalk")
    .description("links from one instrument's score to another's: list them, or derive one");
  addList(crosswalk, io);
  addDerive(crosswalk, io);
};

function addList(crosswalk: Command, io: Io): void {
  crosswalk
    .command("list")
    .description("list the crosswalks with their source and how sure we are")
    .option("--site <dir>", "a site's or hub's folder, with crosswalks of its own")
    .option("--json", "print the crosswalks as JSON")
    .addHelpText("after", LIST_EXAMPLES)
    .action(async ({ site, json = false }: { site?: string; json?: boolean }) => {
      const links = await listCrosswalks(site ?? null);
      if (json) return writeJson(io.out, links);
      const rows = links.map(({ id, from, to, people, confidence, rows: values, source }) => [
        ...[id, `${from.instrument}:${from.score}`, `${to.instrument}:${to.score}`],
        ...[people, values.some(({ se }) => se !== null) ? "yes" : "no", confidence, source],
      ]);
      io.out.write(
        `${table(["id", "from", "to", "people", "standard error", "confidence", "source"], rows)}\n`,
      );
    });
}

const LIST_EXAMPLES = `
A site uses a crosswalk when site.yaml names it under crosswalks:. Linked scores are rows of their own; queries and studies leave
them out unless they ask for them.

Examples:
  $ propool crosswalk list
  $ propool crosswalk list --site river-clinic --json`;

interface DeriveArguments {
  from: string;
  to: string;
  method: "equipercentile" | "linear";
  days: number;
  people: number;
  replications: number;
  seed: number;
  today: string;
  id?: string;
  json?: boolean;
}

function addDerive(crosswalk: Command, io: Io): void {
  crosswalk
    .command("derive")
    .description("make a crosswalk from people who answered both instruments")
    .argument("<dir>", "a site's or hub's folder; the crosswalk is written into its crosswalks/")
    .requiredOption("--from <instrument:score>", "score to start from, such as phq-9:total")
    .requiredOption("--to <instrument:score>", "score to link to, such as promis-depression:t")
    .addOption(
      new Option("--method <name>", "how to link")
        .choices(["equipercentile", "linear"])
        .default("equipercentile"),
    )
    .option("--days <days>", "largest distance of the two answers", whole(0), 14)
    .option(
      "--people <count>",
      `people that are needed (at least ${PEOPLE_MIN})`,
      whole(1),
      PEOPLE_MIN,
    )
    .option("--replications <count>", "bootstrap samples for the standard errors", whole(20), 500)
    .option(
      "--seed <number>",
      "seed of the bootstrap: the same one gives the same errors",
      whole(0),
      1,
    )
    .option("--id <id>", "name of the crosswalk (default: <from>-to-<to>-derived)", slug)
    .addOption(todayOption())
    .option("--json", "print the crosswalk with its table as JSON")
    .addHelpText("after", DERIVE_EXAMPLES)
    .action(async (directory: string, options: DeriveArguments) => {
      const derived = await deriveCrosswalk(directory, { ...options, peopleMin: options.people });
      if (options.json) writeJson(io.out, derived);
      else io.out.write(derivedText(derived));
    });
}

const DERIVE_EXAMPLES = `
One pair a person: the two answers nearest to each other. The table has standard errors by bootstrap; invariance by sex and age is
checked (REMSD, in standard deviations of the target). A derived crosswalk is provisional.

Examples:
  $ propool crosswalk derive hub --from phq-9:total --to gad-7:total --days 0
  $ propool crosswalk derive hub --from ces-d:total --to promis-depression:t --method linear`;

function derivedText({ crosswalk, rows, invariance, file }: Derived): string {
  const groups = invariance.map(
    ({ by, groups: people, remsd, rmsd }) =>
      `${by}: ${Object.entries(people)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ")}; REMSD ${remsd.toFixed(3)}, largest RMSD ${Math.max(...rmsd).toFixed(3)}`,
  );
  const lines = [
    `${crosswalk.id}: ${crosswalk.people} people, ${crosswalk.method}`,
    ...(groups.length > 0 ? groups : ["too few people for a comparison of subgroups"]),
    `written to ${file} (provisional)`,
  ];
  const values = rows.map(({ raw, value, se }) => [raw, value, se]);
  return `${lines.join("\n")}\n\n${table(["score", "linked", "standard error"], values)}\n`;
}

const whole = (least: number) => (text: string) => {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least)
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  return number;
};

function slug(text: string): string {
  if (!/^[a-z0-9-]+$/.test(text))
    throw new InvalidArgumentError("It must be small letters, digits and hyphens.");
  return text;
}
