import { filled, scaled, toFloat } from './arithmetic.ts';
import type { Encoder, TrainingColumn } from './encoder.ts';
import { fillOf, statistic } from './statistics.ts';

/** (x - min) / (max - min), as scikit-learn's MinMaxScaler; not clipped; a column that is constant in training gives 0. */
export const minMax: Encoder<'minMax'> = {
  accepts: ['number', 'boolean', 'timestamp'],
  fit: (_feature, columns) => [
    {
      kind: 'minMax',
      columns: columns.map(({ profile }) => profile.name),
      fill: columns.map(fillOf),
      min: columns.map(({ profile }) => statistic(profile, 'min')),
      range: columns.map(rangeOf),
    },
  ],
  names: ({ columns }) => columns,
  compile({ columns, fill, min, range }, graph, inputs) {
    const x = filled(graph, inputs.numbers(columns), fill);
    return toFloat(graph, scaled(graph, x, min, range));
  },
};

function rangeOf({ profile }: TrainingColumn): number {
  const range = statistic(profile, 'max') - statistic(profile, 'min');
  if (!Number.isFinite(range))
    throw new RangeError(`column "${profile.name}": its range is beyond 64-bit numbers`);
  return range;
}
