/**
 * A quantile by linear interpolation, bit for bit as numpy's default method, so that bins cut at it agree with
 * scikit-learn's where values are tied.
 *
 * @param sorted ascending, at least one value
 * @param q 0..1
 */
export function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const a = sorted[low];
  const b = sorted[Math.min(low + 1, sorted.length - 1)];
  const t = position - low;
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}
