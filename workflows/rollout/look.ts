import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { CanaryCounts } from '../../decisions/canary/counts.ts';
import { judgeCanary, judgeProbation } from '../../decisions/canary/judge.ts';
import { restMs } from '../../decisions/canary/pace.ts';
import type { CanaryVerdict } from '../../decisions/canary/verdict.ts';
import type { RolloutRoute } from '../rolloutMessages.ts';
import { orchestrator, rolloutStep, trainer, trainerOptions } from '../options.ts';
import { rootMessage } from '../failures.ts';
import { askGuards } from './guards.ts';
import { show, unlessOrdered, type Rollout } from './state.ts';

export interface Look {
  counts: CanaryCounts;
  verdict: CanaryVerdict;
}

/**
 * Counts, judges and keeps what was concluded. Undefined where an order came first.
 *
 * @throws a failure of type ROUTE_CONFLICT where somebody else has changed the route
 */
export async function takeLook(rollout: Rollout): Promise<Look | undefined> {
  const { input, state } = rollout;
  const { name, number, policy } = input;
  const index = state.looks + 1;
  const stage = state.stages.at(-1)?.stage ?? 0;
  const seen = await unlessOrdered(rollout, () => observe(rollout, index));
  if (!seen) return undefined;
  const { counts: counted, revision, unpaired, lookMs } = seen;
  state.revision = revision;
  state.lookMs = lookMs;
  let counts: CanaryCounts = { ...counted, custom: [] };
  let verdict = judge(rollout, counts);
  // No guard that is slow or away delays what the others have shown.
  if (verdict.action !== 'rollback' && policy.guards.custom.length > 0) {
    const custom = await unlessOrdered(rollout, () => askGuards(rollout));
    if (!custom) return undefined;
    counts = { ...counted, custom };
    verdict = judge(rollout, counts);
  }
  await orchestrator.recordLook.executeWithOptions(rolloutStep(`Look ${index}: ${verdict.action}`), [
    { name, number, look: { index, stage, counts, verdict } },
  ]);
  state.looks = index;
  state.last = { counts, verdict };
  tellPace(rollout, state.last);
  if (unpaired) startPairing(rollout);
  show(rollout);
  return { counts, verdict };
}

function judge({ input, state }: Rollout, counts: CanaryCounts): CanaryVerdict {
  return state.phase === 'probation'
    ? judgeProbation(counts, input.policy)
    : judgeCanary(counts, input.policy);
}

function tellPace({ input, state }: Rollout, { counts }: Look): void {
  const { lookMs = 0 } = state;
  const ms = restMs(input.policy, counts, lookMs);
  if (ms > input.policy.everyMs)
    state.notes.pace = `Looks are ${seconds(ms)} apart: to count this many requests took ${seconds(lookMs)}.`;
  else delete state.notes.pace;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function observe({ input, state }: Rollout, index: number) {
  const { name, number, policy } = input;
  return orchestrator.observe.executeWithOptions(rolloutStep(`Count for look ${index}`), [
    {
      name,
      number,
      stages: state.stages,
      route: state.route as RolloutRoute,
      pairs: policy.guards.accuracy !== false,
    },
  ]);
}

/** Beside the looks, which wait neither for a busy trainer nor for an absent one. */
function startPairing(rollout: Rollout): void {
  const { input, state } = rollout;
  if (rollout.pairing) return;
  const scope = new CancellationScope();
  rollout.pairing = scope;
  const { name, number } = input;
  scope
    .run(() =>
      trainer.scorePairs.executeWithOptions(
        { ...trainerOptions, summary: 'Score labelled keys by both versions' },
        [{ name, number }],
      ),
    )
    .then(
      ({ unusable }) => {
        if (unusable) state.notes.labels = unusable;
        delete state.notes.pairs;
      },
      (error: unknown) => {
        if (!isCancellation(error)) state.notes.pairs = `Pairs cannot be scored: ${rootMessage(error)}`;
      },
    )
    .finally(() => {
      if (rollout.pairing === scope) rollout.pairing = undefined;
    });
}
