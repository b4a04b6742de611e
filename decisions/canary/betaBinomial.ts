import { logBetaPower, logBetaTails } from './beta.ts';

/**
 * Always-valid tests on who causes the bad events (Lindon and Malek, arXiv 2011.03567, with one-sided mixtures as in
 * Howard et al., arXiv 1810.08240). Among `n` keys that met a bad event, `x` were the challenger's; where the
 * challenger's rate is r times the champion's, such a key is the challenger's with probability
 * theta(r) = w r / (w r + 1 - w), whatever the rate itself is and however it moves. Each function gives the natural
 * logarithm of a mixture likelihood ratio, whose expectation is at most 1 under the null hypothesis at any moment that
 * the data choose: it exceeds 1/a ever with probability at most a (Ville).
 */

/** Evidence, ln E, that the challenger's rate of bad events is above the champion's. @param w its weight, 0 < w < 1 */
export function logWorse(x: number, n: number, w: number): number {
  return logMixture(x, n, w, w, 'upper');
}

/** Evidence, ln E, that the challenger's rate is below `ratio` times the champion's. */
export function logBelowRatio(x: number, n: number, w: number, ratio: number): number {
  return logMixture(x, n, w, (w * ratio) / (w * ratio + 1 - w), 'lower');
}

/** Evidence, ln E, that `x` of `n` keys is not what a coin of probability `w` gives, too many or too few. */
export function logUnfair(x: number, n: number, w: number): number {
  const { a, b } = prior(w, FAIR_STRENGTH);
  return logBetaPower(w, a, b) - logBetaPower(w, a + x, b + n - x);
}

/** ln of the mean of two e-values of the same null hypothesis, which is one too, however they depend on each other. */
export function logMean(a: number, b: number): number {
  const most = Math.max(a, b);
  return most + Math.log((Math.exp(a - most) + Math.exp(b - most)) / 2);
}

/** The prior counts as ten bad events that were shared as the keys are: wide enough for ratios from 0.2 to 8. */
const STRENGTH = 10;
/** Narrower, because a split of keys is known from far more of them: 11 % for 10 % is seen after 16,200 keys, not 18,200. */
const FAIR_STRENGTH = 100;

function prior(w: number, strength: number): { a: number; b: number } {
  return { a: strength * w, b: strength * (1 - w) };
}

function logMixture(x: number, n: number, w: number, theta: number, tail: 'lower' | 'upper'): number {
  const { a, b } = prior(w, STRENGTH);
  const likelihoods = logBetaPower(theta, a, b) - logBetaPower(theta, a + x, b + n - x);
  return likelihoods + logBetaTails(theta, a + x, b + n - x)[tail] - logBetaTails(theta, a, b)[tail];
}
