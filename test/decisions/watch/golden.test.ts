import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { benjaminiHochberg } from '../../../decisions/watch/benjaminiHochberg.ts';
import { chiSquared } from '../../../decisions/watch/chiSquared.ts';
import { compareNumbers } from '../../../decisions/watch/compareNumbers.ts';
import { estimateAccuracy, fitCalibration } from '../../../decisions/watch/estimatedQuality.ts';
import { fisher } from '../../../decisions/watch/fisher.ts';
import { upperGamma } from '../../../decisions/watch/gamma.ts';
import { kolmogorovTail } from '../../../decisions/watch/kolmogorov.ts';
import { fitScale } from '../../../decisions/watch/scale.ts';
import { draw, type SampleSpec } from './samples.ts';

/** The tests and distances of the watch are those of scipy (test/golden/drift.py). */

interface Golden {
  pairs: {
    reference: SampleSpec;
    window: SampleSpec;
    statistic: number;
    p: number;
    wasserstein: number;
    psi?: number;
    jensenShannon?: number;
  }[];
  tails: { n: number; d: number; p: number }[];
  gammas: { a: number; x: number; value: number }[];
  homogeneity: { reference: number[]; window: number[]; statistic: number; df: number; p: number }[];
  fishers: { table: [[number, number], [number, number]]; p: number }[];
  adjusted: { p: number[]; adjusted: number[] }[];
  isotonic: { confidence: number[]; correct: number[]; fitted: number[] }[];
  lines: { reference: SampleSpec; window: SampleSpec; slope: number; intercept: number; r2: number }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/drift.json', import.meta.url), 'utf8'),
) as Golden;

/** Relative; 0 where both are the same, also where scipy underflows. */
const apart = (ours: number, theirs: number): number =>
  Math.abs(ours - theirs) / Math.max(Math.abs(theirs), 1e-290);
const worst = <T>(cases: readonly T[], of: (one: T) => number): { of: T; apart: number } =>
  cases.map((one) => ({ of: one, apart: of(one) })).reduce((a, b) => (b.apart > a.apart ? b : a));

const compared = golden.pairs.map((pair) => ({
  ...pair,
  ours: compareNumbers(draw(pair.reference), draw(pair.window)),
}));

test('the statistic of two samples, ties and all', () => {
  const found = worst(compared, ({ ours, statistic }) => apart(ours.effect, statistic));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-12);
});

test('its p: exact up to 10,000 values, the finite-sample distribution above', () => {
  expect(golden.pairs.filter(({ p }) => p < 1e-6).length).toBeGreaterThan(5);
  const found = worst(compared, ({ ours, p }) => apart(ours.p, p));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-9);
});

test('the one-sample distribution, in every region', () => {
  expect(golden.tails.length).toBeGreaterThan(150);
  const found = worst(golden.tails, ({ n, d, p }) => apart(kolmogorovTail(n, d), p));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-9);
});

test('Wasserstein, PSI and Jensen-Shannon', () => {
  const found = worst(compared, ({ ours, ...their }) =>
    Math.max(
      // A distance of 0 is one that cancels.
      Math.abs((ours.wasserstein ?? NaN) - their.wasserstein) / Math.max(their.wasserstein, 1e-6),
      their.psi === undefined ? 0 : Math.abs((ours.psi ?? NaN) - their.psi) / Math.max(their.psi, 1e-6),
      // A root near 0 has half the digits.
      their.jensenShannon === undefined
        ? 0
        : Math.abs((ours.jensenShannon ?? NaN) - their.jensenShannon) / 100,
    ),
  );
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-9);
});

test('the incomplete gamma function', () => {
  const found = worst(golden.gammas, ({ a, x, value }) => apart(upperGamma(a, x), value));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-10);
});

test('homogeneity of two rows of counts', () => {
  for (const { reference, window, statistic, df, p } of golden.homogeneity) {
    const ours = chiSquared(reference, window);
    expect(ours.df).toBe(df);
    expect(apart(ours.statistic, statistic)).toBeLessThan(1e-11);
    expect(apart(ours.p, p)).toBeLessThan(1e-9);
  }
});

test("Fisher's exact test", () => {
  const found = worst(golden.fishers, ({ table, p }) => apart(fisher(table), p));
  expect(found.apart, JSON.stringify(found)).toBeLessThan(1e-9);
});

test('which p-values stand out', () => {
  for (const { p, adjusted } of golden.adjusted)
    for (const q of [0.001, 0.01, 0.05, 0.2, 0.7])
      expect(benjaminiHochberg(p, p.length, q)).toEqual(adjusted.map((value) => value <= q));
});

test('the calibration map, where every row is a bin', () => {
  for (const { confidence, correct, fitted } of golden.isotonic) {
    const map = fitCalibration(Float64Array.from(confidence), Uint8Array.from(correct));
    const ours = confidence.map((value) => estimateAccuracy(map, Float64Array.of(value)).accuracy);
    ours.forEach((value, i) => expect(value).toBeCloseTo(fitted[i], 12));
  }
});

test('deciles on a line', () => {
  for (const { reference, window, ...line } of golden.lines) {
    const ours = fitScale(draw(reference), draw(window));
    expect(ours?.slope).toBeCloseTo(line.slope, 10);
    expect(ours?.intercept).toBeCloseTo(line.intercept, 10);
    expect(ours?.r2).toBeCloseTo(line.r2, 12);
  }
});
