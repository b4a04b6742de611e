import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { performance } from 'node:perf_hooks';
import { expandSearch } from '../config/search.ts';
import { PerennialError } from '../config/errors.ts';
import { shelf } from '../learning/learners/shelf.ts';
import { defaultMetric, type MetricName } from '../learning/metrics/names.ts';
import { NumericalError } from '../learning/numerical.ts';
import { deriveSeed } from '../learning/rng.ts';
import type { Task } from '../learning/types.ts';
import type { CandidateRow } from '../store/types.ts';
import type { CandidateInput, CandidateResult } from '../workflows/messages.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { featureReader, problemOf } from './features.ts';
import { foldsOf } from './folds.ts';

export function trainActivities({ store, pool }: TrainerDependencies) {
  const readFeatures = featureReader(store.artifacts);

  return {
    /** Cross-validates one candidate. Run again after a crash it gives the same scores, or those that were kept. */
    async trainCandidate({
      name,
      run,
      index,
      definitionHash,
      featuresDigest,
    }: CandidateInput): Promise<CandidateResult> {
      const definition = await store.definitions.get(definitionHash);
      const spec = expandSearch(definition.search, definition.seed)[index];
      const learner = spec && shelf.get(spec.learner);
      if (!spec || !learner) throw new PerennialError('INTERNAL', `There is no candidate ${index}.`);
      const kept = await store.candidates.get(name, run, index);
      if (kept) return toResult(kept);

      const features = await readFeatures(featuresDigest);
      const { task, positive, rows, columns } = features.facts;
      const problem = problemOf(features);
      const record = async (
        row: Omit<CandidateRow, 'index' | 'learner' | 'params'>,
      ): Promise<CandidateResult> => {
        const full = { ...spec, ...row };
        await store.candidates.record(name, run, full);
        return toResult(full);
      };
      const refusal = learner.tasks.includes(task)
        ? learner.refuses?.({ task, rows, columns, classes: problem.classes }, spec.params)
        : `${learner.title} cannot learn a ${task} target.`;
      if (refusal !== undefined) return record({ status: 'refused', reason: refusal });

      const { select, seed } = definition;
      const folds = foldsOf(features, definition);
      const started = performance.now();
      const scores = await pool
        .crossValidate({
          problem,
          learner: spec.learner,
          params: spec.params,
          seed: deriveSeed(seed, 'candidate', index),
          folds,
          positive,
          signal: cancellationSignal(),
          onFold: (done) => heartbeat({ folds: done }),
        })
        .catch((error: unknown) => {
          if (error instanceof NumericalError) return error;
          throw error;
        });
      if (scores instanceof NumericalError) return record({ status: 'refused', reason: scores.message });
      const metric: MetricName = select.metric === 'auto' ? defaultMetric(task) : select.metric;
      const values = scores.map((fold, k) => {
        const value = fold[metric];
        if (value === undefined) {
          throw new PerennialError(
            'DATASET_UNUSABLE',
            `${metric} is undefined on fold ${k}: ${UNDEFINED[task]}.`,
            {
              field: 'select.folds',
              value: select.folds,
              expected:
                task === 'regression'
                  ? 'fewer folds, or more rows'
                  : 'fewer folds, or more rows of every class',
            },
          );
        }
        return value;
      });
      const endless = values.findIndex((value) => !Number.isFinite(value));
      if (endless >= 0) {
        // JSON has no Infinity: the workflow would read null.
        const reason = `${metric} of fold ${endless} is ${values[endless]}: the target is too large to be squared.`;
        return record({ status: 'refused', reason });
      }
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
      return record({
        status: 'done',
        mean,
        std,
        folds: scores,
        durationMs: Math.round(performance.now() - started),
      });
    },
  };
}

/** Why rows may not determine a metric. */
const UNDEFINED: Record<Task, string> = {
  binary: 'its rows have one class only',
  multiclass: 'its rows lack a class',
  regression: 'its rows have one value of the target only',
};

function toResult(row: CandidateRow): CandidateResult {
  const { index, learner, params, mean, std } = row;
  if (row.status === 'refused') return { status: 'refused', index, learner, reason: row.reason ?? '' };
  if (mean === undefined || std === undefined)
    throw new PerennialError('INTERNAL', `Candidate ${index} was recorded without its score.`);
  return { status: 'done', index, learner, params, mean, std };
}
