import { expect, test } from 'vitest';
import { restMs } from '../../decisions/canary/pace.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';

const MINUTE_MS = 60_000;
const policy = canarySchema.parse({ minDurationMs: 0 });
const long = { stageMs: 60 * MINUTE_MS, elapsedMs: 60 * MINUTE_MS };

test.each([
  ['nothing to count', 50, 30_000],
  ['a look of 2 s, the longest that costs no rest', 2_000, 30_000],
  ['a look of 5 s: a twentieth of the time', 5_000, 90_000],
  ['a look of two minutes', 120_000, 600_000],
])('%s', (_, lookMs, rest) => {
  expect(restMs(policy, long, lookMs)).toBe(rest);
});

test('a longer rest than its own is never shortened', () => {
  expect(restMs(canarySchema.parse({ everyMs: 20 * MINUTE_MS }), long, 120_000)).toBe(20 * MINUTE_MS);
});

test('what the time alone decides is not put off', () => {
  const timed = canarySchema.parse({ minDurationMs: 15 * MINUTE_MS, maxDurationMs: 61 * MINUTE_MS });
  const at = (minutes: number) => ({ stageMs: minutes * MINUTE_MS, elapsedMs: minutes * MINUTE_MS });
  expect(restMs(timed, at(13), 120_000)).toBe(2 * MINUTE_MS);
  expect(restMs(timed, at(60), 120_000)).toBe(MINUTE_MS);
  // Nor is it hurried: as often as the policy says.
  expect(restMs(timed, at(14.9), 120_000)).toBe(30_000);
});
