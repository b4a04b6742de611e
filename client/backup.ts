import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { releaseAbandoned } from '../activities/abandoned.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import type { LifecycleRow } from '../store/lifecycleTypes.ts';
import type { BackupSummary, RestoreSummary } from '../store/types.ts';
import type { LifecycleInput } from '../workflows/lifecycleMessages.ts';
import { ids, queues } from '../workflows/messages.ts';
import { carriedState } from './carriedState.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { isOpen } from './isOpen.ts';

/** Everything that an installation remembers, in one file. */
export interface BackupCalls {
  /**
   * Writes a new file, consistent in itself, while everything goes on. It holds the hashes of API keys and all data, so
   * it is readable by its owner alone.
   *
   * @throws PerennialError INVALID_INPUT where the file is there already or cannot be written
   */
  backUp(path: string): Promise<BackupSummary>;
  /**
   * Brings a backup into this installation, which must be empty, and its lifecycles back to life. What was under way and
   * has no workflow here ends: runs are cancelled; rollouts are aborted with the champion restored, but those that had
   * promoted their challenger, which stays. Where it dies after the data is in, the same call again goes on from there.
   *
   * @throws PerennialError INVALID_INPUT where the file is damaged or the installation is not empty, SCHEMA_TOO_NEW;
   *   in either case nothing was changed
   */
  restore(path: string, options: { actor: string }): Promise<RestoredInstallation>;
}

export interface RestoredInstallation extends RestoreSummary {
  /** `<name>/<n>` */
  cancelledRuns: string[];
  /** Aborted, and the champion restored; one in its probation as promoted. */
  endedRollouts: string[];
  lifecycles: { name: string; state: RestoredLifecycle }[];
}

export type RestoredLifecycle =
  /** From the state that was kept. */
  | 'started'
  /** Its workflow is here, and was left alone. */
  | 'running'
  /** As it was: somebody had ended it. */
  | 'removed';

export function backupCalls(context: ClientContext): BackupCalls {
  return {
    backUp: (path) => context.store.backup.write(path),
    async restore(path, { actor }) {
      const summary = await context.store.backup.read(path);
      // In this order: a lifecycle asks at once how what it had started has ended.
      const cancelledRuns = await cancelRuns(context, summary, actor);
      const endedRollouts = await endRollouts(context, summary);
      const lifecycles = await startLifecycles(context, summary, actor);
      await context.store.backup.finish();
      return { ...summary, cancelledRuns, endedRollouts, lifecycles };
    },
  };
}

async function cancelRuns(
  context: ClientContext,
  { underWay, createdAt }: RestoreSummary,
  actor: string,
): Promise<string[]> {
  const cancelled: string[] = [];
  for (const { name, number } of underWay.runs) {
    if (await isOpen(context, ids.training(name, number))) continue;
    const reason = `It was under way in the backup of ${createdAt}, which was restored.`;
    await context.store.runs.close(name, number, { status: 'cancelled', reason, actor });
    cancelled.push(`${name}/${number}`);
  }
  return cancelled;
}

async function endRollouts(context: ClientContext, { underWay }: RestoreSummary): Promise<string[]> {
  const { store } = context;
  const ended: string[] = [];
  for (const { name, number } of underWay.rollouts) {
    const rollout = await store.rollouts.get(name, number);
    const released =
      rollout && (await releaseAbandoned({ store, isOpen: (id) => isOpen(context, id) }, rollout));
    if (released) ended.push(`${name}/${number}`);
  }
  return ended;
}

async function startLifecycles(
  context: ClientContext,
  { underWay, createdAt }: RestoreSummary,
  actor: string,
): Promise<RestoredInstallation['lifecycles']> {
  const all: RestoredInstallation['lifecycles'] = [];
  for (const row of await context.store.lifecycles.list()) {
    const removed = underWay.removed.includes(row.name);
    all.push({
      name: row.name,
      state: removed ? 'removed' : await startAgain(context, row, createdAt, actor),
    });
  }
  return all;
}

async function startAgain(
  context: ClientContext,
  row: LifecycleRow,
  createdAt: string,
  actor: string,
): Promise<RestoredLifecycle> {
  const { client, store } = context;
  const { name } = row;
  if (await isOpen(context, ids.lifecycle(name))) return 'running';
  // Before it takes effect, and once, however often the restore has to be repeated.
  await store.lifecycles.note(name, {
    key: `restore/${createdAt}`,
    actor,
    action: 'lifecycle.restore',
    details: { backup: createdAt },
  });
  const input: LifecycleInput = { name, carried: { ...(await carriedState(store, row)), watching: false } };
  try {
    await client.workflow.start('lifecycle', {
      workflowId: ids.lifecycle(name),
      taskQueue: queues.orchestrator,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
      staticSummary: `The life of ${name}`,
      staticDetails: `Restored by ${actor} from the backup of ${createdAt}.`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'running';
    throw fromFailure(error);
  }
  return 'started';
}
