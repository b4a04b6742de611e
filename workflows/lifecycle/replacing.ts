import { isCancellation, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { rootMessage } from '../failures.ts';
import type { Trigger } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import type { RolloutInput } from '../rolloutMessages.ts';
import { orchestrator, step } from '../options.ts';
import type { rollout } from '../rollout.ts';
import { askPerson } from './approvals.ts';
import { announce } from './notices.ts';
import { restorePrevious } from './restoring.ts';
import { now, sliceOf, type Lifecycle } from './state.ts';
import { keepWatch } from './watching.ts';

/** A version that the gate let through beside a champion: how it replaces it is declared. */
export async function replaceChampion(
  self: Lifecycle,
  version: number,
  trigger: Trigger,
  champion = self.state.champion,
): Promise<void> {
  const { promote, approvals } = await sliceOf(self);
  if (promote !== 'person' && approvals?.before.includes('rollout')) {
    return askPerson(self, {
      kind: 'rollout',
      question: `Is ${self.name}@${version} to replace the champion? ${trigger.reason}`,
      by: trigger.by,
      version,
      champion,
      trigger,
    });
  }
  return proceed(self, version, trigger, { champion });
}

/**
 * After a person's approval, or without one where none is asked for.
 *
 * @param champion that it was compared with: no other one is replaced at once. Default: the present one
 */
export async function proceed(
  self: Lifecycle,
  version: number,
  trigger: Trigger,
  {
    champion,
    because = 'The gate let it through on the recent hold-out.',
  }: { champion?: number; because?: string },
): Promise<void> {
  const { promote } = await sliceOf(self);
  switch (promote) {
    case 'gate':
      return promoteByGate(self, version, trigger, { champion, because });
    case 'rollout':
      return rollOut(self, version);
    case 'person':
      return announce(
        self,
        'registered',
        await now(self),
        `${self.name}@${version} stands beside the champion until a person rolls it out.`,
      );
  }
}

async function promoteByGate(
  self: Lifecycle,
  version: number,
  trigger: Trigger,
  { champion: previous = self.state.champion, because }: { champion?: number; because: string },
): Promise<void> {
  const { name } = self;
  const reason = `${because} ${trigger.reason}`;
  const changed = await orchestrator.promoteByGate.executeWithOptions(
    step(`${name}@${version} becomes champion`),
    [
      {
        name,
        version,
        expectedChampion: previous,
        actor: ids.lifecycle(name),
        reason,
        idempotencyKey: `lifecycle/promote/${version}/${trigger.id}`,
      },
    ],
  );
  const at = await now(self);
  if (!changed.promoted) {
    return announce(self, 'failed', at, `${name}@${version} did not become champion: ${changed.reason}`);
  }
  await becameChampion(self, version, previous, at, reason);
}

/** The rollout is a child that outlives this execution. */
async function rollOut(self: Lifecycle, version: number): Promise<void> {
  const { name } = self;
  const planned = await orchestrator.planRollout.executeWithOptions(
    step(`Plan the rollout of ${name}@${version}`),
    [{ name, version, startedBy: ids.lifecycle(name) }],
  );
  const at = await now(self);
  if ('busy' in planned) {
    // A person's own rollout: that person decides what becomes of this version too.
    return announce(
      self,
      'registered',
      at,
      `${name}@${version} is not rolled out by itself, because ${planned.busy} is under way.`,
    );
  }
  await announce(
    self,
    'rollout-started',
    at,
    `Rollout ${planned.rollout.number} of ${name}@${version} begins.`,
  );
  await startRollout(self, planned.rollout);
}

async function startRollout(self: Lifecycle, input: RolloutInput): Promise<void> {
  const { state } = self;
  const { name, number, challengerVersion, policy } = input;
  const workflowId = ids.rollout(name, number);
  state.rollout = { number, challengerVersion, workflowId, previousVersion: state.champion };
  const child = await startChild<typeof rollout>('rollout', {
    workflowId,
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Roll out ${name}@${challengerVersion}: ${[...policy.steps, 100].join(' %, ')} %`,
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.version, value: challengerVersion },
    ],
  });
  self.own.add(workflowId);
  void child.result().then(
    ({ outcome, reason }) => self.queue.push(() => rolledOut(self, number, { status: outcome, reason })),
    (error: unknown) =>
      self.queue.push(() =>
        rolledOut(self, number, {
          status: 'aborted',
          reason: isCancellation(error) ? 'It was cancelled.' : rootMessage(error),
        }),
      ),
  );
}

/** What a rollout came to, told by itself or asked for. */
export async function rolledOut(
  self: Lifecycle,
  number: number,
  { status, reason }: { status: string; reason: string },
): Promise<void> {
  const { state, name } = self;
  if (state.rollout?.number !== number) return;
  // The champion that the lifecycle knows may be the challenger by now: the watch looks at it in the rollout's probation.
  const { challengerVersion, previousVersion: previous = state.champion } = state.rollout;
  state.rollout = undefined;
  const at = await now(self);
  if (status === 'promoted') return becameChampion(self, challengerVersion, previous, at, reason);
  if (state.champion === challengerVersion) {
    state.champion = previous;
    state.championSince = at;
  }
  // Ended for its champion's sake, which says nothing of the challenger.
  if (state.probation?.condemned) return restorePrevious(self, state.probation.condemned);
  state.rejectedInARow++;
  if (status === 'rolled-back') {
    await orchestrator.markBad.executeWithOptions(step(`${name}@${challengerVersion} was rolled back`), [
      { name, version: challengerVersion, reason, actor: ids.rollout(name, number) },
    ]);
  }
  await announce(
    self,
    status === 'rolled-back' ? 'rolled-back' : 'inconclusive',
    at,
    `Rollout ${number} of ${name}@${challengerVersion} ended as ${status}: ${reason}`,
  );
}

/** A rollout whose end does not arrive by itself: of an execution before this one. */
export async function askForRollout(self: Lifecycle): Promise<void> {
  const { rollout: open } = self.state;
  if (!open || self.own.has(open.workflowId)) return;
  const { number, workflowId } = open;
  const end = await orchestrator.endOfRollout.executeWithOptions(step(`Has rollout ${number} ended?`), [
    { name: self.name, number, workflowId },
  ]);
  if (end) await rolledOut(self, number, end);
}

async function becameChampion(
  self: Lifecycle,
  version: number,
  previousVersion: number | undefined,
  at: string,
  reason: string,
): Promise<void> {
  const { state, name } = self;
  const { probationMs = 0 } = await sliceOf(self);
  state.champion = version;
  state.championSince = at;
  state.rejectedInARow = 0;
  state.probation =
    probationMs > 0 && previousVersion !== undefined
      ? { version, previousVersion, until: new Date(Date.parse(at) + probationMs).toISOString() }
      : undefined;
  await announce(self, 'promoted', at, `${name}@${version} is the champion: ${reason}`);
  await keepWatch(self);
}
