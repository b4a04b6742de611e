/**
 * A time written in ISO 8601: a date (UTC), or a date and a time of day with `T` or a space between, seconds and their
 * fraction optional, then `Z`, an offset, or nothing, which is UTC as in DuckDB. Years beyond 9999 have a sign and six
 * digits, as JavaScript writes them. Date.parse takes much more ("5", "03/04/2021", 30 February) and means the zone of
 * the machine where none is written.
 *
 * @returns epoch milliseconds, what is finer cut off; undefined where the text is anything else or a day that never was
 */
export function parseTime(text: string): number | undefined {
  const groups = ISO_8601.exec(text)?.groups;
  if (!groups) return undefined;
  const { year, fraction = '', sign, zone } = groups;
  const [month, day, hour, minute, second] = ['month', 'day', 'hour', 'minute', 'second'].map((part) =>
    Number(groups[part] ?? 0),
  );
  const [zoneHour, zoneMinute] = ['zoneHour', 'zoneMinute'].map((part) => Number(groups[part] ?? 0));
  const millisecond = Number(fraction.slice(0, 3).padEnd(3, '0'));
  // 24:00 is the end of the day, and nothing is after it.
  const isLate = hour > 24 || (hour === 24 && minute + second + Number(fraction) > 0);
  if (year === '-000000' || isLate || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59)
    return undefined;
  // Not by Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second, millisecond);
  const offset = zone === undefined ? 0 : (sign === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60_000;
  const ms = date.getTime() - offset;
  return Math.abs(ms) <= MAX_DATE_MS ? ms : undefined;
}

const MAX_DATE_MS = 8.64e15;

const ISO_8601 =
  /^(?<year>\d{4}|[+-]\d{6})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d+))?)?(?<zone>Z|(?<sign>[+-])(?<zoneHour>\d\d)(?::?(?<zoneMinute>\d\d))?)?)?$/i;
