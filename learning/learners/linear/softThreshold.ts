/** The number nearest to `value`, `by` nearer to 0: what an L1 penalty makes of a minimum without one. */
export function softThreshold(value: number, by: number): number {
  if (value > by) return value - by;
  return value < -by ? value + by : 0;
}
