import { filled, scaled, toFloat } from './arithmetic.ts';
import type { Encoder } from './encoder.ts';
import { fillOf, isConstant, statistic } from './statistics.ts';

/** (x - mean) / std, as scikit-learn's StandardScaler; a column that is constant in training gives 0 for every value. */
export const standardize: Encoder<'standardize'> = {
  accepts: ['number', 'boolean', 'timestamp'],
  fit: (_feature, columns) => [
    {
      kind: 'standardize',
      columns: columns.map(({ profile }) => profile.name),
      fill: columns.map(fillOf),
      mean: columns.map(({ profile }) => statistic(profile, 'mean')),
      std: columns.map(({ profile }) => (isConstant(profile) ? 0 : statistic(profile, 'std'))),
    },
  ],
  names: ({ columns }) => columns,
  compile({ columns, fill, mean, std }, graph, inputs) {
    const x = filled(graph, inputs.numbers(columns), fill);
    return toFloat(graph, scaled(graph, x, mean, std));
  },
};
