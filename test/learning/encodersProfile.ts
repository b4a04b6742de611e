import type { ColumnProfile, ColumnType } from '../../decisions/profile.ts';

/** The profile of a column as `sources` computes it, from the values themselves. */
export function profileOf(
  name: string,
  type: ColumnType,
  values: readonly (number | string)[],
): ColumnProfile {
  const numbers = values.filter((value): value is number => typeof value === 'number');
  const there = values.filter((value) => value !== '' && !Number.isNaN(value));
  const counts = new Map<string, number>();
  for (const value of there) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const finite = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  return {
    name,
    type,
    sqlType: {
      number: 'DOUBLE',
      boolean: 'BOOLEAN',
      timestamp: 'TIMESTAMP',
      string: 'VARCHAR',
      other: 'BLOB',
    }[type],
    rows: values.length,
    missing: values.length - there.length,
    infinite: there.length - (type === 'string' ? there.length : finite.length),
    distinct: counts.size,
    ...(finite.length === 0
      ? {}
      : {
          mean,
          std: Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length),
          min: finite[0],
          max: finite[finite.length - 1],
          median: quantile(finite, 0.5),
          percentiles: Array.from({ length: 101 }, (_, k) => quantile(finite, k / 100)),
        }),
    top: [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, 1000),
  };
}

/** Linear interpolation between order statistics, numpy's default. */
function quantile(sorted: readonly number[], q: number): number {
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
}
