import { PerennialError } from '../config/errors.ts';
import type { RolloutRow } from '../store/rolloutTypes.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import { ids } from '../workflows/messages.ts';
import type { ClientContext } from './client.ts';
import type { RolloutExplanation } from './explainRollout.ts';
import { fromFailure, isUnreachable } from './failure.ts';
import { attachRollout, type RolloutHandle } from './rolloutHandle.ts';
import { startRollout, type StartRolloutOptions } from './startRollout.ts';

/** Rollouts: a version beside the champion, a verdict, and the way to all keys or back. */
export interface RolloutCalls {
  /**
   * Starts a rollout and returns at once.
   *
   * @throws PerennialError NOT_FOUND; INVALID_INPUT where the policy is wrong or the version is the champion already;
   *   ROLLOUT_IN_PROGRESS naming the one that is under way
   */
  start(name: string, version: number, options: StartRolloutOptions): Promise<RolloutHandle>;
  /** @throws PerennialError NOT_FOUND */
  attach(name: string, number: number): Promise<RolloutHandle>;
  /** Newest first. */
  list(name?: string, limit?: number): Promise<RolloutRow[]>;
  /** @throws PerennialError NOT_FOUND */
  get(name: string, number: number): Promise<RolloutRow>;
  /** Every look with its verdict, recomputed from the counts that were kept. @throws PerennialError NOT_FOUND */
  explain(name: string, number: number): Promise<RolloutExplanation>;
}

export function rolloutCalls(
  context: ClientContext,
  modelVersion: (name: string, version: number) => Promise<ModelVersionRow>,
): RolloutCalls {
  const { client, store } = context;
  return {
    start: async (name, version, options) =>
      startRollout(context, await modelVersion(name, version), options),
    async attach(name, number) {
      const row = await store.rollouts.get(name, number);
      // The row is written by the rollout's first activity, the workflow is there before.
      if (row === undefined || row.status === 'running') {
        await client.workflow
          .getHandle(ids.rollout(name, number))
          .describe()
          .catch(async (error: unknown) => {
            if (isUnreachable(error)) throw fromFailure(error);
            await rolloutRow(store, name, number);
            throw fromFailure(error);
          });
      }
      return attachRollout(context, name, number);
    },
    list: (name, limit) => store.rollouts.list(name, limit),
    get: (name, number) => rolloutRow(store, name, number),
    async explain(name, number) {
      const { explainRollout } = await import('./explainRollout.ts');
      return explainRollout(store, await rolloutRow(store, name, number));
    },
  };
}

async function rolloutRow(store: Store, name: string, number: number): Promise<RolloutRow> {
  const row = await store.rollouts.get(name, number);
  if (row) return row;
  throw new PerennialError('NOT_FOUND', `There is no rollout ${name}/${number}.`, {
    field: 'rollout',
    value: `${name}/${number}`,
    expected: 'one that `npx perennial rollout list` lists',
  });
}
