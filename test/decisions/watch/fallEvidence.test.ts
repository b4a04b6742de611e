import { describe, expect, test, vi } from 'vitest';
import { addToEvidence, judgeFall, type FallEvidence } from '../../../decisions/watch/fallEvidence.ts';
import type { RealisedQuality } from '../../../decisions/watch/facts.ts';
import { judgeWatch } from '../../../decisions/watch/judgeWatch.ts';
import { judgeWindow } from '../../../decisions/watch/judgeWindow.ts';
import type { WatchPolicy } from '../../../decisions/watch/policy.ts';
import type { WindowVerdict } from '../../../decisions/watch/verdict.ts';
import { Random } from '../../../learning/rng.ts';
import { factsOf, policyOf } from './samples.ts';

/** How often the evidence of a fall is wrong, and how soon it is there. Everything is seeded. */

vi.setConfig({ testTimeout: 120_000 });

const policy = policyOf();
type Draw = (random: Random) => number;
const errors =
  (rate: number): Draw =>
  (random) =>
    Number(random.unit() < rate);
/** Skewed, as absolute errors are: of mean and standard deviation `mean`. */
const skewed =
  (mean: number): Draw =>
  (random) =>
    -mean * Math.log(1 - random.unit());

function moments(values: readonly number[]): { rows: number; mean: number; sd: number } {
  const rows = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / rows;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { rows, mean, sd: Math.sqrt(squares / Math.max(1, rows - 1)) };
}

function sample(random: Random, draw: Draw, rows: number): ReturnType<typeof moments> {
  return moments(Array.from({ length: rows }, () => draw(random)));
}

const realised = (now: RealisedQuality['reference'], reference: RealisedQuality['reference']) =>
  ({ loss: 'zeroOne', ...now, reference }) satisfies RealisedQuality;

/** Windows until the evidence says so; `most` where it does not. */
function untilFall(
  random: Random,
  { was, is, rows, held, most }: { was: Draw; is: Draw; rows: number; held: number; most: number },
  by: WatchPolicy = policy,
): number {
  const reference = sample(random, was, held);
  let evidence: FallEvidence | undefined;
  for (let window = 1; window < most; window++) {
    evidence = addToEvidence(evidence, realised(sample(random, is, rows), reference), by);
    if (evidence && judgeFall(evidence, by).fell) return window;
  }
  return most;
}

function times(runs: number, seed: number, world: Parameters<typeof untilFall>[1], by = policy): number[] {
  const random = new Random(seed);
  return Array.from({ length: runs }, () => untilFall(random, world, by));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const within = (windows: number, values: readonly number[]) =>
  values.filter((value) => value <= windows).length / values.length;

describe('while quality is as on the hold-out', () => {
  test.each([
    { name: 'errors', was: errors(0.15), margin: 0.02, most: 0 },
    { name: 'rare errors', was: errors(0.01), margin: 0.02, most: 0 },
    { name: 'skewed absolute errors', was: skewed(20), margin: 2, most: 0 },
    // The hold-out's own error is all that stands between.
    { name: 'skewed errors that are allowed next to nothing', was: skewed(20), margin: 1e-6, most: 0.03 },
  ])('100 windows raise an alarm in at most $most of 100 runs: $name', ({ was, margin, most }) => {
    const world = { was, is: was, rows: 200, held: 2000, most: 101 };
    const found = times(100, 11, world, policyOf({ quality: { margin } }));
    expect(within(100, found)).toBeLessThanOrEqual(most);
  });

  test('100 windows drawn from the hold-out itself raise at most one alarm', () => {
    const random = new Random(3);
    const held = Array.from({ length: 1000 }, () => errors(0.2)(random));
    const reference = moments(held);
    let evidence: FallEvidence | undefined;
    let alarms = 0;
    let alarmed = false;
    for (let window = 0; window < 100; window++) {
      const now = sample(random, (by) => held[by.below(held.length)], 300);
      evidence = addToEvidence(evidence, realised(now, reference), policy);
      const fell = evidence !== undefined && judgeFall(evidence, policy).fell;
      if (fell && !alarmed) alarms++;
      alarmed = fell;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });
});

describe('at the very edge, worse by the margin and no more', () => {
  // The hold-out is so large that its own error, which the bound allows for, is nothing.
  const edge = { rows: 200, held: 200_000, most: 500 };
  test.each([
    { name: 'errors', was: errors(0.15), is: errors(0.17), margin: 0.02 },
    { name: 'skewed absolute errors', was: skewed(20), is: skewed(22), margin: 2 },
  ])('an alarm takes 1 / alpha windows at the least, on average: $name', ({ was, is, margin }) => {
    for (const alpha of [0.01, 0.05]) {
      const found = times(20, 5, { ...edge, was, is }, policyOf({ quality: { margin, alpha } }));
      expect(mean(found)).toBeGreaterThan(1 / alpha);
    }
  });
});

describe('a fall', () => {
  const small = { was: errors(0.15), is: errors(0.22), rows: 200, held: 2000, most: 100 };

  test('that two windows of three often miss is found within 20 windows in most runs', () => {
    const found = times(100, 7, small);
    expect(within(20, found)).toBeGreaterThan(0.85);
    expect(within(99, found)).toBe(1);
    // By the windows' own tests, of which two of three have to fall.
    const random = new Random(7);
    const counted = Array.from({ length: 100 }, () => {
      const reference = sample(random, small.was, small.held);
      const verdicts: WindowVerdict[] = [];
      for (let window = 1; window <= 20; window++) {
        const now = realised(sample(random, small.is, small.rows), reference);
        verdicts.push(judgeWindow(factsOf({ realised: now }), policy));
        if (judgeWatch(verdicts, policy).fall) return window;
      }
      return Infinity;
    });
    expect(within(20, counted)).toBeLessThan(0.65);
  });

  test('that is large is found within 4 windows, and never by one alone', () => {
    const found = times(100, 9, { ...small, is: errors(0.35) });
    expect(within(4, found)).toBe(1);
    expect(within(1, found)).toBe(0);
    expect(within(1, times(100, 9, { ...small, is: errors(1) }))).toBe(0);
  });

  test('is found although no window has labels enough to be judged by itself', () => {
    const few = { ...small, is: errors(0.35), rows: 25 };
    const found = times(50, 13, few);
    // 8 windows make a stretch of 200.
    expect(found.every((windows) => windows === 100 || windows % 8 === 0)).toBe(true);
    expect(within(32, found)).toBe(1);
  });

  test('that is over is soon not told of any more, however long it lasted', () => {
    const reference = { rows: 2000, mean: 0.15, sd: 0.357 };
    const now = (level: number) => realised({ rows: 300, mean: level, sd: 0.4 }, reference);
    let evidence: FallEvidence | undefined;
    for (let window = 0; window < 200; window++) evidence = addToEvidence(evidence, now(0.4), policy);
    expect(evidence && judgeFall(evidence, policy).fell).toBe(true);
    let windows = 0;
    while (evidence && judgeFall(evidence, policy).fell) {
      evidence = addToEvidence(evidence, now(0.15), policy);
      windows++;
    }
    expect(windows).toBeLessThan(15);
  });
});

test('labels of several windows are put together as if they had come in one', () => {
  const random = new Random(21);
  const rows = Array.from({ length: 210 }, () => skewed(3)(random));
  const reference = { rows: 900, mean: 2, sd: 2 };
  const at = (from: number, to: number) => realised(moments(rows.slice(from, to)), reference);
  const whole = addToEvidence(undefined, at(0, 210), policy);
  const parts = [at(0, 1), at(1, 80), at(80, 199), at(199, 210)].reduce<FallEvidence | undefined>(
    (evidence, part) => addToEvidence(evidence, part, policy),
    undefined,
  );
  expect(parts).toMatchObject({ rows: 210, stretches: 1 });
  parts?.sums.forEach((sum, i) => expect(sum).toBeCloseTo(whole?.sums[i] ?? NaN, 9));
});

test('a window without labels adds nothing, and one that is broken says nothing', () => {
  const evidence = addToEvidence(
    undefined,
    realised({ rows: 300, mean: 0.4, sd: 0.5 }, { rows: 500, mean: 0.1, sd: 0.3 }),
    policy,
  );
  expect(addToEvidence(evidence, undefined, policy)).toBe(evidence);
  expect(addToEvidence(undefined, undefined, policy)).toBeUndefined();
});

test('where no loss differs from another it is certain either way, in numbers that JSON can hold', () => {
  for (const level of [0, 1]) {
    const now = realised({ rows: 300, mean: level, sd: 0 }, { rows: 500, mean: 0, sd: 0 });
    let evidence: FallEvidence | undefined;
    for (let window = 0; window < 3; window++) evidence = addToEvidence(evidence, now, policy);
    expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
    expect(evidence && judgeFall(evidence, policy).fell).toBe(level === 1);
  }
});

describe('the watch', () => {
  const verdict = (over: Partial<WindowVerdict>): WindowVerdict => ({
    ...judgeWindow(factsOf(), policy),
    ...over,
  });
  const fallen: FallEvidence = { rows: 900, stretches: 4, sums: [10, 90, 300] };
  const little: FallEvidence = { rows: 900, stretches: 4, sums: [1, 2, 3] };

  test('goes by the evidence, and says its numbers', () => {
    const signal = judgeWatch([verdict({ quality: 'holds' })], policy, fallen);
    expect(signal.fall).toBe(true);
    expect(signal.reason).toContain(
      'Evidence of a fall by 900 labels since its first window, in 4 stretches: 133, of 100 that are needed.',
    );
    // Two bad weeks are no fall by themselves any more.
    const fell = [verdict({ quality: 'fell' }), verdict({ quality: 'fell' })];
    expect(judgeWatch(fell, policy, little).fall).toBe(false);
    expect(judgeWatch(fell, policy).fall).toBe(true);
  });

  test('still goes by what needs no weighing: the floor, and the estimate where there are no labels', () => {
    const twice = (over: Partial<WindowVerdict>) => [verdict(over), verdict(over)];
    expect(judgeWatch(twice({ quality: 'below-floor' }), policy, little).fall).toBe(true);
    expect(judgeWatch(twice({ estimated: 'fell' }), policy, little).fall).toBe(true);
    expect(judgeWatch(twice({ quality: 'holds', estimated: 'fell' }), policy, little).fall).toBe(false);
  });

  test('concludes nothing of it while the newest window is broken', () => {
    const fault = { kind: 'volume' as const, message: 'No rows came.' };
    expect(judgeWatch([verdict({ state: 'fault', faults: [fault] })], policy, fallen)).toMatchObject({
      fall: false,
      fault: true,
    });
  });
});
