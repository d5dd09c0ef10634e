import { attribute, type CdaNode, find } from "./tree.ts";

const STAMP =
  /^(?<year>\d{4})(?<month>\d\d)?(?<day>\d\d)?(?<hour>\d\d)?(?<minute>\d\d)?(?<second>\d\d)?(?<fraction>\.\d+)?\s*(?<zone>Z|[+-]\d\d:?(?:\d\d)?)?$/;
/** Nine digits are a day and a slip of the keyboard: the day is stated, the rest is not readable. */
const DAY_AND_REST = /^(\d{8})\d{1,7}(?:[.+-].*)?$/;

/**
 * HL7 time stamp to ISO 8601 text of the same precision, the offset kept: `20150622` is `2015-06-22`,
 * `201506221430-0500` is `2015-06-22T14:30:00-05:00`. Null when it names no day of the calendar.
 */
export function stampToIso(stamp: string | null): string | null {
  if (stamp === null) return null;
  const parts = STAMP.exec(stamp)?.groups;
  if (parts === undefined) {
    const day = DAY_AND_REST.exec(stamp)?.[1];
    return day === undefined ? null : stampToIso(day);
  }
  const { year = "", month, day, hour, minute, second, fraction, zone } = parts;
  if (!isDay(year, month, day) || !isTime(hour, minute, second)) return null;
  const date = [year, month, day].filter(Boolean).join("-");
  if (hour === undefined) return date;
  // Seconds are written out because readers of ISO text expect them; a minute is exact at its start.
  const time = minute === undefined ? hour : `${hour}:${minute}:${second ?? "00"}${fraction ?? ""}`;
  return `${date}T${time}${offset(zone)}`;
}

function offset(zone: string | undefined): string {
  if (zone === undefined || zone === "Z") return zone ?? "";
  const digits = zone.slice(1).replace(":", "");
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2) || "00"}`;
}

function isDay(year: string, month = "01", day = "01"): boolean {
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return (
    year !== "0000" && !Number.isNaN(date.getTime()) && date.toISOString().slice(8, 10) === day
  );
}

function isTime(hour = "00", minute = "00", second = "00"): boolean {
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
}

/** What a `TS` or `IVL_TS` element states: its value, else where the interval starts, else where it ends. */
export function timeOf(node: CdaNode | undefined): string | null {
  return stampToIso(attribute(node, "value")) ?? startOf(node) ?? endOf(node);
}

export function startOf(node: CdaNode | undefined): string | null {
  return stampToIso(attribute(find(node, "low"), "value"));
}

export function endOf(node: CdaNode | undefined): string | null {
  return stampToIso(attribute(find(node, "high"), "value"));
}
