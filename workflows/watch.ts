import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { dataTriggerId } from '../decisions/lifecycle/newData.ts';
import { follow, isHealthy } from '../decisions/watch/follow.ts';
import {
  triggerSignal,
  watchDefinition,
  watchedSignal,
  watchNow,
  watchQuery,
  type Watched,
  type WatchFailures,
  type WatchRunInput,
  type WatchState,
} from './lifecycleMessages.ts';
import { ids } from './messages.ts';
import { orchestrator, step, trainer, trainerOptions } from './options.ts';

/** A window costs about 17; whoever takes over a watch replays all of them. */
const MAX_HISTORY_EVENTS = 1_000;
/** What the watch cannot do without is tried again so often. */
const RETRY_MS = 60_000;
/** Since then a window that ended by itself is told of after one whose end somebody said. */
const BACK_IN_TIME = 'told-after-driven';
/** Since 0.1.0's histories: a fall is weighed over all labels of a champion. */
const EVIDENCE = 'fall-evidence';

/**
 * Looks at the champion's predictions, window by window, for as long as its lifecycle wants: counts in an activity,
 * judges here, so that every verdict stands in the history, and tells the lifecycle where there is something to say.
 */
export async function watch(input: WatchRunInput): Promise<void> {
  const state: WatchState = input.carried ?? { windows: 0, verdicts: [] };
  let definition = { definitionHash: input.definitionHash, baseDirectory: input.baseDirectory };
  let changed = false;
  // Until the definition is read.
  let busy = true;
  const { name } = input;
  const describe = () =>
    insist('definition', () =>
      orchestrator.describeWatch.executeWithOptions(step('Read the definition'), [definition]),
    );
  let slice: Awaited<ReturnType<typeof describe>> | undefined;

  // Before anything is waited for: an update may be the first thing that a new execution meets.
  setHandler(watchQuery, () => ({ ...state, name, everyMs: slice?.policy.everyMs ?? 0 }));
  setHandler(watchDefinition, (next) => {
    definition = next;
    changed = true;
  });
  setHandler(
    watchNow,
    async ({ to }) => {
      await untilFree();
      // What was accepted before it may have looked further.
      refuseEarlier(state, to);
      return look(to);
    },
    { validator: ({ to }: { to?: string }) => refuseEarlier(state, to) },
  );

  if (!input.carried) {
    // Somebody ended the watch before this one, or the installation was restored: its windows are numbered on.
    const last = await insist('window', () =>
      orchestrator.lastWindow.executeWithOptions(step('Read the last window'), [{ name }]),
    );
    Object.assign(state, last);
  }
  slice = await describe();
  busy = false;
  while (slice) {
    const due = !(await condition(() => changed || isLong(), slice.policy.everyMs));
    await untilFree();
    if (changed) {
      changed = false;
      slice = await describe();
      // Of what it does not name any more nothing is known.
      if (!slice?.labels) forget('labels');
      if (slice?.onNewDataEveryMs === undefined) forget('sources');
    } else if (due) {
      await look();
    } else {
      await condition(() => !busy && allHandlersFinished());
      await continueAsNew<typeof watch>({ name, ...definition, carried: state });
    }
  }
  await condition(allHandlersFinished);

  /** Whoever else waited may have been first. */
  async function untilFree(): Promise<void> {
    while (busy) await condition(() => !busy);
  }

  /** One window, to its end or to nothing. */
  async function look(to?: string): Promise<Watched | null> {
    if (!slice) return null;
    busy = true;
    try {
      return await lookAt(slice, to);
    } finally {
      busy = false;
      show(name, state);
    }
  }

  async function lookAt(
    { policy, labels, onNewDataEveryMs }: NonNullable<typeof slice>,
    to?: string,
  ): Promise<Watched | null> {
    if (labels) {
      await attempt('labels', () =>
        trainer.pollLabels.executeWithOptions(long('Ask for labels'), [{ name, ...definition }]),
      );
    }
    if (onNewDataEveryMs !== undefined) await lookAtSources(onNewDataEveryMs, to);
    const number = state.windows + 1;
    const observed = await attempt('window', () =>
      trainer.observeWindow.executeWithOptions(long(`Window ${number}`), [
        {
          name,
          definitionHash: definition.definitionHash,
          number,
          from: state.to,
          to,
          healthy: state.healthy,
        },
      ]),
    );
    if (!observed) return null;
    const { facts, distributionDigest } = observed;
    // What happened in a watch that began before goes by the windows' own verdicts, as it did then.
    const { followed, verdict, signal } = follow(state, facts, policy, patched(EVIDENCE));
    const recorded = await attempt('window', () =>
      trainer.recordWindow.executeWithOptions(long(`Window ${number}: ${verdict.state}`), [
        { name, number, facts, verdict, signal, distributionDigest },
      ]),
    );
    // One that was not kept is none: the next has its number, and begins where it began.
    if (!recorded) return null;
    Object.assign(state, followed);
    state.windows = number;
    state.to = facts.to;
    if (isHealthy(verdict)) state.healthy = number;
    const told: Watched = {
      window: number,
      version: facts.version,
      to: facts.to,
      driven: to !== undefined,
      verdict,
      signal,
    };
    await tellLifecycle(told);
    return told;
  }

  /** Every window where somebody drives; otherwise those that say something, and the first one after either. */
  async function tellLifecycle(told: Watched): Promise<void> {
    const { drift, fall, belowFloor, fault } = told.signal;
    const alarming = drift || fall || belowFloor || fault;
    const subject = alarming ? 'alarm' : 'quiet';
    const isNews =
      told.driven ||
      alarming ||
      state.told === 'alarm' ||
      (state.driven && patched(BACK_IN_TIME)) ||
      state.windows <= 1;
    if (!isNews) return;
    await getExternalWorkflowHandle(ids.lifecycle(name))
      .signal(watchedSignal, told)
      .then(
        () => Object.assign(state, { told: subject, driven: told.driven }),
        () => undefined, // Nobody lives there any more; the report is kept.
      );
  }

  /** Tells of what the sources hold with each look, until the lifecycle has taken it: it may be away, or busy. */
  async function lookAtSources(everyMs: number, to?: string): Promise<void> {
    const at =
      to ??
      (await attempt('sources', () => orchestrator.clock.executeWithOptions(step('What time is it?'), [])));
    if (at === undefined) return;
    if (state.sourcesAt !== undefined && Date.parse(at) < Date.parse(state.sourcesAt) + everyMs) return;
    const probed = await attempt('sources', () =>
      trainer.probeSources.executeWithOptions(long('Look at the sources'), [{ name, ...definition }]),
    );
    if (!probed) return;
    state.sourcesAt = at;
    if (probed.taken) return;
    await getExternalWorkflowHandle(ids.lifecycle(name))
      .signal(triggerSignal, {
        id: dataTriggerId(probed.digest),
        kind: 'data',
        reason: 'The sources hold something else than what the last training read.',
        by: ids.watch(name),
        at,
      })
      .catch(() => undefined);
  }

  /** A step that fails for good is passed over, not the end of the watch. */
  async function attempt<T>(which: keyof WatchFailures, body: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await body();
      forget(which);
      return result;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      state.failures = { ...state.failures, [which]: error.cause?.message ?? error.message };
      return undefined;
    }
  }

  /** Again and again: without it nothing can be watched. */
  async function insist<T>(which: keyof WatchFailures, body: () => Promise<T>): Promise<T> {
    for (;;) {
      const done = await attempt(which, async () => ({ result: await body() }));
      if (done) return done.result;
      show(name, state);
      await sleep(RETRY_MS);
    }
  }

  function forget(which: keyof WatchFailures): void {
    const others = { ...state.failures };
    delete others[which];
    state.failures = Object.keys(others).length > 0 ? others : undefined;
  }
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength > MAX_HISTORY_EVENTS || continueAsNewSuggested;
}

function refuseEarlier(state: WatchState, to: string | undefined): void {
  if (to === undefined) return;
  const after = state.to ?? '';
  if (!Number.isNaN(Date.parse(to)) && new Date(Date.parse(to)).toISOString() > after) return;
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    message: `to is ${to}; expected a time after ${after || '1970'}.`,
    nonRetryable: true,
    details: [{ field: 'to', value: to, expected: `an ISO 8601 time after ${after || '1970'}` }],
  });
}

function long(summary: string): typeof trainerOptions {
  return { ...trainerOptions, summary };
}

function show(name: string, state: WatchState): void {
  const last = state.verdicts.at(-1);
  const lines = [`**watch/${name}**: ${state.windows} windows, the last until ${state.to ?? 'never'}`];
  if (last) lines.push('', `**${last.state}**. ${last.reason}`);
  for (const [which, why] of Object.entries(state.failures ?? {}))
    lines.push('', `**${which}** failed: ${why}`);
  setCurrentDetails(lines.join('\n'));
}
