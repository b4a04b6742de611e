import { describe, expect, test, vi } from 'vitest';
import { compareNumbers } from '../../../decisions/watch/compareNumbers.ts';
import { judgeWatch } from '../../../decisions/watch/judgeWatch.ts';
import { judgeWindow } from '../../../decisions/watch/judgeWindow.ts';
import { fitScale } from '../../../decisions/watch/scale.ts';
import type { WindowVerdict } from '../../../decisions/watch/verdict.ts';
import { Random } from '../../../learning/rng.ts';
import { columnOf, factsOf, normals, policyOf } from './samples.ts';
import { playRuns, shareOfAlarms, shareOfWindows, type World } from './world.ts';

/** How often the watch is wrong, and what it sees. Everything is seeded, so a test passes always or never. */

// Some 20 s of one core in all; a loaded machine may take ten times as long.
vi.setConfig({ testTimeout: 300_000 });

const policy = policyOf();
const clean: World = {
  columns: 20,
  referenceRows: 2000,
  rows: 300,
  windows: 3,
  runs: 300,
  shift: 0,
  seed: 1,
};

describe('windows of 300 rows and 20 columns that are like the reference', () => {
  const runs = playRuns(clean, policy);

  test('are called shifted as often as q allows, 1 %: of 900 windows at most 1.5 %', () => {
    expect(shareOfWindows(runs, 'shifted')).toBeLessThanOrEqual(0.015);
  });

  test('raise no alarm in 300 runs, and are never called broken', () => {
    expect(shareOfAlarms(runs)).toBe(0);
    expect(shareOfWindows(runs, 'fault')).toBe(0);
  });

  test('would be called shifted in more than 5 % if each column were tested at 1 % by itself', () => {
    // Of 20 columns the smallest p is then held against 0.2 / 20.
    const alone = policyOf({ drift: { q: 0.2 } });
    const loose = playRuns({ ...clean, runs: 100 }, alone);
    expect(shareOfWindows(loose, 'shifted')).toBeGreaterThan(0.05);
  });
});

test.each([0.5, 0.9])(
  'columns that are correlated by %s raise no alarm in 300 clean runs either, and a shift of 1 is seen',
  (correlation) => {
    // Benjamini and Hochberg's bound holds for normal columns of positive correlation too (Benjamini, Yekutieli 2001).
    const runs = playRuns({ ...clean, correlation }, policy);
    expect(shareOfWindows(runs, 'shifted')).toBeLessThanOrEqual(0.015);
    expect(shareOfAlarms(runs)).toBeLessThanOrEqual(0.01);
    expect(shareOfWindows(runs, 'fault')).toBe(0);
    expect(shareOfAlarms(playRuns({ ...clean, correlation, shift: 1, runs: 50 }, policy))).toBe(1);
  },
);

test('100 windows drawn from the reference itself raise at most one alarm', () => {
  const random = new Random(3);
  const reference = Array.from({ length: 20 }, () => normals(random, 2000));
  const verdicts: WindowVerdict[] = [];
  let alarms = 0;
  let alarmed = false;
  for (let window = 0; window < 100; window++) {
    const columns = reference.map((was, i) => {
      const is = Float64Array.from({ length: 300 }, () => was[random.below(was.length)]).sort();
      return columnOf({ column: `f${i}`, ...compareNumbers(was, is), scale: fitScale(was, is) });
    });
    verdicts.push(judgeWindow(factsOf({ tests: 20, columns }), policy));
    const { drift, fault } = judgeWatch(verdicts, policy);
    expect(fault).toBe(false);
    if (drift && !alarmed) alarms++;
    alarmed = drift;
  }
  expect(alarms).toBeLessThanOrEqual(1);
});

describe('one column of 20 that has moved', () => {
  test('by one standard deviation is seen in every window', () => {
    const runs = playRuns({ ...clean, shift: 1, runs: 50 }, policy);
    expect(shareOfWindows(runs, 'shifted')).toBe(1);
    expect(shareOfAlarms(runs)).toBe(1);
    expect(runs.every(({ verdicts }) => verdicts.every(({ drifted }) => drifted[0].column === 'f0'))).toBe(
      true,
    );
  });

  test('by 0.3 standard deviations raises an alarm within three windows in 60 % of runs and more', () => {
    expect(shareOfAlarms(playRuns({ ...clean, shift: 0.3, runs: 100 }, policy))).toBeGreaterThan(0.6);
  });
});

describe('a column in another unit', () => {
  const random = new Random(5);
  const positive = (n: number) => normals(random, n, 20, 6);
  const judgeOf = (is: Float64Array, before: Float64Array, was: Float64Array) =>
    judgeWindow(
      factsOf({
        columns: [
          columnOf({
            ...compareNumbers(was, is),
            sinceHealthy: compareNumbers(before, is),
            scale: fitScale(before, is),
          }),
        ],
      }),
      policy,
    );
  const reference = positive(2000);
  const rate = (of: (is: Float64Array) => Float64Array) => {
    const states = Array.from(
      { length: 100 },
      () => judgeOf(of(positive(300)), positive(300), reference).faults[0]?.kind === 'unit',
    );
    return states.filter(Boolean).length / states.length;
  };

  test.each([
    { name: 'metres to feet', to: (x: number) => x * 3.28 },
    { name: 'Celsius to Fahrenheit', to: (x: number) => x * 1.8 + 32 },
    { name: 'cents to euros', to: (x: number) => x / 100 },
  ])('$name is called broken in 95 % of windows of 300 and more', ({ to }) => {
    expect(rate((is) => is.map(to))).toBeGreaterThan(0.95);
  });

  test.each([
    { name: 'nothing', to: (x: number) => x },
    { name: 'a move by a standard deviation', to: (x: number) => x + 6 },
    { name: 'a spread half as large again', to: (x: number) => 20 + (x - 20) * 1.5 },
    { name: 'a spread twice as large', to: (x: number) => 20 + (x - 20) * 2 },
    { name: 'a narrower spread around another middle', to: (x: number) => 30 + (x - 20) / 2 },
  ])('$name is not', ({ to }) => {
    expect(rate((is) => is.map(to))).toBeLessThan(0.02);
  });
});
