/** One score a fold, seed by seed: [seed][fold]. */
export type FoldScores = readonly (readonly number[])[];

export interface Comparison {
  /** Means over seeds and folds. */
  ours: number;
  theirs: number;
  /** Standard error of either mean, the folds taken as independent: the deviation (ddof 1) of the scores by their root. */
  oursError: number;
  theirsError: number;
  /** By how much ours is better; negative where it is worse. */
  gain: number;
  /** Standard error of the gain, paired by fold. */
  gainError: number;
  verdict: 'better' | 'within' | 'short';
}

/**
 * The rule, which is older than the scores (docs/learners.md): a learner holds its peer where the mean of its scores over
 * seeds and folds is worse by no more than one standard error of the peer's mean. Folds of several seeds share rows, so
 * that error is rather too small and the rule rather too strict.
 *
 * @param theirs of at least as many seeds; the means are over those that `ours` has, the deviation of theirs over all
 */
export function compareScores(ours: FoldScores, theirs: FoldScores, better: 'higher' | 'lower'): Comparison {
  const own = ours.flat();
  const same = theirs.slice(0, ours.length).flat();
  const sign = better === 'higher' ? 1 : -1;
  const gains = own.map((score, i) => sign * (score - same[i]));
  const gain = meanOf(gains);
  const root = Math.sqrt(own.length);
  const theirsError = deviationOf(theirs.flat()) / root;
  return {
    ours: meanOf(own),
    theirs: meanOf(same),
    oursError: deviationOf(own) / root,
    theirsError,
    gain,
    gainError: deviationOf(gains) / root,
    verdict: gain >= 0 ? 'better' : gain >= -theirsError ? 'within' : 'short',
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
