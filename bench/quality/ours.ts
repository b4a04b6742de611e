import type { ComputePool } from '../../compute/pool.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import { deriveSeed } from '../../learning/rng.ts';
import type { Learner, Task } from '../../learning/types.ts';
import type { Encoded } from './encoded.ts';

/** Learners that have a peer, each with the defaults of both; those of the shelf that have none are left out. */
export const COMPARED = [...shelf.keys()].filter((name) => name !== 'baselineForest');

export function learnerOf(name: string): Learner {
  const learner = shelf.get(name);
  if (learner) return learner;
  throw new Error(`There is no learner "${name}"; expected one of ${COMPARED.join(', ')}.`);
}

/** What is compared: how often the answer is right and how right the probabilities are; how far off numbers are. */
export function metricsOf(task: Task): MetricName[] {
  return task === 'regression' ? ['rmse', 'mae'] : ['accuracy', 'brier'];
}

export const betterOf = (metric: MetricName): 'higher' | 'lower' => METRICS[metric].better;

/** Cross-validates a learner as a training's first candidate would be. */
export async function scoreOurs(
  pool: ComputePool,
  { problem, facts, folds }: Encoded,
  name: string,
  seed: number,
): Promise<{ scores: Record<string, number[]>; seconds: number }> {
  const before = process.cpuUsage();
  const found = await pool.crossValidate({
    ...{ problem, folds, learner: name, positive: facts.positive },
    params: learnerOf(name).params.parse({}),
    seed: deriveSeed(seed, 'candidate', 0),
  });
  const { user, system } = process.cpuUsage(before);
  const scores = metricsOf(problem.task).map((metric) => [metric, found.map((fold) => fold[metric] ?? NaN)]);
  return { scores: Object.fromEntries(scores) as Record<string, number[]>, seconds: (user + system) / 1e6 };
}
