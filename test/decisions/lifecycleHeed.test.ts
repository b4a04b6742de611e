import { describe, expect, test } from 'vitest';
import type { LifecycleInput } from '../../config/define.ts';
import { heedWindow } from '../../decisions/lifecycle/heed.ts';
import { retrainSchema } from '../../decisions/lifecycle/policy.ts';
import { follow } from '../../decisions/watch/follow.ts';
import type { WatchSignal, WindowVerdict } from '../../decisions/watch/verdict.ts';
import { factsOf, policyOf } from './watch/samples.ts';

/** What a window leads to. */
const DAY = 86_400_000;
const dayOf = (day: number) => new Date(Date.UTC(2026, 0, 1) + day * DAY).toISOString();

const verdictOf = (state: WindowVerdict['state']): WindowVerdict => ({
  ...{ state, drifted: [], predictionDrifted: false, labelDrifted: false },
  ...{ quality: 'holds', estimated: 'unknown', faults: [], reason: '' },
});
const SHIFTED = verdictOf('shifted');
const signalOf = (more: Partial<WatchSignal> = {}): WatchSignal => ({
  ...{ drift: true, fall: false, belowFloor: false, fault: false },
  ...{ reason: 'Drift in 2 of the last 3 windows.', since: dayOf(0) },
  ...more,
});
const heed = (
  signal: Partial<WatchSignal>,
  retrain: LifecycleInput['retrain'],
  when: { to: string; retrainedAt?: string } = { to: dayOf(28) },
  verdict = SHIFTED,
) =>
  heedWindow(
    signalOf(signal),
    verdict,
    retrain === undefined ? undefined : retrainSchema.parse(retrain),
    when,
  );

test('drift with a fall is trained for, drift alone is told', () => {
  expect(heed({ fall: true }, {})).toEqual({ do: 'train', because: 'Drift in 2 of the last 3 windows.' });
  expect(heed({}, {}).do).toBe('tell');
  expect(heed({}, undefined).do).toBe('tell');
  expect(heed({}, { onDrift: 'any' }).do).toBe('train');
});

test('a fall alone, a fault, and a newest window that is sound again lead to nothing', () => {
  expect(heed({ drift: false, fall: true }, { onDrift: 'any' }).do).toBe('nothing');
  expect(heed({ fault: true }, { onDrift: 'any' }).do).toBe('nothing');
  const clean = verdictOf('clean');
  expect(heed({ fall: true }, { onDrift: 'any' }, { to: dayOf(28) }, clean).do).toBe('nothing');
});

describe('a champion that is stale', () => {
  const retrain = { staleAfterMs: 28 * DAY };

  test('is replaced for drift alone, from the day on that it has answered for so long', () => {
    expect(heed({}, retrain, { to: dayOf(27) }).do).toBe('tell');
    expect(heed({}, retrain, { to: dayOf(28) })).toEqual({
      do: 'train',
      because: `No fall is shown, but the champion is stale: drift, and nothing was retrained since ${dayOf(0)}. Drift in 2 of the last 3 windows.`,
    });
  });

  test('is not where nothing drifts, however old it is', () => {
    expect(heed({ drift: false }, retrain, { to: dayOf(1_000) }).do).toBe('nothing');
    const clean = verdictOf('clean');
    expect(heed({}, retrain, { to: dayOf(1_000) }, clean).do).toBe('nothing');
  });

  test('waits as long again after a challenger that was refused', () => {
    expect(heed({}, retrain, { to: dayOf(50), retrainedAt: dayOf(28) }).do).toBe('tell');
    expect(heed({}, retrain, { to: dayOf(56), retrainedAt: dayOf(28) }).do).toBe('train');
    // One before this champion's time says nothing of it.
    expect(heed({}, retrain, { to: dayOf(28), retrainedAt: dayOf(-9) }).do).toBe('train');
  });

  test('is not known of in a signal of before its age was told', () => {
    expect(heed({ since: undefined }, retrain, { to: dayOf(1_000) }).do).toBe('tell');
  });
});

test('a champion is as old as its first window, and another one is new', () => {
  const policy = policyOf();
  const first = follow({ verdicts: [] }, factsOf({ version: 1, from: dayOf(0), to: dayOf(1) }), policy, true);
  const second = follow(first.followed, factsOf({ version: 1, from: dayOf(1), to: dayOf(2) }), policy, true);
  expect([first.signal.since, second.signal.since]).toEqual([dayOf(0), dayOf(0)]);
  const other = follow(second.followed, factsOf({ version: 2, from: dayOf(2), to: dayOf(3) }), policy, true);
  expect(other.signal.since).toBe(dayOf(2));
});
