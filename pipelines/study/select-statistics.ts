import { ProError } from "../core/errors.ts";
import type { Statistic } from "../statistics/statistic.ts";
import type { Study } from "./read-study.ts";

/**
 * The statistics of a study in the order of the registry: those it names, or all that need nothing it lacks. The count of
 * people comes first and is always there, because nothing else can be judged without it.
 *
 * @throws ProError `CONFIG_STUDY` for a name that is unknown, or that needs a follow-up window.
 */
export function selectStatistics(
  study: Study,
  registry: readonly Statistic<unknown>[],
  channels: readonly Statistic<unknown>[] = [],
): { statistics: Statistic<unknown>[]; channels: Statistic<unknown>[] } {
  const refuse = (message: string, hint: string) =>
    new ProError("CONFIG_STUDY", message, {
      where: { file: study.file, pointer: "statistics" },
      hint,
    });
  const names = [...registry, ...channels].map(({ name }) => name);
  const unknown = study.statistics?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw refuse(`there is no statistic ${unknown}`, `known: ${names.join(", ")}`);
  }
  const hasFollowUp = study.windows.follow_up !== undefined;
  const lacking = registry.find(
    ({ name, needsFollowUp }) => needsFollowUp && !hasFollowUp && study.statistics?.includes(name),
  );
  if (lacking) {
    throw refuse(`${lacking.name} needs a follow-up window`, "add windows.follow_up to the study");
  }
  const isAsked = ({ name, needsFollowUp }: Statistic<unknown>) =>
    study.statistics?.includes(name) ?? (hasFollowUp || !needsFollowUp);
  return {
    statistics: registry.filter((one, index) => index === 0 || isAsked(one)),
    channels: channels.filter(isAsked),
  };
}
