import { resolve } from 'node:path';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { definitionHash, parseDefinition, type Definition } from '../config/definition.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import { planDeployment } from '../store/deploymentPlan.ts';
import type { LifecycleRow } from '../store/lifecycleTypes.ts';
import {
  lifecycleOrders,
  type DeployAnswer,
  type LifecycleInput,
  type LifecycleProgress,
} from '../workflows/lifecycleMessages.ts';
import { ids, queues } from '../workflows/messages.ts';
import type { Order } from '../workflows/orderMessages.ts';
import { carriedState } from './carriedState.ts';
import type { ClientContext } from './client.ts';
import { fromFailure } from './failure.ts';
import { inboxCalls, type InboxCalls } from './inbox.ts';
import { attachLifecycle, keptProgress, refuseMalformed, type LifecycleHandle } from './lifecycleHandle.ts';
import { loadDefinition } from './loadDefinition.ts';
import type { Chunk } from './replayPast.ts';
import type { PassedSeasons } from './seasons.ts';
import { attachWatch, type WatchHandle } from './watchHandle.ts';

export interface DeployOptions extends Order {
  /** Where the definition's relative paths start. Default: the folder of its file, else the working directory. */
  baseDirectory?: string;
  /** ISO 8601, where the past is replayed: no training knows of anything later. */
  at?: string;
  /** Tells what would be done, and does nothing. */
  dryRun?: boolean;
}

export interface DeployedDefinition extends DeployAnswer {
  name: string;
  definitionHash: string;
  workflowId: string;
  uiUrl?: string;
  dryRun: boolean;
}

/** Lifecycles: what is deployed, watched and retrained. */
export interface LifecycleCalls extends InboxCalls {
  /**
   * Makes a definition the one that its lifecycle lives by, and begins that lifecycle where it is the first. Answers when
   * it has taken effect: trainings, rollouts and the watch go on by themselves.
   *
   * @param definition from defineLifecycle, or the path of its file
   * @throws PerennialError INVALID_DEFINITION, INVALID_INPUT
   * @example
   * const { action, changes } = await client.lifecycles.deploy('lifecycle.ts', { actor: 'ada', reason: 'watch it' });
   */
  deploy(definition: Definition | string, options: DeployOptions): Promise<DeployedDefinition>;
  /** By name. */
  list(): Promise<DeployedLifecycle[]>;
  /** What is done with it says whether there is one. */
  attach(name: string): LifecycleHandle;
  /** The watch over a lifecycle's champion, and what it has seen. */
  watch(name: string): WatchHandle;
  /**
   * Deploys a definition as of a moment of its own data, and lets the time after it pass in minutes.
   *
   * @returns what each chunk of it came to; nothing where it was deployed before
   * @throws PerennialError INVALID_DEFINITION, INVALID_INPUT, SOURCE_NOT_FOUND ...
   */
  livePast(definition: string, how: PassedSeasons): Promise<Chunk[]>;
}

/** As it was after its last change. */
export type DeployedLifecycle = Pick<LifecycleRow, 'name' | 'definitionHash' | 'deployedBy' | 'deployedAt'> &
  Pick<LifecycleProgress, 'phase' | 'champion' | 'paused' | 'approval' | 'watched'> & { number: number };

export function lifecycleCalls(context: ClientContext): LifecycleCalls {
  const { store } = context;
  return {
    deploy: (definition, options) => deploy(context, definition, options),
    list: async () => (await store.lifecycles.list()).map(deployedLifecycle),
    attach: (name) => attachLifecycle(context, name),
    watch: (name) => attachWatch(context, name),
    async livePast(path, how) {
      // It brings DuckDB and ONNX Runtime along.
      const { passSeasons } = await import('./seasons.ts');
      const loaded = await loadDefinition(path);
      return passSeasons(context, (given, options) => deploy(context, given, options), loaded, how);
    },
    ...inboxCalls(context),
  };
}

async function deploy(
  context: ClientContext,
  given: Definition | string,
  options: DeployOptions,
): Promise<DeployedDefinition> {
  const { actor, reason, at, dryRun = false } = options;
  refuseMalformed(options);
  const loaded =
    typeof given === 'string'
      ? await loadDefinition(given)
      : { definition: parseDefinition(given), baseDirectory: process.cwd() };
  const { definition } = loaded;
  const { name } = definition;
  const workflowId = ids.lifecycle(name);
  const answer = dryRun
    ? await dryRunOf(context, definition)
    : await order(context, definition, {
        actor,
        reason,
        at,
        baseDirectory: resolve(options.baseDirectory ?? loaded.baseDirectory),
      });
  return {
    ...answer,
    name,
    definitionHash: definitionHash(definition),
    workflowId,
    uiUrl: context.uiUrl(workflowId),
    dryRun,
  };
}

async function order(
  { client, store }: ClientContext,
  definition: Definition,
  { actor, reason, at, baseDirectory }: Order & { baseDirectory: string; at?: string },
): Promise<DeployAnswer> {
  const { name } = definition;
  const hash = await store.definitions.put(definition);
  const kept = await store.lifecycles.get(name);
  // One that was removed, or that its Temporal lost, goes on from what was kept; one that is under way takes no notice.
  const input: LifecycleInput = kept ? { name, carried: await carriedState(store, kept) } : { name };
  const start = new WithStartWorkflowOperation('lifecycle', {
    workflowId: ids.lifecycle(name),
    taskQueue: queues.orchestrator,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: [{ key: searchAttributes.lifecycle, value: name }],
    staticSummary: `The life of ${name}`,
    staticDetails: `Predicts \`${definition.target}\`. Begun by ${actor}: ${reason}`,
  });
  try {
    return await client.workflow.executeUpdateWithStart(lifecycleOrders.deploy, {
      args: [{ definitionHash: hash, baseDirectory, actor, reason, at }],
      startWorkflowOperation: start,
    });
  } catch (error) {
    throw fromFailure(error);
  }
}

async function dryRunOf({ store }: ClientContext, definition: Definition): Promise<DeployAnswer> {
  const { changes, action, before } = await planDeployment(store, definition);
  return { number: before + 1, changes, action };
}

function deployedLifecycle(row: LifecycleRow): DeployedLifecycle {
  const { phase, champion, paused, approval, watched, deployment } = keptProgress(row);
  const { name, definitionHash: hash, deployedBy, deployedAt } = row;
  return {
    name,
    number: deployment?.number ?? 1,
    phase,
    champion,
    definitionHash: hash,
    deployedBy,
    deployedAt,
    paused,
    approval,
    watched,
  };
}
