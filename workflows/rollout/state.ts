import {
  CancellationScope,
  condition,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../../config/searchAttributes.ts';
import { ids } from '../messages.ts';
import type { Order } from '../orderMessages.ts';
import type {
  RolloutInput,
  RolloutOrderName,
  RolloutOutcome,
  RolloutPhase,
  RolloutProgress,
  RolloutState,
} from '../rolloutMessages.ts';
import { describeRollout } from './details.ts';

/** A rollout under way: what it knows, and what its course and a person's orders tell each other. */
export interface Rollout {
  readonly id: string;
  /** The first execution, which continue-as-new keeps: everything that is done has a key that begins with it. */
  readonly executionId: string;
  readonly input: RolloutInput;
  readonly state: RolloutState;
  /** An order in the audit, which the course has yet to carry out. */
  order?: GivenOrder;
  /** An order is being written, or the course changes something: one at a time. */
  busy: boolean;
  /** The scoring of pairs that is under way beside the looks. */
  pairing?: CancellationScope;
  end?: { outcome: RolloutOutcome; reason: string };
}

export interface GivenOrder extends Order {
  name: RolloutOrderName;
}

/** How a rollout ends, and what becomes of its route. */
export interface Ending {
  outcome: RolloutOutcome;
  reason: string;
  /** A person; absent: the rollout itself. */
  actor?: string;
  route:
    /** The champion as before. */
    | 'restore'
    /** The challenger has become the champion. */
    | 'release'
    /** Not touched. */
    | 'leave';
}

export function beginRollout(input: RolloutInput): Rollout {
  return {
    id: ids.rollout(input.name, input.number),
    executionId: workflowInfo().firstExecutionRunId,
    input,
    busy: false,
    state: input.carried ?? {
      championVersion: 0,
      phase: 'preparing',
      stage: 0,
      stages: [],
      looks: 0,
      revision: 0,
      loggedInputs: false,
      orders: 0,
      notes: {},
      startedAt: '',
    },
  };
}

export function progressOf({ input, state, end }: Rollout): RolloutProgress {
  const { name, number, challengerVersion, policy } = input;
  return { ...state, name, number, challengerVersion, steps: policy.steps, ...end };
}

export function enterPhase(rollout: Rollout, phase: RolloutPhase): void {
  if (rollout.state.phase === phase && rollout.state.looks > 0) return show(rollout);
  rollout.state.phase = phase;
  upsertSearchAttributes([{ key: searchAttributes.stage, value: phase }]);
  show(rollout);
}

export function show(rollout: Rollout): void {
  setCurrentDetails(describeRollout(progressOf(rollout), rollout.id));
}

/** Orders and the course take turns, so that no order is accepted in one phase and takes effect in another. */
export async function inTurn<T>(
  rollout: Rollout,
  body: () => Promise<T>,
  mayBegin = (): boolean => true,
): Promise<T> {
  // Whoever else waited may have been first.
  while (rollout.busy || !mayBegin()) await condition(() => !rollout.busy && mayBegin());
  rollout.busy = true;
  try {
    return await body();
  } finally {
    rollout.busy = false;
  }
}

/** The result of `body`; undefined where an order arrives first, and `body` is cancelled. */
export async function unlessOrdered<T>(rollout: Rollout, body: () => Promise<T>): Promise<T | undefined> {
  const scope = new CancellationScope();
  let ended: { value: T } | { error: unknown } | undefined;
  scope.run(body).then(
    (value) => (ended = { value }),
    (error: unknown) => (ended = { error }),
  );
  await condition(() => ended !== undefined || rollout.order !== undefined);
  if (ended === undefined) {
    scope.cancel();
    return undefined;
  }
  if ('error' in ended) throw ended.error;
  return ended.value;
}
