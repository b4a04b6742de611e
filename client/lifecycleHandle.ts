import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { PerennialError } from '../config/errors.ts';
import type { LifecycleRow } from '../store/lifecycleTypes.ts';
import {
  lifecycleOrders,
  lifecycleQuery,
  newLifecycle,
  phaseOf,
  type LifecycleProgress,
  type LifecycleState,
} from '../workflows/lifecycleMessages.ts';
import { ids } from '../workflows/messages.ts';
import { malformedPart, type Order } from '../workflows/orderMessages.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';

/** How a lifecycle stands. */
export interface LifecycleStanding extends LifecycleProgress {
  /** False where it was removed, or where its Temporal lost it: then it is what was kept last. */
  live: boolean;
}

/**
 * The life of a model that was deployed.
 *
 * An order throws PerennialError LIFECYCLE_STATE where the state does not take it, NOT_FOUND where nothing of this name
 * was ever deployed, INVALID_INPUT where actor or reason are missing or `at` is no time.
 */
export interface LifecycleHandle {
  readonly name: string;
  readonly workflowId: string;
  /** Of the workflow in the Temporal Web UI, where its address is known. */
  readonly uiUrl?: string;
  /** Answered by a worker; from the database where the workflow is gone. @throws PerennialError NOT_FOUND */
  progress(): Promise<LifecycleStanding>;
  /** Starts nothing by itself until resumed; what is under way goes on. */
  pause(order: Order): Promise<LifecycleProgress>;
  resume(order: Order): Promise<LifecycleProgress>;
  /** Trains now, whatever the cooldown says. @param order `at`: rows are those known then, ISO 8601; default now */
  retrain(order: Order & { at?: string }): Promise<LifecycleProgress>;
  /** Answers what a person is asked. @param order `id`: of the question, as `inbox()` has it */
  approve(order: Order & { id: string }): Promise<LifecycleProgress>;
  reject(order: Order & { id: string }): Promise<LifecycleProgress>;
  /**
   * Ends it, with its schedule and its watch. A training or a rollout that is under way ends by itself, the champion
   * serves on, and everything that was kept stays; the next deployment goes on from there.
   */
  remove(order: Order): Promise<LifecycleStanding>;
}

export function attachLifecycle(context: ClientContext, name: string): LifecycleHandle {
  const workflowId = ids.lifecycle(name);
  const handle: WorkflowHandle = context.client.workflow.getHandle(workflowId);
  const give =
    <Given extends Order>(which: Exclude<keyof typeof lifecycleOrders, 'deploy'>) =>
    async (order: Given): Promise<LifecycleProgress> => {
      refuseMalformed(order);
      try {
        return await handle.executeUpdate<LifecycleProgress, [Given]>(lifecycleOrders[which].name, {
          args: [order],
        });
      } catch (error) {
        throw await explainAbsence(context, name, error);
      }
    };
  return {
    name,
    workflowId,
    uiUrl: context.uiUrl(workflowId),
    progress: () => readStanding(context, name, handle),
    pause: give('pause'),
    resume: give('resume'),
    retrain: give('retrain'),
    approve: give('approve'),
    reject: give('reject'),
    remove: (order) => remove(context, name, handle, order),
  };
}

/** What was kept of a lifecycle, as its workflow would tell it. */
export function keptProgress({ name, state, ...row }: LifecycleRow): LifecycleProgress {
  const kept: LifecycleState = {
    ...newLifecycle(),
    revision: row.revision,
    ...(state as Partial<LifecycleState>),
  };
  return { ...kept, name, phase: phaseOf(kept), settled: true };
}

/** @throws PerennialError INVALID_INPUT, before anything is started for a malformed order */
export function refuseMalformed(order: Order & { at?: string }): void {
  const fault = malformedPart(order);
  if (!fault) return;
  const { field, found, expected } = fault;
  const verb = field === 'at' ? 'is' : 'has';
  throw new PerennialError('INVALID_INPUT', `The ${field} ${verb} ${found}.`, {
    field,
    value: order[field],
    expected,
  });
}

async function readStanding(
  context: ClientContext,
  name: string,
  handle: WorkflowHandle,
): Promise<LifecycleStanding> {
  if ((await openRun(handle)) !== undefined) {
    const progress = await handle.query(lifecycleQuery).catch((error: unknown) => {
      throw fromFailure(error);
    });
    return { ...progress, live: true };
  }
  const row = await context.store.lifecycles.get(name);
  if (!row) throw notDeployed(name);
  return { ...keptProgress(row), live: false };
}

async function remove(
  context: ClientContext,
  name: string,
  handle: WorkflowHandle,
  order: Order,
): Promise<LifecycleStanding> {
  refuseMalformed(order);
  const run = await openRun(handle);
  if (run === undefined) throw await goneError(context, name);
  const { actor, reason } = order;
  await context.store.lifecycles.note(name, {
    key: `${run}/remove`,
    actor,
    action: 'lifecycle.remove',
    details: { reason },
  });
  try {
    await handle.cancel();
    await handle.result(); // Its schedule and its watch are gone when it is.
  } catch (error) {
    const cancelled = error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
    if (!cancelled) throw await explainAbsence(context, name, error);
  }
  return readStanding(context, name, handle);
}

/** Of the execution that is under way. */
async function openRun(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    const { status, runId } = await handle.describe();
    return status.name === 'RUNNING' ? runId : undefined;
  } catch (error) {
    const known = fromFailure(error);
    if (known.code === 'NOT_FOUND') return undefined;
    throw known;
  }
}

/** A workflow that has ended takes no update, which Temporal calls not found. */
async function explainAbsence(context: ClientContext, name: string, error: unknown): Promise<PerennialError> {
  const known = fromFailure(error);
  return known.code === 'NOT_FOUND' ? goneError(context, name) : known;
}

async function goneError({ store }: ClientContext, name: string): Promise<PerennialError> {
  if (!(await store.lifecycles.get(name))) return notDeployed(name);
  return new PerennialError('LIFECYCLE_STATE', `${ids.lifecycle(name)} is not under way any more.`, {
    field: 'state',
    value: 'removed',
    expected: 'a lifecycle that is under way; `npx perennial deploy` brings it back',
  });
}

export function notDeployed(name: string): PerennialError {
  return new PerennialError('NOT_FOUND', `There is no lifecycle ${name}.`, {
    field: 'lifecycle',
    value: name,
    expected: 'one that `npx perennial lifecycle list` lists; `npx perennial deploy` begins one',
  });
}
