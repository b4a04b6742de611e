import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import { attempt, MAX_RETRY_MS, persist, timesFailed } from './lifecycle/mishaps.ts';
import { handleOrders } from './lifecycle/orders.ts';
import { askForRollout } from './lifecycle/replacing.ts';
import { beginLifecycle, progressOf, show, sliceOf, type Lifecycle } from './lifecycle/state.ts';
import { lookAgain } from './lifecycle/lookAgain.ts';
import { askForTraining } from './lifecycle/training.ts';
import { consider } from './lifecycle/triggers.ts';
import { onWatched } from './lifecycle/watched.ts';
import { keepSchedule, keepWatch } from './lifecycle/watching.ts';
import {
  lifecycleQuery,
  triggerSignal,
  watchedSignal,
  type LifecycleInput,
  type LifecycleState,
} from './lifecycleMessages.ts';
import { ids } from './messages.ts';
import { orchestrator, step } from './options.ts';

/** A window that has something to say costs about 12; whoever takes over a lifecycle replays all of them. */
const MAX_HISTORY_EVENTS = 1_000;
/** How often the end of a child of an earlier execution is asked for. */
const ASK_EVERY_MS = 15_000;

/**
 * A model's life, for as long as it lives: owns what is deployed, starts trainings, rollouts and the watch, and decides
 * what each trigger, window and order leads to. Everything that happens to it passes through one queue.
 */
export async function lifecycle(input: LifecycleInput): Promise<void> {
  const self = beginLifecycle(input);
  setHandler(lifecycleQuery, () => progressOf(self));
  // Nobody waits for what a signal leads to: a failure of it would have nobody to go to but the workflow, and one that was
  // cancelled meanwhile would end unretired.
  setHandler(triggerSignal, (trigger) => void self.queue.push(() => consider(self, trigger)));
  setHandler(watchedSignal, (told) => void self.queue.push(() => onWatched(self, told)));
  handleOrders(self);
  upsertSearchAttributes([{ key: searchAttributes.lifecycle, value: self.name }]);
  try {
    if (input.carried) self.queue.push(resume);
    for (;;) {
      self.working = true;
      await workOff(self);
      self.working = false;
      if (isLong(self) && isIdle(self)) {
        await condition(allHandlersFinished);
        if (isIdle(self)) break;
        continue; // Something arrived meanwhile.
      }
      await condition(() => self.queue.length > 0, restMs(self));
      if (self.queue.length === 0) self.queue.push(onTime);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => retire(self));
    throw error;
  }
  await continueAsNew<typeof lifecycle>({ name: self.name, carried: self.state });
}

/** One after the other, and after each what waited is looked at again. */
async function workOff(self: Lifecycle): Promise<void> {
  const { state } = self;
  const before = state.revision;
  const essential = essentials(state);
  for (let next = self.queue.shift(); next; next = self.queue.shift()) {
    const was = JSON.stringify(state);
    await persist(self, next);
    // A training or a rollout that has ended arrives once.
    for (const id of self.own) if (!isOpen(self, id)) self.own.delete(id);
    if (state.pending) await lookAgain(self);
    // Questions and notes are named by it, so each of those that are done in one go has its own.
    if (JSON.stringify(state) !== was) state.revision++;
  }
  if (state.revision === before) return;
  show(self);
  // That another window was quiet need not be kept each time: what it changed is the watch's to remember.
  const isTime = Math.floor(state.revision / KEEP_EVERY) > Math.floor(before / KEEP_EVERY);
  if (essentials(state) === essential && !isTime) return;
  await persist(self, keepState);
}

async function keepState({ name, state }: Lifecycle): Promise<void> {
  await orchestrator.keepState.executeWithOptions(step('Keep what it knows'), [{ name, state }]);
}

const KEEP_EVERY = 20;

/** All but what each window changes. */
function essentials({ watched, clock, revision, ...rest }: LifecycleState): string {
  return JSON.stringify({
    ...rest,
    replayed: clock !== undefined,
    known: revision > 0 && watched !== undefined,
  });
}

function isOpen({ name, state }: Lifecycle, id: string): boolean {
  return (
    (state.training && ids.training(name, state.training.run) === id) || state.rollout?.workflowId === id
  );
}

/** After a continue-as-new; and after an installation was restored, whose Temporal knows neither watch nor schedule. */
async function resume(self: Lifecycle): Promise<void> {
  if (!self.state.deployment) return;
  await keepSchedule(self, (await sliceOf(self)).retrain?.schedule);
  await keepWatch(self);
}

function isLong({ own }: Lifecycle): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  // The ends of its own children arrive by themselves, and whoever takes over has to ask for them. But a rollout may wait
  // for a person for days, with a drift that is told of every minute.
  if (own.size === 0) return continueAsNewSuggested || historyLength > MAX_HISTORY_EVENTS;
  return continueAsNewSuggested && patched('long-with-children');
}

/**
 * Nothing is to be done, now or after a while, that the next execution would not know of. It asks for the ends of trainings
 * and rollouts; what else was put off for so long is let go, before Temporal ends the lifecycle for its history.
 */
function isIdle({ queue, putOff }: Lifecycle): boolean {
  return queue.length === 0 && (putOff.size === 0 || workflowInfo().continueAsNewSuggested);
}

/** Until something has to be done without anybody's word; undefined is never. */
function restMs(self: Lifecycle): number | undefined {
  const { name, state, own, dueInMs } = self;
  const orphaned =
    (state.training && !own.has(ids.training(name, state.training.run))) ||
    (state.rollout && !own.has(state.rollout.workflowId));
  if (orphaned)
    return Math.min(MAX_RETRY_MS, ASK_EVERY_MS * 2 ** timesFailed(self, askForTraining, askForRollout));
  // In a past that somebody replays, time passes with the windows.
  return state.pending && state.clock === undefined ? dueInMs : undefined;
}

/** Each by itself, as one of them may begin what must not be forgotten; what failed is asked again when time has passed. */
async function onTime(self: Lifecycle): Promise<void> {
  await attempt(self, askForTraining);
  await attempt(self, askForRollout);
  await lookAgain(self);
}

/** Cancelled: nothing is started by itself any more. What is under way ends by itself, and the champion serves on. */
async function retire(self: Lifecycle): Promise<void> {
  while (!(await attempt(self, endSchedule))) await sleep(ASK_EVERY_MS);
  if (!self.state.watching) return;
  await getExternalWorkflowHandle(ids.watch(self.name))
    .cancel()
    .catch(() => undefined);
}

async function endSchedule(self: Lifecycle): Promise<void> {
  await keepSchedule(self, undefined);
}
