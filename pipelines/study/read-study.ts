import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseYaml } from "../configuration/read-yaml.ts";
import { ProError } from "../core/errors.ts";
import { type Outcome, type StudyFile, studySchema } from "./schema.ts";

/** A study and the bytes it is known by. */
export interface Study extends Omit<StudyFile, "measure" | "outcomes"> {
  outcomes: Outcome[];
  /** SHA-256 of the file in hex: a summary names the very text it answers. */
  sha256: string;
  file: string;
  /** Folder of the site or hub that answers: a study may ask about its own instruments too. */
  directory?: string;
}

/**
 * @param directory of the site or hub that answers
 * @throws ProError `CONFIG_STUDY` with file, line and key.
 */
export async function readStudy(file: string, directory?: string): Promise<Study> {
  const source = await readFile(file, "utf8").catch((cause) => {
    throw new ProError("CONFIG_STUDY", "the study file cannot be read", {
      where: { file },
      hint: "check the name and the permissions, or write a new one with propool study new",
      cause,
    });
  });
  return parseStudy(source, file, directory);
}

/** @throws ProError `CONFIG_STUDY` */
export function parseStudy(source: string, file: string, directory?: string): Study {
  const { measure, outcomes, ...rest } = parseYaml(source, file, studySchema, "CONFIG_STUDY");
  return {
    ...rest,
    outcomes: outcomes ?? (measure ? [measure] : []),
    sha256: createHash("sha256").update(source).digest("hex"),
    file,
    ...(directory !== undefined && { directory }),
  };
}
