import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../cli/main.ts";
import { EXIT } from "../../pipelines/core/errors.ts";
import { propool } from "../support/command.ts";

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const program = createProgram({
  out: nowhere,
  err: nowhere,
  in: Readable.from([]),
  env: {},
  tty: false,
});

/** Every command that does something, by its full name: run, init site. */
function commandsOf(parent: Command, prefix: string[] = []): string[][] {
  return parent.commands.flatMap((command) => {
    const name = [...prefix, command.name()];
    return command.commands.length > 0 ? commandsOf(command, name) : [name];
  });
}
const NO_SECRETS = ["--hub <key>", "--hub-key <key>", "--keys <check>", "--token <patid...>"];
const COMMANDS = commandsOf(program).map((name) => ({ name, title: name.join(" ") }));

describe("propool --help", () => {
  it("names every command", async () => {
    const { out, exitCode } = await propool("--help");
    expect(exitCode).toBe(0);
    for (const command of program.commands)
      expect(out).toMatch(new RegExp(`^ {2}${command.name()} `, "m"));
  });

  it("goes with --version", async () => {
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, "../../package.json"), "utf8"),
    );
    expect(await propool("--version")).toEqual({ exitCode: 0, out: `${version}\n`, err: "" });
  });
});

describe.each(COMMANDS)("propool $title", ({ name, title }) => {
  it("has a help that ends in two examples", async () => {
    const { out, err, exitCode } = await propool(...name, "--help");
    expect({ err, exitCode }).toEqual({ err: "", exitCode: 0 });
    const examples = /\nExamples:\n((?: {2}.+\n)+)$/.exec(out)?.[1]?.trimEnd().split("\n") ?? [];
    expect(examples).toHaveLength(2);
    for (const example of examples)
      expect(example).toMatch(new RegExp(`^ {2}(\\$ )?propool ${title}\\b`));
  });

  it("has options and arguments that are described", () => {
    const command = name.reduce<Command | undefined>(
      (parent, part) => parent?.commands.find((one) => one.name() === part),
      program,
    );
    expect(command?.description()).not.toBe("");
    for (const option of command?.options ?? [])
      expect(option.description, option.flags).not.toBe("");
  });

  it("is given no secret: everybody on the machine can read a command line", () => {
    const command = name.reduce<Command | undefined>(
      (parent, part) => parent?.commands.find((one) => one.name() === part),
      program,
    );
    const flags = (command?.options ?? [])
      .filter((option) => option.required || option.optional)
      .map((option) => option.flags)
      .filter((one) => /key|secret|pass|token/i.test(one));
    // Public keys, the id of a check, and a person's token.
    expect(flags.filter((one) => !NO_SECRETS.includes(one))).toEqual([]);
  });

  it("knows --json", async () => {
    expect((await propool(...name, "--help")).out).toContain("--json");
  });

  it("is named in the README", async () => {
    const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    expect(readme).toMatch(new RegExp(`(propool|npm run) (-- )?${title}\\b|\`${title}\\b`));
  });
});

it("every exit code is documented in the README", async () => {
  const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
  const missing = Object.entries(EXIT).filter(
    ([, code]) => !new RegExp(`(^|[|\`\\s])${code}([|\`\\s.,:]|$)`, "m").test(readme),
  );
  expect(missing).toEqual([]);
});
