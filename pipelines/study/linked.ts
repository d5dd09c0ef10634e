import { HELD_LINKAGE } from "../../warehouse/merge.ts";
import type { Queryable } from "../../warehouse/queryable.ts";
import { ProError } from "../core/errors.ts";
import type { Study } from "./read-study.ts";

/** Which records are one person's: `head` and `person`, the number of the first of them; records of nobody else are not in it. */
export const LINKED = [
  "-- records that linkage found to be one person's, by the number of the first of them",
  "SELECT p.head, min(p.head) OVER (PARTITION BY l.personid) AS person",
  "FROM person AS p",
  "JOIN person_link AS l ON l.datamartid = p.datamartid AND l.patid = p.patid",
].join("\n");

/** Keeps one row of `record` for each person: one that has a follow-up, then the one with most administrations. */
export const ONE_OF_EACH_PERSON = [
  "-- one record a person: with a follow-up before without, then the one with most administrations",
  "SELECT r.*, k.records",
  "FROM record AS r",
  "JOIN (",
  "  SELECT",
  "    r.head,",
  "    count(*) OVER (PARTITION BY coalesce(l.person, r.head)) AS records,",
  "    row_number() OVER (",
  "      PARTITION BY coalesce(l.person, r.head)",
  `      ORDER BY r.follow_up IS NULL, r.administrations DESC, r.datamartid COLLATE "C", r.patid COLLATE "C"`,
  "    ) AS place",
  "  FROM record AS r",
  "  LEFT JOIN linked AS l ON l.head = r.head",
  ") AS k ON k.head = r.head",
  "WHERE k.place = 1",
].join("\n");

/** A person of `person AS p`, for a table that has no `cohort` before it. */
export function headOf({ people }: Study): { sql: string; join: string[] } {
  return people === "linked"
    ? { sql: "coalesce(l.person, p.head)", join: ["LEFT JOIN linked AS l ON l.head = p.head"] }
    : { sql: "p.head", join: [] };
}

/** @throws ProError `CONFIG_STUDY_LINKED` where nobody could know who is the same person at two sites. */
export function refuseLinked(study: Study, reason: string): void {
  if (study.people !== "linked") return;
  throw new ProError("CONFIG_STUDY_LINKED", `linked people cannot be counted: ${reason}`, {
    where: { file: study.file, pointer: "people" },
    hint: "run it on the hub's rows (propool study run --on <hubDir>), or count site records: people: records",
  });
}

/** @throws ProError `CONFIG_STUDY_LINKED` when these rows are a site's, or of a hub that does not link. */
export async function refuseUnlinkedRows(study: Study, queryable: Queryable): Promise<void> {
  if (study.people !== "linked") return;
  // A site's store has the tables of a warehouse, and no publication.
  const [publication] = await queryable.all<{ linkage: string | null }>(HELD_LINKAGE);
  if (!publication) refuseLinked(study, "these are the rows of one site");
  if (publication?.linkage !== "on") {
    throw new ProError("CONFIG_STUDY_LINKED", "linked people cannot be counted: linkage is off", {
      where: { file: study.file, pointer: "people" },
      hint: "set linkage: on in hub.yaml and run propool pool, or count site records: people: records",
    });
  }
}
