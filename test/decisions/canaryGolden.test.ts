import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { logBeta, logBetaPower, logBetaTails } from '../../decisions/canary/beta.ts';
import { logBelowRatio, logUnfair, logWorse } from '../../decisions/canary/betaBinomial.ts';
import { pairedHalfWidth } from '../../decisions/canary/pairedBound.ts';
import { logWithinMargins, type TwoRates } from '../../decisions/canary/twoRates.ts';

/** The verdict's numbers are those of mpmath, scipy and confseq (test/golden/canary.py). */

interface Golden {
  tails: { x: number; a: number; b: number; lower: number; upper: number }[];
  logBetas: { a: number; b: number; value: number }[];
  worse: Split[];
  below: (Split & { ratio: number })[];
  unfair: Split[];
  margins: { stages: TwoRates[]; ratio: number; margin: number; value: number }[];
  halfWidths: { deviation: number; pairs: number; alpha: number; value: number }[];
}

interface Split {
  x: number;
  n: number;
  weight: number;
  value: number;
}

const golden = JSON.parse(readFileSync(new URL('../golden/canary.json', import.meta.url), 'utf8')) as Golden;

/** Relative above 1, absolute below: a logarithm of 0.001 need not have ten digits. */
const apart = (ours: number, theirs: number): number =>
  Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
const worst = <T>(cases: readonly T[], of: (one: T) => number): { of: T; apart: number } =>
  cases.map((one) => ({ of: one, apart: of(one) })).reduce((a, b) => (b.apart > a.apart ? b : a));

test('both tails of the beta distribution, to e^-100,000', () => {
  expect(golden.tails.length).toBeGreaterThan(60);
  expect(Math.min(...golden.tails.map(({ lower, upper }) => Math.min(lower, upper)))).toBeLessThan(-10_000);
  const found = worst(golden.tails, ({ x, a, b, lower, upper }) => {
    const ours = logBetaTails(x, a, b);
    return Math.max(apart(ours.lower, lower), apart(ours.upper, upper));
  });
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-10);
});

test('the beta function', () => {
  const found = worst(golden.logBetas, ({ a, b, value }) => apart(logBeta(a, b), value));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-13);
});

test('evidence that the challenger is worse, as confseq has it', () => {
  const found = worst(golden.worse, ({ x, n, weight, value }) => apart(logWorse(x, n, weight), value));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-10);
});

test('evidence that it is below a ratio, as integrated by mpmath', () => {
  const found = worst(golden.below, ({ x, n, weight, ratio, value }) =>
    apart(logBelowRatio(x, n, weight, ratio), value),
  );
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-10);
});

test('evidence that a split is unfair, as beta-binomial over binomial probability', () => {
  const found = worst(golden.unfair, ({ x, n, weight, value }) => apart(logUnfair(x, n, weight), value));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-10);
});

test('evidence for the margins, with projections that scipy minimises', () => {
  const found = worst(golden.margins, ({ stages, ratio, margin, value }) =>
    apart(logWithinMargins(stages, ratio, margin), value),
  );
  // The minimiser stops at a relative 1e-8 of the divergence.
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-6);
});

test('the half-width of the paired interval', () => {
  const found = worst(golden.halfWidths, ({ deviation, pairs, alpha, value }) =>
    apart(pairedHalfWidth(deviation, pairs, alpha), value),
  );
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-13);
});

describe('counts of any size', () => {
  const sizes = [0, 1, 7, 1000, 1e7, 1e9];
  const weights = [0.001, 0.1, 0.5, 0.999];

  test('give finite evidence', () => {
    const logs = weights.flatMap((weight) =>
      sizes.flatMap((n) =>
        [0, 0.1, 1 / 3, 1].flatMap((share) => {
          const x = Math.round(n * share);
          const rates = {
            weight,
            championKeys: 1e9,
            championBad: n - x,
            challengerKeys: 1e9,
            challengerBad: x,
          };
          return [
            logWorse(x, n, weight),
            logBelowRatio(x, n, weight, 2),
            logBelowRatio(x, n, weight, 100),
            logUnfair(x, n, weight),
            logWithinMargins([rates, rates], 2, 0.005),
            logWithinMargins([rates], 100, 0.9),
          ];
        }),
      ),
    );
    expect(logs.filter((log) => !Number.isFinite(log))).toEqual([]);
  });

  test('cost a continued fraction of some milliseconds', () => {
    // The slowest place, at the mean of a billion counts: both tails near a half.
    const { lower, upper } = logBetaTails(0.1, 1e8, 9e8);
    expect(Math.exp(lower) + Math.exp(upper)).toBeCloseTo(1, 9);
    expect(Math.exp(lower)).toBeCloseTo(0.5, 4);
  });
});

test('no events are no evidence', () => {
  expect([logWorse(0, 0, 0.1), logBelowRatio(0, 0, 0.1, 2), logUnfair(0, 0, 0.1)]).toEqual([0, 0, 0]);
  expect(logWithinMargins([], 2, 0.005)).toBeCloseTo(0, 12);
  expect(logBetaPower(0.5, 1, 1)).toBeCloseTo(Math.log(0.25), 14);
});
