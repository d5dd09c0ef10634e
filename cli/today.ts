import { InvalidArgumentError, Option } from "commander";

/** `--today`: the day by which a run judges what lies in the future. */
export function todayOption(): Option {
  const today = new Date().toISOString().slice(0, 10);
  return new Option("--today <YYYY-MM-DD>", "the day by which the future is judged")
    .argParser(parseDay)
    .default(today, "today");
}

function parseDay(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
  if (!isDay) throw new InvalidArgumentError("It must be a day as YYYY-MM-DD, such as 2024-06-01.");
  return text;
}
