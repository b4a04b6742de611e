import { chiSquaredTail } from './gamma.ts';

export interface ChiSquared {
  statistic: number;
  df: number;
  p: number;
}

/**
 * Pearson's test of homogeneity: whether two rows of counts come from the same distribution, both of them with sampling
 * error. (Goodness of fit takes the reference for the truth and alarms on 37 % of clean windows of 500.) Equal to
 * `scipy.stats.chi2_contingency` without Yates' correction, which is for tables that `compareCategories` gives to Fisher.
 *
 * @param reference counts by category
 * @param window counts of the same categories
 * @returns p 1 with 0 degrees of freedom where there is nothing to compare: an empty row, fewer than two categories
 */
export function chiSquared(reference: readonly number[], window: readonly number[]): ChiSquared {
  const [m, n] = [sum(reference), sum(window)];
  const used = reference.map((count, i) => [count, window[i]]).filter(([a, b]) => a + b > 0);
  const df = used.length - 1;
  if (m === 0 || n === 0 || df < 1) return { statistic: 0, df: 0, p: 1 };
  const statistic = used.reduce((total, [a, b]) => {
    // Both cells of a column miss what is expected by the same number.
    const expected = ((a + b) * m) / (m + n);
    return total + (a - expected) ** 2 * (1 / expected + 1 / (a + b - expected));
  }, 0);
  return { statistic, df, p: chiSquaredTail(statistic, df) };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
