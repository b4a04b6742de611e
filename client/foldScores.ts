import { standardErrorOfMean } from '../decisions/simplest.ts';
import type { CandidateRow } from '../store/types.ts';

/** What the folds of a candidate say of one metric. */
export interface FoldScore {
  mean: number;
  /** Of the mean, the folds taken as independent. */
  standardError: number;
}

/** Null where a fold's rows do not determine the metric, or it is not finite there: a mean over the others would be of other rows. */
export function foldScore(folds: CandidateRow['folds'], metric: string): FoldScore | null {
  const values = folds?.map((fold) => fold[metric]) ?? [];
  if (values.length < 2 || !values.every((value) => Number.isFinite(value))) return null;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return { mean, standardError: standardErrorOfMean(std, values.length) };
}
