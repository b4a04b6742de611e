import { setImmediate } from 'node:timers/promises';
import type { RealisedQuality } from '../../decisions/watch/facts.ts';
import { estimateMetrics } from '../../learning/metrics/compute.ts';
import { meanOf } from '../../learning/metrics/estimate.ts';
import { METRICS, type MetricName } from '../../learning/metrics/names.ts';
import type { Signature } from '../../store/types.ts';

type Model = Pick<Signature, 'task' | 'classes' | 'positive'>;

export function lossOf({ task }: Model): RealisedQuality['loss'] {
  return task === 'regression' ? 'absolute' : 'zeroOne';
}

/** Mean and standard deviation (ddof 1, 0 of a single row) of one number a row. */
export function moments(values: ArrayLike<number>): { rows: number; mean: number; sd: number } {
  const { value = 0, standardError = 0 } = meanOf(values.length, (row) => values[row]);
  return { rows: values.length, mean: value, sd: standardError * Math.sqrt(values.length) };
}

/**
 * The metric on labelled rows with its standard error: its own where it has one (learning/metrics), else that of the
 * jackknife over 20 groups of rows, which needs no random numbers and serves any smooth metric.
 *
 * @param y class indices, or values
 * @param groups of each row, 0 to 19: at random
 * @returns undefined where these rows do not determine it
 */
export async function metricOn(
  name: MetricName,
  { task, classes = [], positive }: Model,
  y: Float64Array,
  predictions: Float64Array,
  groups: Uint8Array,
): Promise<RealisedQuality['metric']> {
  const width = task === 'regression' ? 1 : classes.length;
  const on = (targets: Float64Array, said: Float64Array) =>
    estimateMetrics(task, classes.length, positive, targets, said)[name];
  const whole = on(y, predictions);
  if (whole?.value === undefined || !Number.isFinite(whole.value)) return undefined;
  const without = (group: number) => {
    const kept = Array.from(y.keys()).filter((row) => groups[row] !== group);
    const said = new Float64Array(kept.length * width);
    kept.forEach((row, i) => said.set(predictions.subarray(row * width, (row + 1) * width), i * width));
    return on(
      Float64Array.from(kept, (row) => y[row]),
      said,
    )?.value;
  };
  const deleted: (number | undefined)[] = [];
  for (let group = 0; whole.standardError === undefined && group < GROUPS; group++) {
    deleted.push(without(group));
    await setImmediate(); // Of hundreds of classes a metric takes seconds, and the heart must beat.
  }
  const se = whole.standardError ?? jackknife(deleted);
  if (se === undefined || !Number.isFinite(se)) return undefined;
  return { name, better: METRICS[name].better, value: whole.value, se };
}

export const GROUPS = 20;

function jackknife(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((known.length - 1) / known.length) * squares);
}
