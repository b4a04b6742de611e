import {
  CancellationScope,
  condition,
  ContinueAsNew,
  continueAsNew,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import { restMs } from '../decisions/canary/pace.ts';
import { rolloutQuery, type RolloutInput, type RolloutResult, type RolloutState } from './rolloutMessages.ts';
import { orchestrator, rolloutStep } from './options.ts';
import { decide } from './rollout/decide.ts';
import { end, endingOf, isQuiet, rolledBack } from './rollout/end.ts';
import { rootMessage } from './failures.ts';
import { takeLook, type Look } from './rollout/look.ts';
import { handleOrders } from './rollout/orders.ts';
import { routeConflict } from './rollout/route.ts';
import { enterStage, prepare, promote } from './rollout/stages.ts';
import {
  beginRollout,
  enterPhase,
  inTurn,
  progressOf,
  show,
  type Ending,
  type Rollout,
} from './rollout/state.ts';

/** A look costs about 17; the server suggests it at 4,096, but whoever takes over a rollout replays all of them. */
const MAX_HISTORY_EVENTS = 1_000;

/**
 * A new version earns its place: beside the champion, stage by stage, to all keys or back. Whatever happens, it ends
 * in an outcome; what fails before its promotion ends it with the champion that it began with, and what fails after it
 * with the challenger, which nothing speaks against.
 */
export async function rollout(input: RolloutInput): Promise<RolloutResult> {
  const self = beginRollout(input);
  setHandler(rolloutQuery, () => progressOf(self));
  handleOrders(self);
  if (!input.carried) await open(self);
  show(self);
  return end(self, await course(self));
}

/** @throws where it may not begin: another one is under way, there is no such version */
async function open({ id, executionId, input, state }: Rollout): Promise<void> {
  const { name, number, challengerVersion } = input;
  upsertSearchAttributes([
    { key: searchAttributes.lifecycle, value: name },
    { key: searchAttributes.version, value: challengerVersion },
  ]);
  try {
    const opened = await orchestrator.openRollout.executeWithOptions(rolloutStep(`Open rollout ${number}`), [
      { ...input, id, executionId },
    ]);
    Object.assign(state, opened);
  } catch (error) {
    // Cancelled, it may have opened all the same.
    const reason = rootMessage(error);
    await CancellationScope.nonCancellable(() =>
      orchestrator.closeRollout.executeWithOptions(rolloutStep(`Close rollout ${number}: aborted`), [
        { name, number, executionId, outcome: 'aborted', reason },
      ]),
    );
    throw error;
  }
}

async function course(self: Rollout): Promise<Ending> {
  try {
    return (await prepare(self)) ?? (await serve(self)) ?? (await probation(self));
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const foreign = routeConflict(error);
    if (foreign !== undefined) return { outcome: 'aborted', reason: foreign, route: 'leave' };
    if (isCancellation(error)) return { outcome: 'aborted', reason: 'It was cancelled.', route: 'restore' };
    return failed(self, rootMessage(error));
  }
}

/** A failure of ours says nothing about a challenger that has every key already. */
function failed({ input, state }: Rollout, why: string): Ending {
  if (state.promotedAt === undefined)
    return { outcome: 'aborted', reason: `It failed: ${why}`, route: 'restore' };
  const probation = input.policy.probationMs > 0;
  const after = probation ? 'The probation could not be watched to its end' : 'After that it failed';
  const reason = [state.promotedBecause, `${after}: ${why}`].filter(Boolean).join(' ');
  return { outcome: 'promoted', reason, route: probation ? 'release' : 'leave' };
}

/** Looks until the challenger has every key, in which case there is no ending yet, or an ending. */
async function serve(self: Rollout): Promise<Ending | undefined> {
  for (;;) {
    if (self.state.phase === 'probation') return undefined;
    await untilNextLook(self);
    if (self.order) {
      const { actor, reason } = self.order;
      const ending = endingOf(self.order) ?? (await inTurn(self, () => promote(self, { actor, reason })));
      if (ending) return ending;
      self.order = undefined;
      continue;
    }
    const look = await takeLook(self);
    if (!look) continue;
    const ending = await inTurn(self, () => act(self, look));
    if (ending) return ending;
  }
}

async function act(self: Rollout, look: Look): Promise<Ending | undefined> {
  const { state, input } = self;
  if (self.order) return undefined; // It came first.
  const step = decide(state, input.policy, look);
  switch (step.do) {
    case 'wait':
      return undefined;
    case 'hold':
      state.held = step.reason;
      show(self);
      return undefined;
    case 'ask':
      enterPhase(self, 'awaiting-approval');
      return undefined;
    case 'end':
      return step;
    case 'go-on':
      if (state.stage === input.policy.steps.length - 1) return promote(self, step);
      await enterStage(self, state.stage + 1, step);
      return undefined;
  }
}

/** The old champion stays loaded while late labels are looked at. */
async function probation(self: Rollout): Promise<Ending> {
  const { state, input } = self;
  const { probationMs } = input.policy;
  for (;;) {
    await untilNextLook(self, probationMs - sinceMs());
    if (self.order) return endingOf(self.order) ?? rolledBack(self.order.reason, self.order.actor);
    const look = await takeLook(self);
    if (!look) continue;
    const ending = await inTurn(self, () => Promise.resolve(self.order ? undefined : judged(look)));
    if (ending) return ending;
  }

  function judged({ verdict }: Look): Ending | undefined {
    if (verdict.action === 'rollback') return rolledBack(verdict.reason);
    if (verdict.action !== 'promote') return undefined;
    const reason = [state.promotedBecause, verdict.reason].filter(Boolean).join(' ');
    return { outcome: 'promoted', reason, route: 'release' };
  }

  function sinceMs(): number {
    return state.last ? sinceOf(state, state.last).stageMs : 0;
  }
}

/** As the last look saw it; it may have been of the stage before. */
function sinceOf({ stage }: RolloutState, { counts }: Look): { stageMs: number; elapsedMs: number } {
  const { stages, stageMs, elapsedMs } = counts;
  return { stageMs: stages.at(-1)?.stage === stage ? stageMs : 0, elapsedMs };
}

/** Until it is time for a look, or an order arrives; here, between two looks, a long rollout continues as new. */
async function untilNextLook(self: Rollout, atMostMs = Infinity): Promise<void> {
  const { input, state } = self;
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (historyLength > MAX_HISTORY_EVENTS || continueAsNewSuggested) {
    self.pairing?.cancel();
    await condition(() => self.order !== undefined || (isQuiet(self) && !self.busy));
    if (!self.order) {
      await continueAsNew<typeof rollout>({ ...input, carried: state });
    }
  }
  const { last, lookMs = 0 } = state;
  const restingMs = last ? restMs(input.policy, sinceOf(state, last), lookMs) : input.policy.everyMs;
  const ms = Math.max(1_000, Math.min(restingMs, atMostMs));
  await condition(() => self.order !== undefined, ms, { summary: `Look ${state.looks + 1}` });
}
