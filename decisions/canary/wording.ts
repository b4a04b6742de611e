/** A number for people: whole ones in full, others with three significant digits. In no locale, so that replays agree. */
export function plain(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e12)
    return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(2);
}

/** ` (1.2 %)`, or nothing where there is nothing to divide by. */
export function share(part: number, whole: number): string {
  return whole > 0 ? ` (${plain((100 * part) / whole)} %)` : '';
}

/** Evidence from its logarithm, cut where JSON and a reader have seen enough. */
export function evidenceOf(log: number): number {
  return log > 690 ? 1e300 : Math.exp(log);
}

/** `14 min`, `2.5 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${plain(ms)} ms`;
  if (ms < 120_000) return `${plain(ms / 1000)} s`;
  if (ms < 7_200_000) return `${plain(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${plain(ms / 3_600_000)} h`;
  return `${plain(ms / 86_400_000)} d`;
}
