import type { Score } from "../../pipelines/catalogue/instrument.ts";
import { type Described, describeInstruments } from "../../pipelines/instruments.ts";
import type { AddCommand } from "../command.ts";
import { instrumentText } from "../instrument-text.ts";
import { table, writeJson } from "../output.ts";

export const addInstruments: AddCommand = (program, io) => {
  program
    .command("instruments")
    .description(
      "list the instruments of the catalogue, or show one: codes, scoring, how sure we are",
    )
    .argument("[id]", "an instrument, such as phq-9; left out: all of them")
    .option("--site <dir>", "a site's or hub's folder, with instruments and crosswalks of its own")
    .option("--json", "print the catalogue's facts as JSON")
    .addHelpText("after", EXAMPLES)
    .action(
      async (id: string | undefined, { site, json = false }: { site?: string; json?: boolean }) => {
        const described = await describeInstruments(site ?? null, id);
        if (json) writeJson(io.out, described);
        else if (id === undefined) io.out.write(`${listText(described)}\n`);
        else io.out.write(described.map(instrumentText).join("\n"));
      },
    );
};

const EXAMPLES = `
A confidence of provisional means that a rule or table had no second source: outputs flag it, and a study names it before it uses
it. A site puts instruments of its own into instruments/ of its folder; propool doctor checks them.

Examples:
  $ propool instruments
  $ propool instruments phq-9 --site river-clinic`;

function listText(described: readonly Described[]): string {
  const rows = described.map(({ instrument, isOwn, links }) => {
    const { id, name, version, items, scores } = instrument;
    return [
      isOwn ? `${id} (own)` : id,
      name,
      version,
      items.length,
      scores.map(scoreText).join(", ") || "none",
      links
        .filter(({ from }) => from.instrument === id)
        .map((link) => link.to.instrument)
        .join(", "),
    ];
  });
  return table(["id", "name", "version", "items", "scores", "crosswalk to"], shorten(rows));
}

const scoreText = ({ id, confidence }: Score): string =>
  confidence === "provisional" ? `${id} (provisional)` : id;

/** A library has a score a symptom: the first few stand for them. */
function shorten(rows: (string | number)[][]): (string | number)[][] {
  return rows.map((row) =>
    row.map((cell) =>
      typeof cell === "string" && cell.length > 80 ? `${cell.slice(0, 77)}…` : cell,
    ),
  );
}
