import type { Problem } from '../../types.ts';
import type { CategoryShares } from './model.ts';

/**
 * The shares of the categories of one column among the rows of each class that have one, as if every category had been
 * seen `smoothing` times more in each of them (Laplace; scikit-learn's CategoricalNB, whose alpha it is).
 *
 * @param count of categories
 */
export function sharesOf(
  { x, y, columns, classes, train }: Problem,
  column: number,
  count: number,
  smoothing: number,
  weights?: Float64Array,
): CategoryShares {
  const sums = new Float64Array(count * classes);
  const totals = new Float64Array(classes);
  const present = new Uint8Array(classes);
  for (const row of train) {
    present[y[row]] = 1;
    const category = x[row * columns + column];
    if (category === 0) continue;
    const weight = weights ? weights[row] : 1;
    sums[(category - 1) * classes + y[row]] += weight;
    totals[y[row]] += weight;
  }
  const logs = sums.map((sum, i) => {
    const k = i % classes;
    return present[k] === 1 ? Math.log((sum + smoothing) / (totals[k] + smoothing * count)) : 0;
  });
  return { column, logs };
}
