import { expect, test } from 'vitest';
import type { PolicyResult } from '../../bench/lifecycle/policies.ts';
import { calendarAt, gain, summarise } from '../../bench/lifecycle/replay/summary.ts';

/** What runs of a replay come to: phases are averaged within a name, and names are what a standard error is of. */
const run = (name: string, kind: PolicyResult['kind'], mean: number, more: Partial<PolicyResult> = {}) => ({
  ...{ name, kind, mean, retrainings: 0, promotions: 0, chunks: [], shifted: 0, faults: 0, seconds: 0 },
  ...more,
});
const RUNS = ['a', 'b'].flatMap((name, i) => [
  run(name, 'never', 0.5 + i / 10),
  run(name, 'schedule', 0.6 + i / 10, { weeks: 2, phase: 0, retrainings: 10 }),
  run(name, 'schedule', 0.8 + i / 10, { weeks: 2, phase: 1, retrainings: 10 }),
  run(name, 'watch', 0.65 + i / 5, { weeks: 1, retrainings: 5 }),
]);

test('a calendar is one mean over its phases and names, with the error of its names', () => {
  const calendar = summarise(RUNS).find(({ policy }) => policy.kind === 'schedule')?.summary;
  expect(calendar).toMatchObject({ runs: 4, retrainings: 10, lowest: 0.6 });
  // 0.7 and 0.8.
  expect(calendar?.mean.value).toBeCloseTo(0.75);
  expect(calendar?.mean.se).toBeCloseTo(0.05);
});

test('with as many retrainings it is on the line between its periods, and nowhere beyond them', () => {
  expect(calendarAt(RUNS, 5)).toBeCloseTo(0.65);
  expect(calendarAt(RUNS, 11)).toBeUndefined();
});

test('a watch is held against it name by name', () => {
  const watch = RUNS[3];
  // Above 0.6 by 0.05, above 0.7 by 0.15; of an error the same is a loss.
  const gained = gain({ policies: RUNS, better: 'higher' }, watch, calendarAt);
  expect(gained?.value).toBeCloseTo(0.1);
  expect(gained?.se).toBeCloseTo(0.05);
  expect(gain({ policies: RUNS, better: 'lower' }, watch, calendarAt)?.value).toBeCloseTo(-0.1);
});
