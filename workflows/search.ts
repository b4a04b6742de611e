import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { leader } from '../decisions/leader.ts';
import { begin, end, mayBegin, type StopRule } from '../decisions/search/hopeless.ts';
import {
  searchParallelism,
  searchProgress,
  type CandidateResult,
  type SearchInput,
  type SearchResult,
  type SearchState,
} from './messages.ts';
import { startDeadline } from './search/deadline.ts';
import { firstRefusal, runCandidate, runFamily } from './search/runCandidate.ts';

/** A candidate costs 5 to 12; the server suggests it at 4,096, but whoever takes over a search replays all of them. */
const MAX_HISTORY_EVENTS = 1_000;
const MAX_SIGNALS_TO_PARENT = 100;

/**
 * A grid, random or automatic search: one child workflow per candidate, or per family of candidates that one fit scores,
 * at most `parallelism` at the same time. The best is the same in whatever order the candidates end. A long search
 * continues as new between candidates; one whose time is over begins no more of them.
 */
export async function search(input: SearchInput): Promise<SearchResult> {
  const state: SearchState = input.carried ?? { next: 0, done: 0, failed: 0, parallelism: input.parallelism };
  let running = 0;
  let broken: { error: unknown } | undefined;

  setHandler(searchParallelism, (parallelism) => {
    state.parallelism = parallelism;
  });

  const deadline = await startDeadline(input.searchMs, state.until);
  if (deadline.until !== undefined) state.until = deadline.until;
  const parent = workflowInfo().parent;
  const every = Math.max(1, Math.ceil(input.total / MAX_SIGNALS_TO_PARENT));
  let told = Math.floor((state.done + state.failed) / every);
  const report = async (): Promise<void> => {
    setCurrentDetails(describe(input, state, running));
    const ended = state.done + state.failed;
    const steps = Math.floor(ended / every);
    if (!parent || (steps === told && ended !== input.total)) return;
    told = steps;
    const { done, failed, best } = state;
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(searchProgress, { done, failed, best, running })
      .catch(() => undefined); // The parent is closing: nobody is left to be told.
  };

  const families = new Map(input.families?.map((indices) => [indices[0], indices]));
  const followers = new Set(input.families?.flatMap((indices) => indices.slice(1)));
  const passFollowers = (): void => {
    while (followers.has(state.next)) state.next++;
  };

  const rule: StopRule | undefined = input.stopEarly && { ...input.stopEarly, better: input.metric.better };
  let standing = state.standing ?? { begun: 0, ended: [] };
  const train = async (index: number, toBeat: number | undefined): Promise<CandidateResult[]> => {
    const family = families.get(index);
    if (family) return runFamily(input, family);
    // The first is carried through, so that a search with too little time has something all the same.
    const until = index === 0 ? undefined : deadline.until;
    const bounds = { ...(until === undefined ? {} : { until }), ...(toBeat === undefined ? {} : { toBeat }) };
    return [await runCandidate(input, index, bounds)];
  };
  const evaluate = async (index: number): Promise<void> => {
    const number = standing.begun;
    if (rule) standing = begin(standing, rule);
    let results: CandidateResult[] = [];
    try {
      results = await train(index, standing.toBeat);
    } finally {
      running--;
    }
    results.forEach(note);
    if (rule) standing = end(standing, number, wholeMeans(results), rule);
    await report();
  };
  const note = (result: CandidateResult): void => {
    if (result.status === 'done') {
      const { index: at, learner, params, mean, std, stopped } = result;
      const score = { index: at, learner, params, mean, std };
      if (stopped) state.stopped = (state.stopped ?? 0) + 1;
      else state.best = leader(state.best, score, input.metric.better);
      state.done++;
    } else {
      state.refusal = firstRefusal(state.refusal, result);
      state.failed++;
    }
  };

  const underWay: Promise<void>[] = [];
  const mayContinueAsNew = (): boolean =>
    workflowInfo().historyLength > MAX_HISTORY_EVENTS || workflowInfo().continueAsNewSuggested;
  while (state.next < input.total && !mayContinueAsNew()) {
    await condition(() => {
      const free = running < state.parallelism && (!rule || mayBegin(standing, rule));
      return free || broken !== undefined || deadline.over();
    });
    if (broken || deadline.over()) break;
    running++;
    underWay.push(
      evaluate(state.next++).catch((error: unknown) => {
        broken ??= { error };
      }),
    );
    passFollowers();
  }
  await Promise.all(underWay);
  if (broken) throw broken.error;
  const untried = input.total - state.next;
  const over = deadline.over();
  deadline.cancel();
  if (untried > 0 && !over) {
    if (rule) state.standing = standing;
    return continueAsNew<typeof search>({ ...input, carried: state });
  }
  const { done, failed, best, refusal, stopped } = state;
  return {
    ...{ done, failed, best, refusal },
    ...(stopped === undefined ? {} : { stopped }),
    ...(untried > 0 ? { untried } : {}),
  };
}

/** Of those that were scored on all folds. */
function wholeMeans(results: readonly CandidateResult[]): number[] {
  return results.flatMap((result) => (result.status === 'done' && !result.stopped ? [result.mean] : []));
}

function describe(input: SearchInput, state: SearchState, running: number): string {
  const best = state.best
    ? `\n\nBest so far: **${state.best.learner}** \`${JSON.stringify(state.best.params)}\` ${input.metric.name} ${state.best.mean.toFixed(5)} ± ${state.best.std.toFixed(5)}`
    : '';
  return `${state.done + state.failed} of ${input.total} candidates, ${running} under way, ${state.failed} without a score${best}`;
}
