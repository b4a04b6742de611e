/**
 * Early stopping of hopeless candidates: one ends when even perfect scores on the folds that are left would leave its mean
 * behind one that an earlier candidate has. Who wins is the same as without, to the bit; what is lost are whole scores of
 * losers.
 *
 * Candidates (or families of them) are numbered as they begin, and number n is held against the best of 0 to n - window
 * alone, which have ended by then. So where each of them stops depends on no clock and not on how many are under way.
 */
export interface StopRule {
  /** Of the metric. */
  better: 'higher' | 'lower';
  /** At most so many are under way, the results of which are not looked at. */
  window: number;
}

/** What is known when the next one begins; plain data, to be carried on. */
export interface Standing {
  /** How many have begun. */
  begun: number;
  /** The best mean of numbers 0 to begun - 1 - window; absent: none of them has one. */
  toBeat?: number;
  /** Later ones that have ended; without a mean: they have no score. */
  ended: { number: number; mean?: number }[];
}

/** Whether the next one may begin, or has to wait for the one a window before it. */
export function mayBegin({ begun, ended }: Standing, { window }: StopRule): boolean {
  return begun < window || ended.some(({ number }) => number === begun - window);
}

/** The next one begins: its number is `begun` before, its `toBeat` that of the result. */
export function begin({ begun, toBeat, ended }: Standing, rule: StopRule): Standing {
  const mean = ended.find(({ number }) => number === begun - rule.window)?.mean;
  return {
    begun: begun + 1,
    ...known(mean === undefined ? toBeat : betterOf(toBeat, mean, rule)),
    ended: ended.filter(({ number }) => number > begun - rule.window),
  };
}

/** @param means of the candidates that it was, as far as they have whole ones */
export function end(standing: Standing, number: number, means: readonly number[], rule: StopRule): Standing {
  const best = means.reduce<number | undefined>((a, b) => betterOf(a, b, rule), undefined);
  const own = best === undefined ? { number } : { number, mean: best };
  return { ...standing, ended: [...standing.ended, own] };
}

/**
 * Whether a candidate cannot come up to `toBeat` any more. Sums are taken in the order in which a mean takes them, and
 * rounding keeps the order of sums, so no mean that the candidate might have had is better than the one compared.
 *
 * @param scores of the first folds, in order
 */
export function isHopeless(
  scores: readonly number[],
  { folds, toBeat, better }: { folds: number; toBeat: number; better: StopRule['better'] },
): boolean {
  if (scores.length >= folds || !scores.every(Number.isFinite)) return false;
  const bound = possibleMean(scores, folds, better);
  return better === 'higher' ? bound < toBeat : bound > toBeat;
}

/** Why a candidate was stopped, for people. */
export function explainHopeless(
  scores: readonly number[],
  {
    folds,
    toBeat,
    better,
    metric,
  }: { folds: number; toBeat: number; better: StopRule['better']; metric: string },
): string {
  const bound = possibleMean(scores, folds, better).toPrecision(5);
  return `after ${scores.length} of ${folds} folds: with perfect scores on the others its ${metric} would be ${bound}, and an earlier candidate has ${toBeat.toPrecision(5)}`;
}

/** The mean over all folds if those that are left were perfect: 1 of every metric that rises, 0 of every error. */
function possibleMean(scores: readonly number[], folds: number, better: StopRule['better']): number {
  let sum = 0;
  for (let fold = 0; fold < folds; fold++) sum += scores[fold] ?? (better === 'higher' ? 1 : 0);
  return sum / folds;
}

function betterOf(a: number | undefined, b: number, { better }: StopRule): number {
  if (a === undefined) return b;
  return better === 'higher' ? Math.max(a, b) : Math.min(a, b);
}

function known(toBeat: number | undefined): Pick<Standing, 'toBeat'> {
  return toBeat === undefined ? {} : { toBeat };
}
