/** A calendar day as the number of days since 1970-01-01. */
export type Day = number;

const DAY_MS = 86_400_000;

export function dayOf(iso: string): Day {
  return Date.parse(`${iso}T00:00:00Z`) / DAY_MS;
}

/** `2024-03-09` */
export function isoDate(day: Day): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** `09:05` */
export function clock(minute: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** `2024-03-09T09:05:00-06:00`, in the time of the network's region. */
export function isoTime(day: Day, minute: number): string {
  return `${isoDate(day)}T${clock(minute)}:00${offset(day)}`;
}

/** HL7 v3 timestamp: `202403090905-0600`. */
export function hl7Time(day: Day, minute: number): string {
  return `${hl7Date(day)}${clock(minute)}${offset(day)}`.replaceAll(":", "");
}

/** HL7 v3 date: `20240309`. */
export function hl7Date(day: Day): string {
  return isoDate(day).replaceAll("-", "");
}

/** The day itself, or the Monday after a weekend. */
export function workday(day: Day): Day {
  const weekday = (day + 4) % 7; // 1970-01-01 was a Thursday; Sunday is 0
  if (weekday === 0) return day + 1;
  return weekday === 6 ? day + 2 : day;
}

/**
 * US Central Time, by the rule of the Energy Policy Act of 2005: daylight saving from the second Sunday of March to the first of November.
 * The platform's time zone data are left alone, so that the bytes do not depend on them.
 */
function offset(day: Day): string {
  const year = isoDate(day).slice(0, 4);
  const summer = day >= sunday(dayOf(`${year}-03-08`)) && day < sunday(dayOf(`${year}-11-01`));
  return summer ? "-05:00" : "-06:00";
}

/** The first Sunday at or after a day. */
function sunday(day: Day): Day {
  return day + ((7 - ((day + 4) % 7)) % 7);
}
