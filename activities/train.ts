import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { performance } from 'node:perf_hooks';
import { LimitExceeded } from '../compute/limits.ts';
import type { FoldNumbers } from '../compute/thread.ts';
import type { Definition } from '../config/definition.ts';
import { withRounds } from '../config/halving.ts';
import { firstOfFamily } from '../config/families.ts';
import { candidatesOf } from '../config/portfolio.ts';
import type { CandidateSpec } from '../config/search.ts';
import { PerennialError } from '../config/errors.ts';
import { explainHopeless, isHopeless } from '../decisions/search/hopeless.ts';
import { SEARCH_OVER } from '../decisions/search/outcome.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { METRICS } from '../learning/metrics/names.ts';
import { nestedRows } from '../learning/nested.ts';
import { NumericalError } from '../learning/numerical.ts';
import { deriveSeed } from '../learning/rng.ts';
import { withoutFold, type Fold } from '../learning/split.ts';
import type { Problem } from '../learning/types.ts';
import type { TrialRow } from '../store/types.ts';
import type { CandidateInput, CandidateResult } from '../workflows/messages.ts';
import type { AskedTrainer } from '../workflows/trainerMessages.ts';
import {
  judgeFolds,
  keptResult,
  metricOf,
  recordHopeless,
  recordLate,
  recordResult,
  refusalOf,
  type CandidateOutcome,
} from './candidateRow.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { askForFolds } from './external/ask.ts';
import { featureReader, problemOf } from './features.ts';
import { foldsOf } from './folds.ts';

export function trainActivities({ store, pool }: TrainerDependencies) {
  const readFeatures = featureReader(store.artifacts);

  return {
    /** Cross-validates one candidate. Run again after a crash it gives the same scores, or those that were kept. */
    async trainCandidate(input: CandidateInput): Promise<CandidateResult | AskedTrainer> {
      const { index, definitionHash, featuresDigest, trial, until, toBeat } = input;
      const kept = await keptResult(store, input);
      if (kept) return kept;

      const definition = await store.definitions.get(definitionHash);
      const features = await readFeatures(featuresDigest);
      const candidates = candidatesOf(definition, features.facts);
      const spec = candidates[index];
      const learner = spec && shelf.get(spec.learner);
      if (!spec || !(learner ?? spec.trainer))
        throw new PerennialError('INTERNAL', `There is no candidate ${index}.`);
      const { task, positive } = features.facts;
      const problem = problemOf(features);
      const record = (row: CandidateOutcome): Promise<CandidateResult> =>
        recordResult(store, input, spec, row);
      const refusal = learner && refusalOf(learner, spec.params, features.facts);
      if (refusal !== undefined) return record({ status: 'refused', reason: refusal });

      const { select, seed, budget } = definition;
      const { folds, params } = onShare(
        definition,
        { spec, problem, share: trial?.share ?? 1 },
        foldsOf(features, definition),
      );
      const searchMs = leftOfSearch(until);
      const limit = timeLimit(budget, searchMs);
      const late = (durationMs: number): Promise<CandidateResult> =>
        recordLate(store, input, spec, { status: 'timed-out', reason: limit?.reason, durationMs });
      if (limit?.ofSearch && limit.ms <= 0) return late(0);
      if (spec.trainer) {
        const asked = {
          spec,
          params,
          seed: deriveSeed(seed, 'candidate', index),
          features,
          folds,
          budget,
          searchMs,
        };
        return askForFolds(store, input, asked);
      }
      const metric = metricOf(select, task);
      const bar =
        toBeat === undefined
          ? undefined
          : { toBeat, folds: folds.length, better: METRICS[metric].better, metric };
      const valuesOf = (done: readonly FoldNumbers[]) => done.map((fold) => fold[metric] ?? NaN);
      const started = performance.now();
      const scores = await pool
        .crossValidate({
          problem,
          learner: spec.learner,
          params,
          seed: deriveSeed(seed, 'candidate', firstOfFamily(candidates, index)),
          folds,
          positive,
          signal: cancellationSignal(),
          onFold: (done) => heartbeat({ folds: done }),
          enough: bar && ((done) => isHopeless(valuesOf(done), bar)),
          limits: { ms: limit?.ms, bytes: budget?.candidateBytes },
        })
        .catch((error: unknown) => {
          if (error instanceof NumericalError || error instanceof LimitExceeded) return error;
          throw error;
        });
      if (scores instanceof NumericalError) return record({ status: 'refused', reason: scores.message });
      if (scores instanceof LimitExceeded && scores.limit === 'time' && limit?.ofSearch)
        return late(since(started));
      if (scores instanceof LimitExceeded)
        return record({ ...exceeded(scores, budget, limit), durationMs: since(started) });
      const row = { ...judgeFolds(scores, select, task), durationMs: since(started) };
      if (!bar || scores.length === folds.length) return record(row);
      const reason = explainHopeless(valuesOf(scores), bar);
      const share = scores.length / folds.length;
      return recordHopeless(store, input, { ...spec, ...row, status: 'stopped', share, reason });
    },
  };
}

const since = (started: number): number => Math.round(performance.now() - started);

interface TimeLimit {
  ms: number;
  /** That of the whole search, and not the candidate's own. */
  ofSearch: boolean;
  reason: string;
}

/** By this machine's clock. Undefined: its time is not bounded, or not for this candidate. */
function leftOfSearch(until?: string): number | undefined {
  return until === undefined ? undefined : Date.parse(until) - Date.now();
}

/** The tighter of a candidate's own time and what is left of the search's. */
function timeLimit(budget: Definition['budget'], left: number | undefined): TimeLimit | undefined {
  const own = budget?.candidateMs;
  if (left !== undefined && (own === undefined || left < own))
    return { ms: left, ofSearch: true, reason: SEARCH_OVER };
  if (own === undefined) return undefined;
  return { ms: own, ofSearch: false, reason: `not done within ${own} ms (budget.candidateMs)` };
}

/** What a trial of successive halving learns from, and by which hyperparameters. */
export function onShare(
  { halving, seed }: Definition,
  { spec, problem, share }: { spec: CandidateSpec; problem: Problem; share: number },
  folds: Fold[],
): { folds: Fold[]; params: CandidateSpec['params'] } {
  if (share === 1 || !halving) return { folds, params: spec.params };
  if (halving.resource === 'rounds') return { folds, params: withRounds(spec, share).params };
  return {
    folds: folds.map(({ test, train = withoutFold(problem.train, test) }, k) => ({
      test,
      train: nestedRows(train, problem, share, deriveSeed(seed, 'rung', k)),
    })),
    params: spec.params,
  };
}

function exceeded(
  { limit, message }: LimitExceeded,
  budget: Definition['budget'],
  time: { reason: string } | undefined,
): Pick<TrialRow, 'status' | 'reason'> {
  if (limit === 'time') return { status: 'timed-out', reason: time?.reason ?? message };
  const allowed = budget?.candidateBytes;
  const reason = `${message}${allowed === undefined ? '' : `, of ${allowed} (budget.candidateBytes)`}`;
  return { status: 'out-of-memory', reason };
}
