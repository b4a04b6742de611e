import type { RealisedQuality, Shift } from '../../decisions/watch/facts.ts';
import { sortNumbers } from '../../decisions/watch/sortNumbers.ts';
import type { MetricName } from '../../learning/metrics/names.ts';
import type { WatchedRow } from '../../store/lifecycleTypes.ts';
import type { Signature } from '../../store/types.ts';
import { truthOf } from '../truth.ts';
import { predictionOf, read } from './answers.ts';
import { categoriesOf } from './categories.ts';
import { shiftOf } from './columnFacts.ts';
import type { Distributions } from './distributions.ts';
import { GROUPS, lossOf, metricOn, moments } from './losses.ts';

export interface Realised {
  realised?: RealisedQuality;
  label?: Shift;
}

/**
 * Quality by the labels of these rows, and how the labels are distributed. A row of a class that the version does not know
 * can only be wrong; the metric is of the others. A label that is no number, for regression, says nothing.
 *
 * @param batches rows that have a label
 */
export async function realisedQuality(
  batches: AsyncIterable<WatchedRow[]>,
  signature: Signature,
  reference: Distributions,
  metric: MetricName | undefined,
): Promise<Realised> {
  const { classes } = signature;
  const y: number[] = [];
  const predictions: number[] = [];
  const groups: number[] = [];
  const labels = new Map<string, number>();
  const values: number[] = [];
  let unknown = 0;
  for await (const batch of batches) {
    for (const { label, outputs, place } of batch) {
      const prediction = predictionOf(signature, outputs);
      if (label === undefined || !prediction) continue;
      const truth = truthOf(signature, label);
      const target = classes && truth !== undefined ? classes.indexOf(truth) : truth;
      if (classes) labels.set(String(truth ?? label), (labels.get(String(truth ?? label)) ?? 0) + 1);
      else if (typeof truth === 'number') values.push(truth);
      if (typeof target === 'number') {
        y.push(target);
        predictions.push(...prediction);
        groups.push(place % GROUPS);
      } else if (classes) unknown++;
    }
  }
  const rows = y.length + unknown;
  const { model } = reference;
  if (rows === 0 || !model) return {};
  const said = read(signature, Float64Array.from(predictions));
  const losses = y.map((truth, row) =>
    said.labels ? Number(said.labels[row] !== truth) : Math.abs(said.predictions[row] - truth),
  );
  const value =
    metric === undefined || y.length === 0
      ? undefined
      : await metricOn(metric, signature, Float64Array.from(y), said.predictions, Uint8Array.from(groups));
  const now = classes
    ? { categories: categoriesOf(labels) }
    : { numbers: sortNumbers(Float64Array.from(values)) };
  return {
    realised: {
      loss: lossOf(signature),
      ...moments([...losses, ...Array.from({ length: unknown }, () => 1)]),
      reference: model.realised,
      ...(value ? { metric: value } : {}),
    },
    label: reference.label && shiftOf(reference.label, now),
  };
}
