import { isCancellation, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { TrainingEnd } from '../../activities/lifecycle.ts';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { rootMessage } from '../failures.ts';
import type { LifecycleState, Trigger } from '../lifecycleMessages.ts';
import { ids } from '../messages.ts';
import { orchestrator, step } from '../options.ts';
import type { training } from '../training.ts';
import { rejectKnown } from './known.ts';
import { announce } from './notices.ts';
import { replaceChampion } from './replacing.ts';
import { startOnce } from './startOnce.ts';
import { now, type Lifecycle } from './state.ts';
import { askAboutUndecided } from './undecided.ts';
import { keepWatch } from './watching.ts';

/** Trains for a trigger that was taken up under this number. */
export async function train(self: Lifecycle, trigger: Trigger, run: number): Promise<void> {
  const { state } = self;
  const { deployment } = state;
  if (!deployment) return;
  state.training = { run, trigger, startedAt: trigger.at };
  state.trainedAt = trigger.at;
  if (trigger.kind !== 'definition' && trigger.kind !== 'person') {
    state.retrainedAt = [...state.retrainedAt, trigger.at].slice(-MAX_STARTS);
  }
  await announce(self, 'retraining', trigger.at, `Training ${run} begins: ${trigger.reason}`);
  const first = state.champion === undefined && trigger.kind === 'definition' && state.clock === undefined;
  const child = await startOnce(() => startTraining(self, deployment, trigger, { run, first }));
  // An execution before this one began it, and ended before it kept that: its end is asked for.
  if (!child) return;
  self.own.add(child.workflowId);
  void child.result().then(
    ({ outcome, reason, version, existing, champion, comparedWith, undecided }) =>
      self.queue.push(() =>
        trained(self, run, {
          status: outcome,
          reason,
          version,
          existing,
          champion: champion ?? false,
          comparedWith,
          undecided: undecided !== undefined,
        }),
      ),
    (error: unknown) =>
      self.queue.push(() =>
        trained(self, run, {
          status: isCancellation(error) ? 'cancelled' : 'failed',
          reason: rootMessage(error),
          champion: false,
          undecided: false,
        }),
      ),
  );
}

function startTraining(
  { name }: Lifecycle,
  { definitionHash, baseDirectory }: NonNullable<LifecycleState['deployment']>,
  trigger: Trigger,
  { run, first }: { run: number; first: boolean },
) {
  return startChild<typeof training>('training', {
    workflowId: ids.training(name, run),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [
      {
        name,
        run,
        definitionHash,
        baseDirectory,
        managed: true,
        // The first training looks at the dataset as it is declared; later ones at what is known now.
        ...(first ? {} : { asOf: trigger.at }),
      },
    ],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Train ${name}, run ${run}`,
    staticDetails: `${trigger.reason} (${trigger.kind}, by ${trigger.by})`,
    typedSearchAttributes: [
      { key: searchAttributes.lifecycle, value: name },
      { key: searchAttributes.run, value: run },
    ],
    memo: { definition: definitionHash },
  });
}

/** Of the day's budget at the most. */
const MAX_STARTS = 100;

/** What a training came to, told by itself or asked for. */
export async function trained(self: Lifecycle, run: number, end: TrainingEnd): Promise<void> {
  const { state, name } = self;
  if (state.training?.run !== run) return;
  const { trigger } = state.training;
  state.training = undefined;
  const at = await now(self);
  const { version } = end;
  switch (end.status) {
    case 'registered': {
      if (version === undefined) return;
      if (end.existing && (await rejectKnown(self, version, `training ${run}`))) return;
      await announce(self, 'registered', at, `${name}@${version} is registered: ${end.reason}`);
      if (end.champion) {
        state.champion = version;
        state.rejectedInARow = 0;
        return keepWatch(self);
      }
      return replaceChampion(self, version, trigger, end.comparedWith);
    }
    case 'gate-refused':
      if (end.undecided) return askAboutUndecided(self, run, end.reason, trigger);
      state.rejectedInARow++;
      return announce(self, 'refused', at, `Training ${run} gave no new version: ${end.reason}`);
    case 'checks-failed':
      return announce(self, 'fault', at, `Training ${run} ended at its checks: ${end.reason}`);
    default:
      return announce(self, 'failed', at, `Training ${run} ${end.status}: ${end.reason}`);
  }
}

/** A training whose end does not arrive by itself: of an execution before this one. */
export async function askForTraining(self: Lifecycle): Promise<void> {
  const { training: open } = self.state;
  if (!open) return;
  const workflowId = ids.training(self.name, open.run);
  if (self.own.has(workflowId)) return;
  const end = await orchestrator.endOfTraining.executeWithOptions(step(`Has training ${open.run} ended?`), [
    { name: self.name, run: open.run, workflowId },
  ]);
  if (end) await trained(self, open.run, end);
}
