import type { Command } from "commander";
import {
  type KeyFacts,
  newKeys,
  receiveLinkageKey,
  rotateKeys,
  shareLinkageKey,
  showKeys,
} from "../../pipelines/keys.ts";
import type { AddCommand, Io } from "../command.ts";
import { writeJson } from "../output.ts";
import { todayOption } from "../today.ts";

interface Options {
  json?: boolean;
}

export const addKeys: AddCommand = (program, io) => {
  const keys = program
    .command("keys")
    .description("a site's keys: make, show fingerprints, rotate, share the linkage key")
    .addHelpText(
      "after",
      `
Keys are files of the site's folder keys/ (0600). A key may also come from the environment, PROPOOL_TOKEN_KEY_<SITE> (likewise
LINKAGE_KEY and SIGNING_KEY), or from a file descriptor whose number PROPOOL_TOKEN_KEY_<SITE>_FD gives; never from the command line.

Examples:
  $ propool keys show river-clinic
  $ propool keys new river-clinic --linkage
  $ propool keys share river-clinic --to age1… --out for-harbor.age
  $ propool keys receive harbor for-harbor.age
  $ propool keys rotate river-clinic`,
    );
  addNew(keys, io);
  addShow(keys, io);
  addRotate(keys, io);
  addShare(keys, io);
  addReceive(keys, io);
};

function addNew(keys: Command, io: Io): void {
  keys
    .command("new")
    .description("make the keys that are missing; --linkage: the linkage key of the project too")
    .argument("<siteDir>", "folder with a site.yaml")
    .option("--linkage", "make the linkage key: one site of a project does so and shares it")
    .option("--replace", "put a new linkage key in the place of one that is there")
    .option("--json", "print the fingerprints as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool keys new river-clinic\n  $ propool keys new river-clinic --linkage",
    )
    .action(
      async (directory: string, options: Options & { linkage?: boolean; replace?: boolean }) =>
        tell(io, options, await newKeys(directory, options)),
    );
}

function addShow(keys: Command, io: Io): void {
  keys
    .command("show")
    .description("fingerprints and public keys, never a secret one")
    .argument("<siteDir>", "folder with a site.yaml")
    .option("--json", "print them as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool keys show river-clinic\n  $ propool keys show river-clinic --json",
    )
    .action(async (directory: string, options: Options) =>
      tell(io, options, await showKeys(directory)),
    );
}

function addRotate(keys: Command, io: Io): void {
  keys
    .command("rotate")
    .description("a new token key; the store's tokens and dates are turned into its own")
    .argument("<siteDir>", "folder with a site.yaml")
    .addOption(todayOption())
    .option("--json", "print the fingerprints as JSON")
    .addHelpText(
      "after",
      "\nThe next submission tells the hub which key followed which. Keep a copy of keys/ afterwards.\n\nExamples:\n  $ propool keys rotate river-clinic\n  $ propool keys rotate river-clinic --json",
    )
    .action(async (directory: string, options: Options & { today: string }) => {
      const rotated = await rotateKeys(directory, options.today);
      tell(io, options, rotated);
      if (!options.json)
        io.out.write(`rotated: ${rotated.from} -> ${rotated.to}; make a new copy of keys/\n`);
    });
}

function addShare(keys: Command, io: Io): void {
  keys
    .command("share")
    .description("the linkage key in a file that only another site can open")
    .argument("<siteDir>", "folder of the site that has the key")
    .requiredOption("--to <recipient>", "age1…, as propool keys show prints it at the other site")
    .requiredOption("--out <file>", "the file to send")
    .option("--json", "print the fingerprints as JSON")
    .addHelpText(
      "after",
      "\nThe hub must not get this key: it would link names.\n\nExamples:\n  $ propool keys share river-clinic --to age1… --out for-harbor.age\n  $ propool keys share river-clinic --to age1… --out /media/usb/harbor.age --json",
    )
    .action(async (directory: string, options: Options & { to: string; out: string }) => {
      const facts = await shareLinkageKey(directory, { recipient: options.to, file: options.out });
      tell(io, options, facts);
    });
}

function addReceive(keys: Command, io: Io): void {
  keys
    .command("receive")
    .description("take over the linkage key that another site shared")
    .argument("<siteDir>", "folder with a site.yaml")
    .argument("<file>", "the file that the other site wrote")
    .option("--replace", "in the place of one that is there")
    .option("--json", "print the fingerprints as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ propool keys receive harbor for-harbor.age\n  $ propool keys receive harbor for-harbor.age --replace",
    )
    .action(async (directory: string, file: string, options: Options & { replace?: boolean }) =>
      tell(
        io,
        options,
        await receiveLinkageKey(directory, { file, replace: options.replace === true }),
      ),
    );
}

function tell(io: Io, { json }: Options, facts: KeyFacts): void {
  if (json) {
    writeJson(io.out, facts);
    return;
  }
  const { token_key, public_key, recipient, linkage_key } = facts;
  const lines = [
    `${facts.site}`,
    `  token key    ${token_key.fingerprint}${token_key.generations > 1 ? ` (rotated ${token_key.generations - 1} times)` : ""}`,
    `  linkage key  ${linkage_key ?? "none: no linkage tokens are made"}`,
    `  public key   ${public_key}`,
    `  recipient    ${recipient || "none: propool keys new makes one"}`,
  ];
  io.out.write(`${lines.join("\n")}\n`);
}
