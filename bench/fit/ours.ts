import { performance } from 'node:perf_hooks';
import { binMatrix } from '../../learning/binning.ts';
import { boosting } from '../../learning/learners/boosting.ts';
import { logistic, type LogisticModel } from '../../learning/learners/logistic.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import type { Learner } from '../../learning/types.ts';
import type { FitSet } from './data.ts';

export interface Fit {
  seconds: number;
  /** Of the processor, all threads of the process: tells more than the wall where other programs share it. */
  cpuSeconds: number;
  logLoss: number;
  accuracy: number;
  /** Of logistic regression: the mean log loss of the fitted rows + |weights|^2 / (2 rows), which both minimise. */
  objective?: number;
}

/** With the defaults that boosting has in common with LightGBM; logistic regression as exact as scikit-learn's default. */
const LEARNERS = {
  boosting: { learner: boosting as Learner, params: {} },
  logistic: { learner: logistic as Learner, params: { tolerance: 1e-4 } },
};
export type BenchedLearner = keyof typeof LEARNERS;

/** Fits on this thread; for boosting the time to make bins counts too, as LightGBM's fit makes its own. */
export function fitOurs(name: BenchedLearner, { rows, columns, classes, fitted, x, y }: FitSet): Fit {
  const { learner, params: given } = LEARNERS[name];
  const params = learner.params.parse(given);
  const head = x.subarray(0, fitted * columns);
  const target = Float64Array.from(y);
  const train = Int32Array.from({ length: fitted }, (_, row) => row);
  const before = process.cpuUsage();
  const started = performance.now();
  const binned =
    name === 'boosting'
      ? binMatrix(head, fitted, columns)
      : { rows: fitted, columns, bins: new Uint8Array(), edges: [] };
  const problem = {
    task: classes === 2 ? ('binary' as const) : ('multiclass' as const),
    ...{ classes, rows: fitted, columns, x: head, y: target, binned, train },
  };
  const model = learner.join([learner.fit(problem, params, 1, 0, 1)]);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const shares = learner.predict(model, x.subarray(fitted * columns), columns);
  let loss = 0;
  for (let row = fitted; row < rows; row++)
    loss -= Math.log(Math.max(1e-15, shares[(row - fitted) * classes + y[row]]));
  const right = argmax(shares, classes).filter((label, i) => label === y[fitted + i]).length;
  const cpuSeconds = (user + system) / 1e6;
  const fit = { seconds, cpuSeconds, logLoss: loss / (rows - fitted), accuracy: right / (rows - fitted) };
  if (name !== 'logistic') return fit;
  const own = learner.predict(model, head, columns);
  let objective = (model as LogisticModel).weights.reduce((sum, weight) => sum + (weight * weight) / 2, 0);
  for (const row of train) objective -= Math.log(own[row * classes + y[row]]);
  return { ...fit, objective: objective / fitted };
}
