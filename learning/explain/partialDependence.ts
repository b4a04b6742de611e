import { quantile } from '../metrics/quantile.ts';

/**
 * Partial dependence (Friedman, "Greedy function approximation", Annals of Statistics 29, 2001) with its spread over the
 * rows (individual conditional expectation; Goldstein et al., JCGS 2015): what a model answers on average where a column
 * is set to a value in all rows. Where columns move together it asks about rows that do not occur.
 */
export interface PartialDependence {
  column: string;
  /** Ascending numbers, or texts by falling frequency; '' is a missing text. */
  grid: (number | string)[];
  /** By answer (a class of several, the positive class, the value), at each value of the grid. */
  answers: { mean: number[]; /** 10th and 90th percentile of the rows */ low: number[]; high: number[] }[];
}

/** Values to ask about: at most `most`, numbers at even quantiles of those that occur, texts the most frequent ones. */
export function gridOf(values: Float64Array | readonly string[], most: number): (number | string)[] {
  if (values instanceof Float64Array) {
    const there = values.filter((value) => Number.isFinite(value)).sort();
    const distinct = [...new Set(there)];
    if (distinct.length <= most) return distinct;
    const at = (i: number) => there[Math.round((i * (there.length - 1)) / (most - 1))];
    return [...new Set(Array.from({ length: most }, (_, i) => at(i)))];
  }
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, most)
    .map(([value]) => value);
}

/**
 * @param predictions [grid][rows, width], at least one row
 * @param shown which of a row's `width` answers are told
 */
export function summariseCurves(
  predictions: readonly Float64Array[],
  width: number,
  shown: readonly number[],
): PartialDependence['answers'] {
  return shown.map((k) => {
    const curves = predictions.map((all) => all.filter((_, i) => i % width === k).sort());
    return {
      mean: curves.map((values) => values.reduce((a, b) => a + b, 0) / values.length),
      low: curves.map((values) => quantile(values, 0.1)),
      high: curves.map((values) => quantile(values, 0.9)),
    };
  });
}
