import {
  allHandlersFinished,
  CancellationScope,
  condition,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import type { RolloutOutcome, RolloutResult } from '../rolloutMessages.ts';
import { orchestrator, rolloutStep } from '../options.ts';
import { changeRoute, freeRoute, routeConflict } from './route.ts';
import { enterPhase, inTurn, type Ending, type GivenOrder, type Rollout } from './state.ts';

/** The route, the row, and what people see. Also of a cancelled workflow. */
export function end(self: Rollout, ending: Ending): Promise<RolloutResult> {
  const { executionId, input, state } = self;
  const { name, number, challengerVersion } = input;
  self.pairing?.cancel();
  return CancellationScope.nonCancellable(async () => {
    const { outcome, reason } = await inTurn(self, async () => {
      const settled = await settleRoute(self, ending);
      await orchestrator.closeRollout.executeWithOptions(
        rolloutStep(`Close rollout ${number}: ${settled.outcome}`),
        [{ name, number, executionId, ...settled, actor: ending.actor }],
      );
      self.end = settled;
      upsertSearchAttributes([{ key: searchAttributes.outcome, value: settled.outcome }]);
      upsertMemo(settled);
      enterPhase(self, 'ended');
      self.order = undefined;
      return settled;
    });
    await condition(() => isQuiet(self));
    const { championVersion, looks } = state;
    return { outcome, name, number, championVersion, challengerVersion, reason, looks };
  });
}

/** What somebody else made of the route meanwhile stays, and the outcome is then an aborted rollout. */
async function settleRoute(
  self: Rollout,
  ending: Ending,
): Promise<{ outcome: RolloutOutcome; reason: string }> {
  const { input, state } = self;
  const { outcome, reason } = ending;
  const touched = state.route ?? state.attempted;
  if (ending.route === 'leave' || !touched) return { outcome, reason };
  const version = ending.route === 'release' ? input.challengerVersion : state.championVersion;
  try {
    await changeRoute(self, ending.route, freeRoute(self, version), ending);
    return { outcome, reason };
  } catch (error) {
    const foreign = routeConflict(error);
    if (foreign === undefined) throw error;
    return { outcome: 'aborted', reason: `${reason} The route was left as it is: ${foreign}` };
  }
}

/** How an order ends the rollout; undefined for one that takes the challenger on. */
export function endingOf({ name, actor, reason }: GivenOrder): Ending | undefined {
  if (name === 'rollback') return rolledBack(reason, actor);
  if (name === 'abort') return { outcome: 'aborted', reason, actor, route: 'restore' };
  return undefined;
}

export function rolledBack(reason: string, actor?: string): Ending {
  return { outcome: 'rolled-back', reason, actor, route: 'restore' };
}

/** Nothing is under way but the course itself. */
export function isQuiet({ pairing }: Rollout): boolean {
  return pairing === undefined && allHandlersFinished();
}
