import { describe, expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { METRICS } from '../../learning/metrics/names.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import {
  begin,
  end,
  explainHopeless,
  isHopeless,
  mayBegin,
  type Standing,
  type StopRule,
} from '../../decisions/search/hopeless.ts';

/** Who is stopped early depends on nobody's speed, and never is it the one that wins. */

const FOLDS = 5;
const mean = (scores: readonly number[]): number => scores.reduce((a, b) => a + b, 0) / scores.length;

/** A search, candidates under way ending in an order that is drawn. @returns folds that each was scored with */
function run(scores: number[][], rule: StopRule, wide: number, seed: number): number[] {
  const random = new Random(seed);
  let standing: Standing = { begun: 0, ended: [] };
  const underWay: { number: number; toBeat?: number }[] = [];
  const folds: number[] = [];
  while (standing.begun < scores.length || underWay.length > 0) {
    if (standing.begun < scores.length && underWay.length < wide && mayBegin(standing, rule)) {
      const number = standing.begun;
      // As it is carried to another execution.
      standing = JSON.parse(JSON.stringify(begin(standing, rule))) as Standing;
      underWay.push({ number, toBeat: standing.toBeat });
      continue;
    }
    const [{ number, toBeat }] = underWay.splice(random.below(underWay.length), 1);
    const own = scores[number];
    let n = 1;
    const hopeless = () =>
      toBeat !== undefined && isHopeless(own.slice(0, n), { folds: FOLDS, toBeat, better: rule.better });
    while (n < FOLDS && !hopeless()) n++;
    folds[number] = n;
    standing = end(standing, number, n === FOLDS ? [mean(own)] : [], rule);
    expect(standing.ended.length).toBeLessThanOrEqual(rule.window);
  }
  return folds;
}

describe.each(['higher', 'lower'] as const)('%s is better:', (better) => {
  const random = new Random(9);
  const scores = Array.from({ length: 120 }, () => {
    const level = random.unit();
    return Array.from({ length: FOLDS }, () => Math.min(1, level + random.unit() / 20));
  });
  const best = (a: number, b: number) => (better === 'higher' ? Math.max(a, b) : Math.min(a, b));
  const winner = scores.map(mean).reduce(best);

  test.each([1, 3, 8])('with a window of %i the same are stopped, however many are under way', (window) => {
    const rule = { better, window };
    const one = run(scores, rule, 1, 1);
    for (let seed = 0; seed < 20; seed++)
      expect(run(scores, rule, 1 + (seed % window) + (seed > 10 ? 5 : 0), seed)).toEqual(one);
    expect(one.slice(0, window)).toEqual(scores.slice(0, window).map(() => FOLDS));
    expect(one.filter((n) => n < FOLDS).length).toBeGreaterThan(50);
    scores.forEach((own, i) => {
      if (mean(own) === winner) expect(one[i]).toBe(FOLDS);
    });
  });

  test('no mean that is still possible is better than the bound, to the last bit', () => {
    for (let n = 0; n < 5_000; n++) {
      const own = Array.from({ length: FOLDS }, () =>
        random.below(3) ? random.unit() : better === 'higher' ? 1 : 0,
      );
      // The mean itself is no hopeless one to come up to.
      for (let known = 0; known <= FOLDS; known++)
        expect(isHopeless(own.slice(0, known), { folds: FOLDS, toBeat: mean(own), better })).toBe(false);
    }
  });
});

test('a perfect answer has the perfect score of every metric', () => {
  for (const [classes, task] of [
    [2, 'binary'],
    [3, 'multiclass'],
    [1, 'regression'],
  ] as const) {
    const truth = Float64Array.from({ length: 30 }, (_, i) => i % (classes === 1 ? 7 : classes));
    const answers =
      classes === 1
        ? truth
        : Float64Array.from({ length: 30 * classes }, (_, at) =>
            Number(at % classes === truth[Math.floor(at / classes)]),
          );
    const metrics = computeMetrics(task, classes, classes === 2 ? 1 : undefined, truth, answers);
    for (const [name, { better, tasks }] of Object.entries(METRICS)) {
      if (!(tasks as readonly string[]).includes(task)) continue;
      const value = metrics[name as keyof typeof METRICS] ?? NaN;
      expect(value, name).toBeCloseTo(better === 'higher' ? 1 : 0, 12);
      expect(better === 'higher' ? value <= 1 : value >= 0, name).toBe(true);
    }
  }
  // Scores that all differ: the area of a perfect ranking is then a sum of many terms.
  for (let positives = 1; positives < 60; positives++) {
    const truth = Float64Array.from({ length: 2 * positives }, (_, i) => Number(i < positives));
    const answers = Float64Array.from(truth, (_, i) => 1 - (i + 1) / (3 * positives));
    const both = Float64Array.from({ length: 4 * positives }, (_, at) =>
      at % 2 ? answers[at >> 1] : 1 - answers[at >> 1],
    );
    expect(computeMetrics('binary', 2, 1, truth, both).prAuc).toBeLessThanOrEqual(1);
  }
});

test('without a finite score nothing is said, and it is said why', () => {
  expect(isHopeless([NaN], { folds: 3, toBeat: 0.9, better: 'higher' })).toBe(false);
  expect(isHopeless([Infinity], { folds: 3, toBeat: 0.9, better: 'lower' })).toBe(false);
  expect(isHopeless([0.5, 0.5, 0.5], { folds: 3, toBeat: 0.9, better: 'higher' }), 'all folds').toBe(false);
  expect(explainHopeless([0.5], { folds: 3, toBeat: 0.9, better: 'higher', metric: 'accuracy' })).toBe(
    'after 1 of 3 folds: with perfect scores on the others its accuracy would be 0.83333, and an earlier candidate has 0.90000',
  );
});
