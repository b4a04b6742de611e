/**
 * A quantile by linear interpolation (numpy's default).
 *
 * @param sorted ascending, not empty
 * @param share 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  const between = low + (high - low) * (position - below);
  // Beside an infinity there is no line.
  return Number.isFinite(between) ? between : low;
}

/** The nine deciles, 10 % to 90 %. @param sorted ascending, not empty */
export function deciles(sorted: ArrayLike<number>): number[] {
  return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((share) => quantile(sorted, share));
}
