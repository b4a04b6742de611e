import { PerennialError } from '../config/errors.ts';
import type { CandidateSpec } from '../config/search.ts';
import type { Definition } from '../config/definition.ts';
import { defaultMetric, type MetricName } from '../learning/metrics/names.ts';
import type { Learner, Task } from '../learning/types.ts';
import type { CandidateRow, Store, TrialRow } from '../store/types.ts';
import type { CandidateInput, CandidateResult } from '../workflows/messages.ts';
import type { FeatureFacts } from './features.ts';

export type CandidateOutcome = Omit<TrialRow, 'index' | 'learner' | 'params' | 'rung' | 'share'>;

/** What was recorded of this candidate, or of its trial on this rung, when it was tried before. */
export async function keptResult(
  store: Store,
  { name, run, index, trial }: Pick<CandidateInput, 'name' | 'run' | 'index' | 'trial'>,
): Promise<CandidateResult | undefined> {
  const kept = trial
    ? await store.trials.get(name, run, index, trial.rung)
    : await store.candidates.get(name, run, index);
  return kept && toResult(kept);
}

/** Keeps how a candidate ended, or its trial on a rung. */
export async function recordResult(
  store: Store,
  { name, run, trial }: Pick<CandidateInput, 'name' | 'run' | 'trial'>,
  spec: CandidateSpec,
  row: CandidateOutcome,
): Promise<CandidateResult> {
  const full = { ...spec, ...row };
  if (!trial) await store.candidates.record(name, run, full);
  else {
    const ends = trial.share === 1 || row.status !== 'done';
    await store.trials.record(name, run, { ...full, ...trial }, { ends });
  }
  return toResult(full);
}

/** Keeps the first folds of a candidate that was hopeless after them. */
export async function recordHopeless(
  store: Store,
  { name, run }: Pick<CandidateInput, 'name' | 'run'>,
  row: CandidateRow,
): Promise<CandidateResult> {
  await store.candidates.record(name, run, row);
  return toResult(row);
}

/** The time of the search was over before the candidate's. On a higher rung it may yet get all of the resource. */
export async function recordLate(
  store: Store,
  input: CandidateInput,
  spec: CandidateSpec,
  row: CandidateOutcome,
): Promise<CandidateResult> {
  const { trial } = input;
  const result =
    trial && trial.rung > 0 ? toResult({ ...spec, ...row }) : await recordResult(store, input, spec, row);
  return result.status === 'done' ? result : { ...result, late: true };
}

function toResult(row: CandidateRow): CandidateResult {
  const { index, learner, params, mean, std } = row;
  const { status, reason = '' } = row;
  if (status !== 'done' && status !== 'stopped') return { status, index, learner, reason };
  if (mean === undefined || std === undefined)
    throw new PerennialError('INTERNAL', `Candidate ${index} was recorded without its score.`);
  return {
    ...{ status: 'done', index, learner, params, mean, std },
    ...(status === 'stopped' ? { stopped: true } : {}),
  };
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

/**
 * What the metrics of its folds make of a candidate.
 *
 * @throws PerennialError DATASET_UNUSABLE where the rows of a fold do not determine the metric
 */
export function judgeFolds(
  scores: NonNullable<CandidateRow['folds']>,
  select: Definition['select'],
  task: Task,
): CandidateOutcome {
  const metric = metricOf(select, task);
  const values = scores.map((fold, k) => {
    if (Object.hasOwn(fold, metric)) return fold[metric];
    throw new PerennialError('DATASET_UNUSABLE', `${metric} is undefined on fold ${k}: ${UNDEFINED[task]}.`, {
      field: 'select.folds',
      value: select.folds,
      expected: `fewer folds, or more rows${task === 'regression' ? '' : ' of every class'}`,
    });
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

/** What a search selects by. */
export function metricOf({ metric }: Definition['select'], task: Task): MetricName {
  return metric === 'auto' ? defaultMetric(task) : metric;
}

/** Why rows may not determine a metric. */
const UNDEFINED: Record<Task, string> = {
  binary: 'its rows have one class only',
  multiclass: 'its rows lack a class',
  regression: 'its rows have one value of the target only',
};
