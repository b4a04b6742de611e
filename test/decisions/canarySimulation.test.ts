import { describe, expect, test, vi } from 'vitest';
import * as cases from './canary/cases.ts';
import { naiveFails } from './canary/naive.ts';
import { judgeFails, play, quantile, shareOf, watch, type Study } from './canary/studies.ts';
import { same } from './canary/world.ts';

/**
 * What the verdict promises, on simulated traffic under continuous looks. Everything is seeded, so a test passes always or
 * never. The rollouts are the first of those in docs/canary.md, shorter; `npx tsx test/decisions/canary/report.ts` plays them all.
 */

// Half a minute of one core in all; a loaded machine may take ten times as long.
vi.setConfig({ testTimeout: 600_000 });

const sized = (study: Study, rollouts: number, requests: number, lookEvery = study.lookEvery): Study => ({
  ...study,
  rollouts,
  requests,
  lookEvery,
});
const everFailed = (first: readonly number[]): number => first.filter(Number.isFinite).length / first.length;

describe('a challenger that is no worse', () => {
  test('is rolled back in at most 1 % of 1,000 rollouts; a fixed-sample test under the same looks in more than 10 %', () => {
    const first = watch(sized(cases.equalAll, 1000, 8000), {
      judge: judgeFails,
      naive: (counts, policy) => naiveFails(counts, policy.alpha),
    });
    expect(first.judge).toHaveLength(1000);
    // Were the true rate just 1 %, 10 or fewer of 1,000 would come out with probability 58 %; at the 0.4 % of the long
    // simulation, with 99.7 %. By the seed it is always the same number.
    expect(everFailed(first.judge)).toBeLessThanOrEqual(0.01);
    expect(everFailed(first.naive)).toBeGreaterThan(0.1);
  });

  test('is not rolled back because heavy users fail wherever they go, which counting requests does', () => {
    const first = watch(sized(cases.heavyUsers, 300, 10_000, 500), {
      judge: judgeFails,
      byRequest: (counts, policy, traffic) => judgeFails({ ...counts, stages: traffic.byRequest }, policy),
    });
    expect(everFailed(first.judge)).toBeLessThanOrEqual(0.01);
    expect(everFailed(first.byRequest)).toBeGreaterThan(0.1);
  });

  test('is not rolled back because the same users fail in each of five stages, which counting them in each stage does', () => {
    const study = sized(cases.doomedUsers, 200, 40_000, 1000);
    const everyStage = { ...study, world: { ...study.world, everyStage: true } };
    expect(everFailed(watch(study, { judge: judgeFails }).judge)).toBeLessThanOrEqual(0.005);
    expect(everFailed(watch(everyStage, { judge: judgeFails }).judge)).toBeGreaterThan(0.01);
  });

  test('is not rolled back on late labels, and says nothing of accuracy before the first are due', () => {
    const study = sized(cases.lateLabels, 100, 16_000, 1000);
    const early = (counts: { elapsedMs: number; pairs?: { pairs: number } }) =>
      counts.elapsedMs < 100_000 && counts.pairs?.pairs !== 0;
    const first = watch(study, { judge: judgeFails, early });
    expect(everFailed(first.judge)).toBeLessThanOrEqual(0.01);
    expect(everFailed(first.early)).toBe(0);
  });

  test('is promoted, after a median of some 17,000 requests at 10 %', () => {
    const rollouts = play(sized(cases.promotion(0), 60, 80_000));
    expect(shareOf(rollouts, 'promote')).toBeGreaterThanOrEqual(0.95);
    expect(quantile(rollouts, 'promote', 0.5)).toBeLessThan(20_000);
  });

  test('is promoted on labels alone', () => {
    const rollouts = play(sized(cases.promotionByLabels(0.1, 0), 60, 40_000, 200));
    expect(shareOf(rollouts, 'promote')).toBeGreaterThanOrEqual(0.9);
    expect(quantile(rollouts, 'promote', 0.5, 'pairs')).toBeLessThan(8000);
  });
});

describe('a challenger that is worse is rolled back, in at least 90 % of rollouts', () => {
  test.each([
    { study: cases.twoPointsWorse, median: 6000 },
    { study: cases.twoPointsLate, median: 16_000 },
    { study: cases.fiveTimesErrors, median: 5000 },
    { study: cases.firstErrors, median: 4000 },
    { study: cases.fiveTimesSlow, median: 3000 },
  ])('$study.name, half of them within $median requests', ({ study, median }) => {
    const rollouts = play(sized(study, 100, 30_000, 200));
    expect(shareOf(rollouts, 'rollback')).toBeGreaterThanOrEqual(0.9);
    expect(quantile(rollouts, 'rollback', 0.5)).toBeLessThanOrEqual(median);
  });

  test('by the whole accepted bound: it is promoted in at most 5 %', () => {
    const bounds = [
      { champion: 0, challenger: 0.005 },
      { champion: 0.005, challenger: 0.01 },
      { champion: 0.02, challenger: 0.04 },
    ];
    for (const errors of bounds) {
      const study = sized(cases.atBound(errors), 100, 20_000, 400);
      expect(shareOf(play(study), 'promote')).toBeLessThanOrEqual(0.05);
    }
    expect(shareOf(play(sized(cases.rareDisagreement, 300, 10_000)), 'promote')).toBeLessThanOrEqual(0.05);
  });
});

describe('an experiment that is broken is held, never promoted', () => {
  test.each([
    cases.mismatch,
    { ...cases.mismatch, name: '8 % of the keys', world: { ...cases.mismatch.world, trueWeight: 0.08 } },
    cases.unequalLabels,
  ])('$name', (study) => {
    const rollouts = play(sized(study, 50, 40_000));
    expect(shareOf(rollouts, 'promote')).toBeLessThanOrEqual(0.02);
    expect(shareOf(rollouts, 'hold')).toBeGreaterThanOrEqual(0.95);
  });

  test('a sound one is hardly ever held', () => {
    const world = { ...cases.equalAll.world, errors: same(0) };
    const study = { ...sized(cases.equalAll, 200, 8000), world };
    expect(shareOf(play(study), 'hold')).toBeLessThanOrEqual(0.005);
  });
});
