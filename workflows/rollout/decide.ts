import { maxDurationMs } from '../../decisions/canary/judge.ts';
import type { CanaryPolicy } from '../../decisions/canary/policy.ts';
import type { RolloutState } from '../rolloutMessages.ts';
import type { Look } from './look.ts';
import type { Ending } from './state.ts';

/** What a look leads to. */
export type Step =
  | { do: 'wait' }
  /** A person has to look. */
  | { do: 'hold'; reason: string }
  /** To the next weight, or to all keys. */
  | { do: 'go-on'; reason: string }
  | { do: 'ask'; reason: string }
  | ({ do: 'end' } & Ending);

/**
 * What the verdict means in the phase under way. A paused rollout takes no step by itself, a held one none but back;
 * where a person resumed it and the doubt remains, a person has to promote it too.
 */
export function decide(state: RolloutState, policy: CanaryPolicy, { counts, verdict }: Look): Step {
  const { action, reason } = verdict;
  const overdue = counts.elapsedMs >= maxDurationMs(policy);
  const paused = state.phase === 'paused';
  const end = (outcome: Ending['outcome'], why: string): Step => ({
    do: 'end',
    outcome,
    reason: why,
    route: 'restore',
  });
  if (!paused) {
    if (action === 'rollback') return end('rolled-back', reason);
    if (action === 'inconclusive') return end('inconclusive', reason);
  }
  if (overdue) {
    if (paused) return end('inconclusive', 'It was paused when its time was over.');
    if (state.held !== undefined) return end('inconclusive', `Nobody resumed it in its time: ${state.held}`);
    if (state.phase === 'awaiting-approval') return end('inconclusive', 'Nobody approved it in its time.');
  }
  if (paused || state.held !== undefined) return { do: 'wait' };
  if (action === 'hold') return state.holdAccepted ? { do: 'wait' } : { do: 'hold', reason };
  if (action !== 'promote' || state.phase === 'awaiting-approval') return { do: 'wait' };
  const last = state.stage === policy.steps.length - 1;
  return { do: last && policy.approve ? 'ask' : 'go-on', reason };
}
