import { PerennialError } from '../config/errors.ts';
import { needsBound, resolveLoss } from '../decisions/canary/losses.ts';
import type { LookRow, RolloutRow } from '../store/rolloutTypes.ts';
import type { Store } from '../store/types.ts';
import type { Order } from '../workflows/orderMessages.ts';
import type { RolloutInput, RolloutOutcome, RolloutOrderName } from '../workflows/rolloutMessages.ts';
import type { OrchestratorDependencies } from './dependencies.ts';
import { releaseAbandoned } from './abandoned.ts';

/** Which rollout, in what the steps of it take. */
export interface RolloutKey {
  name: string;
  number: number;
}

interface OpenRollout extends Omit<RolloutInput, 'carried'> {
  id: string;
  /** Of the workflow's first execution, which a reset or continue-as-new keeps. */
  executionId: string;
}

interface OpenedRollout {
  championVersion: number;
  startedAt: string;
  /** Of the route, before the rollout changes it. */
  revision: number;
  loggedInputs: boolean;
}

export function rolloutActivities(dependencies: OrchestratorDependencies) {
  const { store } = dependencies;
  return {
    /**
     * Opens the rollout's row; one model has one running rollout.
     *
     * @throws ROLLOUT_IN_PROGRESS where another one is under way; ROUTE_CONFLICT, NOT_FOUND, INVALID_INPUT
     */
    async openRollout(opening: OpenRollout): Promise<OpenedRollout> {
      await refuseBoundlessLoss(store, opening);
      const row = await open(opening);
      const route = await store.routes.get(opening.name);
      if (!route) throw new PerennialError('NOT_FOUND', `${opening.name} has no route.`);
      // A call that was repeated opened it some time ago: whoever was made champion since must not be put back.
      if (route.championVersion !== row.championVersion)
        throw new PerennialError(
          'ROUTE_CONFLICT',
          `${opening.name}@${route.championVersion} became the champion while the rollout began.`,
          {
            field: 'champion',
            value: route.championVersion,
            expected: `@${row.championVersion}, as when it was opened`,
          },
        );
      return {
        championVersion: row.championVersion,
        startedAt: row.startedAt,
        revision: route.revision,
        loggedInputs: route.logInputs,
      };
    },

    /** A person's order, in the audit before it takes effect. */
    async noteOrder({
      name,
      number,
      key,
      order,
      actor,
      reason,
      phase,
    }: RolloutKey & Order & { key: string; order: RolloutOrderName; phase: string }): Promise<void> {
      const details = { reason, phase };
      await store.rollouts.note(name, number, { key, actor, action: `rollout.${order}`, details });
    },

    async recordLook({ name, number, look }: RolloutKey & { look: LookRow }): Promise<void> {
      await store.rollouts.recordLook(name, number, look);
    },

    async markPromoted({ name, number }: RolloutKey): Promise<void> {
      await store.rollouts.markPromoted(name, number);
    },

    /** Ends the rollout's row once; a repeated call changes nothing. One that never opened has nothing to close. */
    async closeRollout({
      name,
      number,
      executionId,
      outcome,
      reason,
      actor,
    }: RolloutKey & {
      executionId: string;
      outcome: RolloutOutcome;
      reason: string;
      actor?: string;
    }): Promise<void> {
      const row = await store.rollouts.get(name, number);
      if (row?.executionId !== executionId) return;
      await store.rollouts.close(name, number, { status: outcome, reason, actor });
    },
  };

  async function open({ policy, startedBy, challengerVersion, ...rest }: OpenRollout): Promise<RolloutRow> {
    const { name, number, id, executionId } = rest;
    const opening = { name, number, id, executionId, challengerVersion, policy, startedBy };
    try {
      return await store.rollouts.open(opening);
    } catch (error) {
      if (!(error instanceof PerennialError && error.code === 'ROLLOUT_IN_PROGRESS')) throw error;
      const other = await store.rollouts.running(name);
      if (other && !(await releaseAbandoned(dependencies, other))) throw error;
      return store.rollouts.open(opening);
    }
  }
}

/** Which loss `auto` stands for is known by the version alone, so the policy's schema cannot refuse it. */
async function refuseBoundlessLoss(
  store: Store,
  { name, challengerVersion, policy }: Pick<OpenRollout, 'name' | 'challengerVersion' | 'policy'>,
): Promise<void> {
  const { accuracy } = policy.guards;
  if (!accuracy || accuracy.bound !== undefined) return;
  const version = await store.registry.get(name, challengerVersion);
  if (!version) return; // Opening says so.
  const { task } = version.signature;
  const loss = resolveLoss(accuracy.loss, task === 'regression' ? 'regression' : 'classification');
  if (!needsBound(loss)) return;
  throw new PerennialError(
    'INVALID_INPUT',
    `The ${loss} loss of ${name}, a ${task} task, has no bound of its own.`,
    { field: 'guards.accuracy.bound', expected: 'the most that one row may cost, in units of the loss' },
  );
}
