import type { FoldNumbers } from '../compute/thread.ts';
import type { Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import { defaultMetric, type MetricName } from '../learning/metrics/names.ts';
import type { Learner, Task } from '../learning/types.ts';
import type { CandidateRow, TrialRow } from '../store/types.ts';
import type { CandidateResult } from '../workflows/messages.ts';
import type { FeatureFacts } from './features.ts';

/** What stands in Postgres of a candidate's folds, and what of that row the search is told. */

export type Judged = Pick<TrialRow, 'status' | 'mean' | 'std' | 'folds' | 'reason'>;

/** @throws PerennialError DATASET_UNUSABLE where a fold's rows do not determine the metric */
export function judgeFolds(scores: FoldNumbers[], task: Task, select: Definition['select']): Judged {
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
            task === 'regression' ? 'fewer folds, or more rows' : 'fewer folds, or more rows of every class',
        },
      );
    }
    return value;
  });
  const endless = values.findIndex((value) => !Number.isFinite(value));
  if (endless >= 0) {
    // JSON has no Infinity: the workflow would read null.
    const reason = `${metric} of fold ${endless} is ${values[endless]}: the target is too large to be squared.`;
    return { status: 'refused', reason };
  }
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return { status: 'done', mean, std, folds: scores };
}

/** Why a learner does not begin on these features, or undefined. */
export function refusalOf(
  learner: Learner,
  params: CandidateRow['params'],
  { task, rows, columns, classes }: FeatureFacts,
): string | undefined {
  if (!learner.tasks.includes(task)) return `${learner.title} cannot learn a ${task} target.`;
  return learner.refuses?.({ task, rows, columns, classes: classes?.length ?? 1 }, params);
}

export function toResult(row: CandidateRow): CandidateResult {
  const { index, learner, params, mean, std } = row;
  const { status, reason = '' } = row;
  if (status !== 'done' && status !== 'stopped') return { status, index, learner, reason };
  if (mean === undefined || std === undefined)
    throw new PerennialError('INTERNAL', `Candidate ${index} was recorded without its score.`);
  return { status: 'done', index, learner, params, mean, std };
}

/** Why rows may not determine a metric. */
const UNDEFINED: Record<Task, string> = {
  binary: 'its rows have one class only',
  multiclass: 'its rows lack a class',
  regression: 'its rows have one value of the target only',
};
