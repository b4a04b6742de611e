import { performance } from 'node:perf_hooks';
import { binMatrix } from '../../learning/binning.ts';
import { boosting } from '../../learning/learners/boosting.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import type { FitSet } from './data.ts';

export interface Fit {
  seconds: number;
  /** Of the processor, all threads of the process: tells more than the wall where other programs share it. */
  cpuSeconds: number;
  logLoss: number;
  accuracy: number;
}

/** Bins and fits on this thread, as LightGBM's fit does both, with the defaults that both have. */
export function fitOurs({ rows, columns, classes, fitted, x, y }: FitSet): Fit {
  const params = boosting.params.parse({});
  const head = x.subarray(0, fitted * columns);
  const target = Float64Array.from(y);
  const train = Int32Array.from({ length: fitted }, (_, row) => row);
  const before = process.cpuUsage();
  const started = performance.now();
  const binned = binMatrix(head, fitted, columns);
  const problem = {
    task: classes === 2 ? ('binary' as const) : ('multiclass' as const),
    ...{ classes, rows: fitted, columns, x: head, y: target, binned, train },
  };
  const model = boosting.join([boosting.fit(problem, params, 1, 0, 1)]);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const shares = boosting.predict(model, x.subarray(fitted * columns), columns);
  let loss = 0;
  for (let row = fitted; row < rows; row++)
    loss -= Math.log(Math.max(1e-15, shares[(row - fitted) * classes + y[row]]));
  const right = argmax(shares, classes).filter((label, i) => label === y[fitted + i]).length;
  const cpuSeconds = (user + system) / 1e6;
  return { seconds, cpuSeconds, logLoss: loss / (rows - fitted), accuracy: right / (rows - fitted) };
}
