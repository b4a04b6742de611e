import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { LifecycleSlice } from '../../activities/lifecycle.ts';
import { searchAttributes } from '../../config/searchAttributes.ts';
import {
  newLifecycle,
  phaseOf,
  type LifecycleInput,
  type LifecycleProgress,
  type LifecycleState,
} from '../lifecycleMessages.ts';
import { orchestrator, step } from '../options.ts';
import { describeLifecycle } from './details.ts';

/** Something to be done. */
export type Step = (self: Lifecycle) => Promise<void>;

/** A lifecycle under way: what it knows, and the queue through which everything that happens to it passes, one by one. */
export interface Lifecycle {
  readonly name: string;
  readonly state: LifecycleState;
  /** Of the deployed definition; read when it is first needed. */
  slice?: LifecycleSlice;
  /** What has arrived and has yet to be done. */
  readonly queue: Step[];
  /** Something of it is being done. */
  working: boolean;
  /** From the last look at what is pending until its time comes; absent where it waits for no time. */
  dueInMs?: number;
  /** Children of this very execution, whose ends arrive by themselves; others are asked for. */
  readonly own: Set<string>;
  /** How often in a row steps have failed. */
  readonly failures: Map<Step, number>;
  /** Steps that failed and come back into the queue when their time has come. */
  readonly putOff: Set<Step>;
}

const MAX_RECENT = 20;
const MAX_SEEN = 200;

export function beginLifecycle({ name, carried }: LifecycleInput): Lifecycle {
  return {
    name,
    queue: [],
    working: false,
    own: new Set(),
    failures: new Map(),
    putOff: new Set(),
    state: carried ?? newLifecycle(),
  };
}

/** Runs `body` when everything that arrived before it has been done. @returns its result */
export async function inTurn<T>(self: Lifecycle, body: () => Promise<T>): Promise<T> {
  let ended: { value: T } | { error: unknown } | undefined;
  self.queue.push(async () => {
    try {
      ended = { value: await body() };
    } catch (error) {
      ended = { error };
    }
  });
  await condition(() => ended !== undefined);
  if (ended === undefined) throw new Error('unreachable');
  if ('error' in ended) throw ended.error;
  return ended.value;
}

export function progressOf({ name, state, queue, putOff, working }: Lifecycle): LifecycleProgress {
  const settled = queue.length === 0 && putOff.size === 0 && !working;
  return { ...state, name, phase: phaseOf(state), settled };
}

/** What is under way, so that nothing else may begin. */
export function busyWith({ state }: Lifecycle): string | undefined {
  if (state.training) return `training ${state.training.run}`;
  if (state.rollout) return `rollout ${state.rollout.number}`;
  return undefined;
}

/** The definition's slice; the deployed one's is read once in each execution. */
export async function sliceOf(self: Lifecycle): Promise<LifecycleSlice> {
  const { deployment } = self.state;
  if (!deployment) throw new Error('nothing is deployed yet');
  const slice =
    self.slice ??
    (await orchestrator.describeLifecycle.executeWithOptions(step('Read the definition'), [
      { definitionHash: deployment.definitionHash },
    ]));
  self.slice = slice;
  return slice;
}

/** What time it is: the database's, or that of the past that somebody replays. */
export async function now({ state }: Lifecycle): Promise<string> {
  return state.clock ?? orchestrator.clock.executeWithOptions(step('What time is it?'), []);
}

/** For people: the last few things that happened. */
export function tell({ state }: Lifecycle, at: string, text: string): void {
  state.recent = [...state.recent, { at, text }].slice(-MAX_RECENT);
}

export function remember({ state }: Lifecycle, triggerId: string): void {
  state.seen = [...state.seen, triggerId].slice(-MAX_SEEN);
}

export function show(self: Lifecycle): void {
  const phase = phaseOf(self.state);
  upsertSearchAttributes([{ key: searchAttributes.stage, value: phase }]);
  setCurrentDetails(describeLifecycle(progressOf(self)));
}
