import { castToFloat, filled, perColumn } from './arithmetic.ts';
import type { Encoder, FeatureOf, TrainingColumn } from './encoder.ts';
import { fillOf, quantile, statistic } from './statistics.ts';

/** The index of the bin: v lies in the first bin with v <= edge; values above the last edge lie in one more bin. */
export const bucket: Encoder<'bucket'> = {
  accepts: ['number', 'boolean', 'timestamp'],
  fit: (feature, columns) =>
    columns.map((column) => ({
      kind: 'bucket',
      column: column.profile.name,
      fill: fillOf(column),
      edges: edgesOf(feature, column),
    })),
  names: ({ column }) => [`${column}_bucket`],
  compile({ column, fill, edges }, graph, inputs) {
    const x = filled(graph, inputs.numbers([column]), [fill]);
    const [above] = graph.node('Greater', [x, perColumn(graph, edges)]);
    const axis = graph.constant({ type: 'int64', dims: [1], values: [1] });
    const [index] = graph.node('ReduceSum', [castToFloat(graph, above), axis], { keepdims: { int: 1 } });
    if (fill !== null) return index;
    // A missing value is above no edge: it would be of the first bin.
    const gap = graph.constant({ type: 'float', dims: [1, 1], values: [NaN] });
    return graph.node('Where', [graph.node('IsNaN', [x])[0], gap, index])[0];
  },
};

/**
 * Declared edges, or the quantiles 1/bins, 2/bins ... of training without repetitions. Bins that repeated values leave
 * empty are not made; a constant column has one bin, so that its index is 0.
 */
function edgesOf({ bins = 2, edges }: FeatureOf<'bucket'>, { profile }: TrainingColumn): number[] {
  if (edges) return edges;
  const max = statistic(profile, 'max');
  const quantiles = Array.from({ length: bins - 1 }, (_, k) => quantile(profile, (k + 1) / bins));
  const distinct = [...new Set(quantiles)].filter((edge) => edge < max);
  return distinct.length > 0 ? distinct : [max];
}
