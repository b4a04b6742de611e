import { expect, test } from 'vitest';
import type { CanaryAction } from '../../decisions/canary/verdict.ts';
import { canarySchema } from '../../decisions/canary/policy.ts';
import { decide } from '../../workflows/rollout/decide.ts';
import type { RolloutState } from '../../workflows/rolloutMessages.ts';
import type { Look } from '../../workflows/rollout/look.ts';

/** What a verdict leads to in each phase. */

const policy = canarySchema.parse({
  steps: [10, 50],
  minDurationMs: 1_000,
  maxDurationMs: 60_000,
  approve: true,
});

function step(state: Partial<RolloutState>, action: CanaryAction, elapsedMs = 0) {
  const look = {
    counts: { elapsedMs },
    verdict: { action, reason: 'because', guards: [] },
  } as unknown as Look;
  return decide({ phase: 'serving', stage: 0, ...state } as RolloutState, policy, look);
}

const held = { held: 'odd shares' };
const waiting = { phase: 'awaiting-approval', stage: 1 } as const;
const paused = { phase: 'paused' } as const;

test.each<{ in: Partial<RolloutState>; says: CanaryAction; do: string }>([
  { in: {}, says: 'continue', do: 'wait' },
  { in: {}, says: 'promote', do: 'go-on' },
  { in: { stage: 1 }, says: 'promote', do: 'ask' },
  { in: waiting, says: 'promote', do: 'wait' },
  { in: waiting, says: 'rollback', do: 'end' },
  { in: {}, says: 'hold', do: 'hold' },
  { in: { holdAccepted: true }, says: 'hold', do: 'wait' },
  { in: { holdAccepted: true }, says: 'promote', do: 'go-on' },
  { in: held, says: 'promote', do: 'wait' },
  { in: held, says: 'rollback', do: 'end' },
  { in: paused, says: 'rollback', do: 'wait' },
  { in: paused, says: 'promote', do: 'wait' },
  { in: { ...paused, ...held }, says: 'hold', do: 'wait' },
])('$says in $in: $do', (row) => {
  expect(step(row.in, row.says).do).toBe(row.do);
});

test.each<{ in: Partial<RolloutState>; says: CanaryAction; reason: RegExp }>([
  { in: {}, says: 'inconclusive', reason: /^because$/ },
  { in: paused, says: 'inconclusive', reason: /paused/ },
  { in: paused, says: 'promote', reason: /paused/ },
  { in: held, says: 'promote', reason: /Nobody resumed it in its time: odd shares/ },
  { in: waiting, says: 'promote', reason: /Nobody approved/ },
])('when its time is over, $in is inconclusive, with the champion restored', (row) => {
  expect(step(row.in, row.says, 60_000)).toEqual({
    do: 'end',
    outcome: 'inconclusive',
    route: 'restore',
    reason: expect.stringMatching(row.reason) as string,
  });
});

test('a failing guard is a rollback, whatever the time', () => {
  expect(step(held, 'rollback', 60_000)).toMatchObject({ outcome: 'rolled-back', reason: 'because' });
});
