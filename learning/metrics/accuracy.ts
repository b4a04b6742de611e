import type { Confusion } from './confusion.ts';
import type { Estimate } from './estimate.ts';

/** Share of rows whose class is right. */
export function accuracy({ classes, counts, total }: Confusion): Estimate {
  if (total === 0) return { value: undefined };
  let right = 0;
  for (let k = 0; k < classes; k++) right += counts[k * classes + k];
  const value = right / total;
  return { value, standardError: Math.sqrt((value * (1 - value)) / total) };
}

/**
 * Mean recall of the classes that have rows (as scikit-learn's balanced_accuracy_score, which leaves out the others too).
 * The standard error takes the rows of each class as given.
 */
export function balancedAccuracy({ classes, counts, actual }: Confusion): Estimate {
  let sum = 0;
  let variance = 0;
  let present = 0;
  for (let k = 0; k < classes; k++) {
    if (actual[k] === 0) continue;
    const recall = counts[k * classes + k] / actual[k];
    sum += recall;
    variance += (recall * (1 - recall)) / actual[k];
    present++;
  }
  if (present === 0) return { value: undefined };
  return { value: sum / present, standardError: Math.sqrt(variance) / present };
}
