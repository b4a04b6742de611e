import { METRICS, type MetricName } from './metrics/names.ts';
import { deriveSeed, Random } from './rng.ts';

/** How much the model's metric depends on one raw column. */
export interface Importance {
  column: string;
  /** Mean over the repeats of how much worse the metric becomes without the column; larger is more important, near 0 is unused. */
  mean: number;
  /** Standard deviation over the repeats (ddof 0, as scikit-learn's permutation_importance). */
  std: number;
  /**
   * 95 % interval of the mean by Student's t over the repeats; absent where there is one repeat. It tells what other
   * shuffles of these rows would give, not what other rows would.
   */
  interval?: [low: number, high: number];
  /** The metric of each repeat's permuted rows. */
  scores: number[];
}

export interface PermutationOptions {
  rows: number;
  /** Names of the raw columns: a whole column is shuffled before the encoders, so its one-hot parts move together. */
  columns: readonly string[];
  repeats: number;
  seed: number;
}

/** One scoring to do: the column's value in row i is to be read from row `permutation[i]`. */
export interface PermutedColumn {
  column: string;
  repeat: number;
  /** [rows], a permutation of 0..rows-1. Valid until the next one is asked for. */
  permutation: Int32Array;
}

/**
 * Permutation importance (Breiman, Machine Learning 2001; on hold-out rows and for any model: Fisher, Rudin and
 * Dominici, JMLR 2019): how much worse the metric becomes when a column's values are dealt to the wrong rows.
 *
 * Columns that say the same thing hide each other's importance. What a column gets depends on the seed, the column's
 * name and the repeat alone, not on which other columns there are.
 *
 * @param baseline the metric on the rows as they are
 * @param score the metric with that column permuted; called one after the other, and free to stop by throwing
 * @returns by falling mean, then by name
 * @throws RangeError where the metric is undefined on these rows
 */
export async function permutationImportance(
  metric: MetricName,
  baseline: number,
  options: PermutationOptions,
  score: (permuted: PermutedColumn) => Promise<number> | number,
): Promise<Importance[]> {
  const sign = METRICS[metric].better === 'higher' ? 1 : -1;
  const scores = new Map<string, number[]>(options.columns.map((column) => [column, []]));
  for (const permuted of permutations(options)) {
    const value = await score(permuted);
    if (!Number.isFinite(value))
      throw new RangeError(`${metric} is ${value} with \`${permuted.column}\` permuted; expected a number.`);
    scores.get(permuted.column)?.push(value);
  }
  return [...scores]
    .map(([column, values]) => summarise(column, values, (value) => sign * (baseline - value)))
    .sort((a, b) => b.mean - a.mean || (a.column < b.column ? -1 : 1));
}

/** Every scoring that importance asks for, column by column. One buffer is used for all of them. */
export function* permutations({
  rows,
  columns,
  repeats,
  seed,
}: PermutationOptions): Generator<PermutedColumn> {
  if (!(Number.isInteger(repeats) && repeats >= 1))
    throw new RangeError(`Repeats are ${repeats}; expected a whole number from 1.`);
  if (new Set(columns).size !== columns.length) throw new RangeError('A column is named twice.');
  const permutation = new Int32Array(rows);
  for (const column of columns) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (let row = 0; row < rows; row++) permutation[row] = row;
      new Random(deriveSeed(seed, 'importance', column, repeat)).shuffle(permutation);
      yield { column, repeat, permutation };
    }
  }
}

/** The column's values in permuted order: numbers or texts, as raw columns are. */
export function permute<T extends Float64Array | string[]>(values: T, permutation: Int32Array): T {
  if (values instanceof Float64Array) return Float64Array.from(permutation, (from) => values[from]) as T;
  const texts: string[] = values;
  return Array.from(permutation, (from) => texts[from]) as T;
}

function summarise(column: string, scores: number[], drop: (score: number) => number): Importance {
  const drops = scores.map(drop);
  const repeats = drops.length;
  const mean = drops.reduce((a, b) => a + b, 0) / repeats;
  const squares = drops.reduce((a, b) => a + (b - mean) ** 2, 0);
  const std = Math.sqrt(squares / repeats);
  if (repeats === 1) return { column, mean, std, scores };
  const half = (STUDENT_95[repeats - 2] ?? Z_95) * Math.sqrt(squares / (repeats - 1) / repeats);
  return { column, mean, std, interval: [mean - half, mean + half], scores };
}

/** 97.5th percentiles of Student's t with 1, 2, 3 ... degrees of freedom; the normal one beyond. */
const STUDENT_95 = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604,
  2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086,
];
const Z_95 = 1.96;
