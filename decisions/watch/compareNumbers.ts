import { countByDeciles, jensenShannon, psi, wasserstein } from './distances.ts';
import type { Shift } from './facts.ts';
import { kolmogorovSmirnov } from './kolmogorovSmirnov.ts';

/**
 * Two samples of numbers: the Kolmogorov-Smirnov test, and what is reported beside it (PSI and Jensen-Shannon over the
 * bins of the reference's deciles).
 *
 * @param reference ascending, without missing values (NaN)
 * @param window the same
 * @returns p 1 and effect 0 where one of them is empty: missing values are a matter of `ColumnFacts.missing`
 */
export function compareNumbers(reference: Float64Array, window: Float64Array): Shift {
  const { statistic, p } = kolmogorovSmirnov(reference, window);
  const bins = countByDeciles(reference, window);
  const distance = wasserstein(reference, window);
  return {
    test: 'ks',
    p,
    effect: statistic,
    psi: psi(bins.reference, bins.window),
    jensenShannon: jensenShannon(bins.reference, bins.window),
    // JSON has no infinity.
    ...(Number.isFinite(distance) && { wasserstein: distance }),
  };
}
