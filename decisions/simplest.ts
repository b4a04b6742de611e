import type { Scored } from './leader.ts';

/** Which candidate a search takes, where that is not simply the best. */
export interface Choice {
  /** Index in the grid of the one that is taken. */
  candidate: number;
  /** Index of the one with the best mean. */
  best: number;
  /** Of the best one's mean, in units of the metric. */
  standardError: number;
  /** One sentence with the numbers. */
  reason: string;
}

interface Candidate extends Scored {
  learner: string;
  /** Over the folds, divided by their number (ddof 0). */
  std: number;
}

/**
 * The standard error of the mean of k scores: their deviation (ddof 1) over the root of k. It takes folds as
 * independent, which they are not, as they share rows to learn from: no estimate without bias exists (Bengio and
 * Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation", JMLR 5, 2004).
 *
 * @param std with ddof 0, as candidates have it
 * @param folds at least 2
 */
export function standardErrorOfMean(std: number, folds: number): number {
  return std / Math.sqrt(folds - 1);
}

/** A mean that is at least this good is within one standard error of the best. */
export function oneStandardErrorFrom(best: Candidate, folds: number, better: 'higher' | 'lower'): number {
  const error = standardErrorOfMean(best.std, folds);
  return better === 'higher' ? best.mean - error : best.mean + error;
}

/**
 * The simplest candidate within one standard error of the best (Breiman, Friedman, Olshen, Stone, "Classification and
 * regression trees", 1984, section 3.4.3). The simplest is the one that stands first in the grid: who writes a search
 * lists simple learners, and of each hyperparameter the values of simple models, first.
 *
 * @param first the first of the grid whose mean is at least as good as `oneStandardErrorFrom`; the best is one of those
 */
export function chooseSimplest(
  best: Candidate,
  first: Candidate,
  { metric, folds }: { metric: string; folds: number },
): Choice {
  const standardError = standardErrorOfMean(best.std, folds);
  const scored = ({ learner, index, mean }: Candidate): string =>
    `candidate ${index} (${learner}, ${metric} ${mean.toFixed(5)})`;
  const reason =
    first.index === best.index
      ? `The best, ${scored(best)}, is also the simplest within one standard error (${standardError.toFixed(5)}).`
      : `The simplest, ${scored(first)}, is within one standard error (${standardError.toFixed(5)}) of the best, ${scored(best)}.`;
  return { candidate: first.index, best: best.index, standardError, reason };
}
