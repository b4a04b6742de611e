import { filled, perColumn, scaled, scalar, toFloat } from './arithmetic.ts';
import type { Encoder, TrainingColumn } from './encoder.ts';
import type { Fill } from './fitted.ts';
import { percentilesOf, quantile, statistic } from './statistics.ts';

/** ln(offset + x), standardised where asked. Values at or below -offset count as missing. */
export const log: Encoder<'log'> = {
  accepts: ['number', 'boolean', 'timestamp'],
  fit({ offset, standardize }, columns) {
    const fill = columns.map((column) => fillAbove(column, offset));
    const moments = columns.map((column, i) =>
      momentsOfLog(percentilesOf(column.profile), offset, fill[i] ?? medianAbove(column, -offset)),
    );
    return [
      {
        kind: 'log',
        columns: columns.map(({ profile }) => profile.name),
        offset,
        fill,
        ...(standardize
          ? { scale: { mean: moments.map((m) => m.mean), std: moments.map((m) => m.std) } }
          : {}),
      },
    ];
  },
  names: ({ columns }) => columns.map((column) => `${column}_log`),
  compile({ columns, fill, offset, scale }, graph, inputs) {
    const x = filled(graph, inputs.numbers(columns), fill);
    const [above] = graph.node('Greater', [x, scalar(graph, -offset)]);
    const values = fill.map((value) => value ?? NaN);
    const [valid] = graph.node('Where', [above, x, perColumn(graph, values)]);
    const [logarithm] = graph.node('Log', [graph.node('Add', [valid, scalar(graph, offset)])[0]]);
    return toFloat(graph, scale ? scaled(graph, logarithm, scale.mean, scale.std) : logarithm);
  },
};

/** What `impute` says, which may be nothing, else the median of the training values that have a logarithm. */
function fillAbove({ profile, imputed, keepsGaps }: TrainingColumn, offset: number): Fill {
  const { name } = profile;
  if (statistic(profile, 'max') <= -offset) {
    throw new RangeError(
      `column "${name}": no training value is above ${-offset}, so none has a logarithm; choose a larger offset`,
    );
  }
  if (keepsGaps) return null;
  const fill = typeof imputed === 'number' ? imputed : medianAbove({ profile }, -offset);
  if (!(fill > -offset)) {
    throw new RangeError(
      `column "${name}": a missing value would be read as ${fill}, which has no logarithm with the offset ${offset}`,
    );
  }
  return fill;
}

function medianAbove({ profile }: TrainingColumn, limit: number): number {
  if (statistic(profile, 'min') > limit) return statistic(profile, 'median');
  const percentiles = percentilesOf(profile);
  const first = percentiles.findIndex((value) => value > limit);
  const below = (first - 1) / (percentiles.length - 1);
  const median = quantile(profile, (1 + below) / 2);
  return median > limit ? median : statistic(profile, 'max');
}

/**
 * Mean and standard deviation of ln(offset + x) over training values spread evenly between neighbouring percentiles:
 * the profile of a column knows these and not the values. Exact up to the shape within each hundredth.
 */
function momentsOfLog(percentiles: number[], offset: number, fill: number): { mean: number; std: number } {
  let mean = 0;
  let square = 0;
  const weight = 1 / (percentiles.length - 1);
  for (let i = 0; i + 1 < percentiles.length; i++) {
    const part = segmentMoments(
      percentiles[i] + offset,
      percentiles[i + 1] + offset,
      Math.log(fill + offset),
    );
    mean += part.mean * weight;
    square += part.square * weight;
  }
  const variance = square - mean * mean;
  return { mean, std: variance > square * 1e-12 ? Math.sqrt(variance) : 0 };
}

/** Mean of ln u and of its square, u even on [a, b]; what is not positive has the logarithm `missing`. */
function segmentMoments(a: number, b: number, missing: number): { mean: number; square: number } {
  if (b <= 0) return { mean: missing, square: missing * missing };
  if (a <= 0) {
    const share = b / (b - a);
    const logB = Math.log(b); // integrals of ln u and of its square from 0 to b, divided by b
    return {
      mean: share * (logB - 1) + (1 - share) * missing,
      square: share * (logB * logB - 2 * logB + 2) + (1 - share) * missing * missing,
    };
  }
  // Gauss-Legendre with 4 points: exact enough where the closed form would cancel (b close to a).
  let mean = 0;
  let square = 0;
  for (const [node, weight] of GAUSS) {
    const logarithm = Math.log((a + b + node * (b - a)) / 2);
    mean += (weight / 2) * logarithm;
    square += (weight / 2) * logarithm * logarithm;
  }
  return { mean, square };
}

/** Nodes and weights on [-1, 1] (Abramowitz and Stegun, table 25.4). */
const GAUSS: readonly (readonly [number, number])[] = [
  [-0.8611363115940526, 0.3478548451374538],
  [-0.3399810435848563, 0.6521451548625461],
  [0.3399810435848563, 0.6521451548625461],
  [0.8611363115940526, 0.3478548451374538],
];
