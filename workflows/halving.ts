import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { leader } from '../decisions/leader.ts';
import {
  nextStep,
  type HalvingPlan,
  type HalvingState,
  type Trial,
  type TrialResult,
} from '../decisions/search/halving.ts';
import {
  searchParallelism,
  searchProgress,
  type CandidateResult,
  type HalvingCarried,
  type HalvingInput,
  type SearchResult,
} from './messages.ts';
import { orchestrator, step } from './options.ts';
import { startDeadline } from './search/deadline.ts';
import { firstRefusal, runCandidate } from './search/runCandidate.ts';

const MAX_HISTORY_EVENTS = 1_000;
const MAX_SIGNALS_TO_PARENT = 100;

/**
 * Successive halving: one child workflow a trial, at most `parallelism` at the same time. Which trials there are is
 * decided by `nextStep` from results read in the order in which their trials began, so it does not depend on which of
 * them ends first. A long search continues as new when all that began has ended.
 */
export async function halving(input: HalvingInput): Promise<SearchResult> {
  const { plan: rungs, total: candidates, metric } = input;
  const plan: HalvingPlan = { ...rungs, candidates, better: metric.better };
  const top = plan.shares.length - 1;
  const state: HalvingCarried = input.carried ?? { trials: [], read: 0, parallelism: input.parallelism };
  const begun: Trial[] = state.trials.map(([candidate, rung]) => ({ candidate, rung }));
  /** By the number of the trial its mean, null where it has none; a trial without an entry has not ended. */
  const ended = new Map<number, number | null | 'late'>(
    state.trials.map(([, , mean], number) => [number, mean]),
  );
  /** The trial that is begun although the time is over. */
  let last: number | undefined;
  let started = begun.length;
  let running = 0;
  let told = 0;
  let broken: { error: unknown } | undefined;

  setHandler(searchParallelism, (parallelism) => {
    state.parallelism = parallelism;
    start();
  });
  const deadline = await startDeadline(input.searchMs, state.until);
  state.until = deadline.until;
  const every = Math.max(1, Math.ceil((candidates * 1.6) / MAX_SIGNALS_TO_PARENT));

  for (;;) {
    const next = nextStep(plan, view(), deadline.over());
    if (next === 'end' || broken) break;
    if (next !== 'read') {
      if (deadline.over()) last = begun.length;
      begun.push(next.begin);
      start();
      continue;
    }
    const number = state.read;
    if (!ended.has(number) && !deadline.over()) {
      await condition(() => ended.has(number) || broken !== undefined || deadline.over());
      // What waits for its turn when the time is over has not begun.
      if (deadline.over()) begun.length = started;
      continue;
    }
    await condition(() => ended.has(number) || broken !== undefined);
    if (broken) break;
    state.read++;
    if (mayContinueAsNew() && !deadline.over()) {
      await condition(() => ended.size === begun.length || broken !== undefined);
      if (broken) break;
      deadline.cancel();
      const trials = begun.map(({ candidate, rung }, at): HalvingCarried['trials'][number] => [
        candidate,
        rung,
        meanOf(ended.get(at)) ?? null,
      ]);
      return continueAsNew<typeof halving>({ ...input, carried: { ...state, trials } });
    }
  }
  if (broken) throw broken.error;
  const exhausted = deadline.over();
  deadline.cancel();
  const { name, run } = input;
  await orchestrator.recordStopped.executeWithOptions(step('Record who was stopped'), [
    { name, run, reduction: plan.reduction, exhausted },
  ]);
  const { done, failed, full } = counts();
  const untried = candidates - done - failed;
  return {
    ...{ done, failed, full, best: state.best, refusal: state.refusal },
    ...(untried > 0 ? { untried } : {}),
  };

  /** What the decision looks at: results up to the first that was not read. */
  function view(): HalvingState {
    const results = begun.slice(0, state.read).map((trial, number): TrialResult => ({
      ...trial,
      mean: meanOf(ended.get(number)),
      ...(ended.get(number) === 'late' ? { late: true } : {}),
    }));
    return { begun, results };
  }

  /** Starts trials that have begun, in their order, as wide as the search may be. */
  function start(): void {
    while (running < state.parallelism && started < begun.length && !broken) {
      const number = started++;
      running++;
      evaluate(number, begun[number])
        .catch((error: unknown) => {
          broken ??= { error };
        })
        .finally(() => {
          running--;
          start();
        })
        .then(report)
        .catch(() => undefined);
    }
  }

  async function evaluate(number: number, { candidate, rung }: Trial): Promise<void> {
    // The first candidate and the last one that gets the whole resource are what a search is left with.
    const bounded = candidate > 0 && number !== last;
    const result = await runCandidate(input, candidate, {
      trial: { rung, share: plan.shares[rung] },
      ...(deadline.until !== undefined && bounded ? { until: deadline.until } : {}),
    });
    const late = result.status !== 'done' && result.late === true && rung > 0;
    if (!late) note(result, rung);
    ended.set(number, late ? 'late' : result.status === 'done' ? result.mean : null);
  }

  function note(result: CandidateResult, rung: number): void {
    if (result.status !== 'done') {
      state.refusal = firstRefusal(state.refusal, result);
      return;
    }
    const { index, learner, params, mean, std } = result;
    const score = { index, learner, params, mean, std };
    if (rung === top) state.best = leader(state.best, score, metric.better);
    const { leading } = state;
    if (!leading || rung > leading.rung) state.leading = { ...score, rung };
    else if (rung === leading.rung) state.leading = { ...leader(leading, { ...score, rung }, metric.better) };
  }

  function counts(): { done: number; failed: number; full: number } {
    const seen = new Map<number, boolean>();
    let full = 0;
    for (const [number, mean] of ended) {
      const { candidate, rung } = begun[number];
      if (mean === 'late') continue;
      seen.set(candidate, (seen.get(candidate) ?? true) && mean !== null);
      if (rung === top && mean !== null) full++;
    }
    const failed = [...seen.values()].filter((scored) => !scored).length;
    return { done: seen.size - failed, failed, full };
  }

  async function report(): Promise<void> {
    const { done, failed, full } = counts();
    const best = state.best ?? leadingScore(state);
    setCurrentDetails(describe(input, { done, failed, full, running, trials: ended.size }, state));
    const parent = workflowInfo().parent;
    if (!parent || (++told % every !== 0 && ended.size !== begun.length)) return;
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(searchProgress, { done, failed, full, best, running })
      .catch(() => undefined); // The parent is closing: nobody is left to be told.
  }

  function mayContinueAsNew(): boolean {
    return workflowInfo().historyLength > MAX_HISTORY_EVENTS || workflowInfo().continueAsNewSuggested;
  }
}

function meanOf(mean: number | null | 'late' | undefined): number | undefined {
  return typeof mean === 'number' ? mean : undefined;
}

function leadingScore({ leading }: HalvingCarried): HalvingCarried['best'] {
  if (!leading) return undefined;
  const { index, learner, params, mean, std } = leading;
  return { index, learner, params, mean, std };
}

function describe(
  { total, metric, plan }: HalvingInput,
  { done, failed, full, running, trials }: Record<'done' | 'failed' | 'full' | 'running' | 'trials', number>,
  { best, leading }: HalvingCarried,
): string {
  const shares = plan.shares.map((share) => `${Number((share * 100).toPrecision(3))} %`).join(', ');
  const first = best ? { ...best, rung: plan.shares.length - 1 } : leading;
  const line = first
    ? `\n\nBest so far, with ${Number((plan.shares[first.rung] * 100).toPrecision(3))} %: **${first.learner}** \`${JSON.stringify(first.params)}\` ${metric.name} ${first.mean.toFixed(5)} ± ${first.std.toFixed(5)}`
    : '';
  return `${done + failed} of ${total} candidates in ${trials} trials (${shares} of the resource), ${full} with all of it, ${running} under way, ${failed} without a score${line}`;
}
