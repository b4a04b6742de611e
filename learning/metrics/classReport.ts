import type { Confusion } from './confusion.ts';

export interface ClassScores {
  precision: number;
  recall: number;
  f1: number;
  /** Rows of that class. */
  support: number;
}

export interface ClassReport {
  /** By class index; every class of the model, also those without a row. */
  perClass: ClassScores[];
  /** Plain mean over the classes. */
  macro: ClassScores;
  /** Mean weighted by support. */
  weighted: ClassScores;
}

/**
 * Precision, recall, F1 and support, as scikit-learn's
 * `classification_report(labels=range(classes), zero_division=0)`: a share of nothing counts as 0.
 */
export function classReport({ classes, counts, actual, predicted }: Confusion): ClassReport {
  const perClass = Array.from({ length: classes }, (_, k): ClassScores => {
    const right = counts[k * classes + k];
    return {
      precision: share(right, predicted[k]),
      recall: share(right, actual[k]),
      f1: share(2 * right, predicted[k] + actual[k]),
      support: actual[k],
    };
  });
  return {
    perClass,
    macro: average(perClass, () => 1),
    weighted: average(perClass, (scores) => scores.support),
  };
}

function average(perClass: ClassScores[], weightOf: (scores: ClassScores) => number): ClassScores {
  const sum: ClassScores = { precision: 0, recall: 0, f1: 0, support: 0 };
  let weights = 0;
  for (const scores of perClass) {
    const weight = weightOf(scores);
    weights += weight;
    sum.precision += weight * scores.precision;
    sum.recall += weight * scores.recall;
    sum.f1 += weight * scores.f1;
    sum.support += scores.support;
  }
  const { precision, recall, f1, support } = sum;
  return {
    precision: share(precision, weights),
    recall: share(recall, weights),
    f1: share(f1, weights),
    support,
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
