import {
  condition,
  continueAsNew,
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { searchAttributes } from '../config/searchAttributes.ts';
import { leader } from '../decisions/leader.ts';
import type { candidate } from './candidate.ts';
import {
  ids,
  searchParallelism,
  searchProgress,
  type SearchInput,
  type SearchResult,
  type SearchState,
} from './messages.ts';

/** A candidate costs 5 to 12; the server suggests it at 4,096, but whoever takes over a search replays all of them. */
const MAX_HISTORY_EVENTS = 1_000;
const MAX_SIGNALS_TO_PARENT = 100;

/**
 * The grid search: one child workflow per candidate, at most `parallelism` at the same time. The best is the same in
 * whatever order the candidates end. A long search continues as new between candidates.
 */
export async function search(input: SearchInput): Promise<SearchResult> {
  const state: SearchState = input.carried ?? { next: 0, done: 0, failed: 0, parallelism: input.parallelism };
  let running = 0;
  let broken: { error: unknown } | undefined;

  setHandler(searchParallelism, (parallelism) => {
    state.parallelism = parallelism;
  });

  const parent = workflowInfo().parent;
  const every = Math.max(1, Math.ceil(input.total / MAX_SIGNALS_TO_PARENT));
  const report = async (): Promise<void> => {
    setCurrentDetails(describe(input, state, running));
    const ended = state.done + state.failed;
    if (!parent || (ended % every !== 0 && ended !== input.total)) return;
    const { done, failed, best } = state;
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(searchProgress, { done, failed, best, running })
      .catch(() => undefined); // The parent is closing: nobody is left to be told.
  };

  const evaluate = async (index: number): Promise<void> => {
    try {
      const result = await executeChild<typeof candidate>('candidate', {
        workflowId: ids.candidate(input.name, input.run, index),
        args: [
          {
            name: input.name,
            run: input.run,
            index,
            definitionHash: input.definitionHash,
            featuresDigest: input.featuresDigest,
          },
        ],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `Candidate ${index} of ${input.name}`,
        typedSearchAttributes: [
          { key: searchAttributes.lifecycle, value: input.name },
          { key: searchAttributes.run, value: input.run },
        ],
      });
      if (result.status === 'done') {
        const { index: at, learner, params, mean, std } = result;
        state.best = leader(state.best, { index: at, learner, params, mean, std }, input.metric.better);
        state.done++;
      } else {
        const { learner, reason } = result;
        if (state.refusal === undefined || index < state.refusal.index)
          state.refusal = { index, learner, reason };
        state.failed++;
      }
    } finally {
      running--;
    }
    await report();
  };

  const underWay: Promise<void>[] = [];
  const mayContinueAsNew = (): boolean =>
    workflowInfo().historyLength > MAX_HISTORY_EVENTS || workflowInfo().continueAsNewSuggested;
  while (state.next < input.total && !mayContinueAsNew()) {
    await condition(() => running < state.parallelism || broken !== undefined);
    if (broken) break;
    running++;
    underWay.push(
      evaluate(state.next++).catch((error: unknown) => {
        broken ??= { error };
      }),
    );
  }
  await Promise.all(underWay);
  if (broken) throw broken.error;
  if (state.next < input.total) return continueAsNew<typeof search>({ ...input, carried: state });
  return { done: state.done, failed: state.failed, best: state.best, refusal: state.refusal };
}

function describe(input: SearchInput, state: SearchState, running: number): string {
  const best = state.best
    ? `\n\nBest so far: **${state.best.learner}** \`${JSON.stringify(state.best.params)}\` ${input.metric.name} ${state.best.mean.toFixed(5)} ± ${state.best.std.toFixed(5)}`
    : '';
  return `${state.done + state.failed} of ${input.total} candidates, ${running} under way, ${state.failed} refused${best}`;
}
