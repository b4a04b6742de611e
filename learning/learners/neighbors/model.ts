import type { Problem } from '../../types.ts';
import { fitGrid, toCounts, type Grid } from './grid.ts';
import { NeighborSearch, type Nearest } from './nearest.ts';
import { weigh } from './weights.ts';

/** The training rows themselves, on a grid. */
export interface NeighborsModel {
  /** 1 for numbers. */
  classes: number;
  columns: number;
  k: number;
  byDistance: boolean;
  grid: Grid;
  /** [rows, columns]: the halves of the counts; integers of at most 2^24, which float32 holds. */
  high: Float32Array;
  low: Float32Array;
  /** [rows], class indices or numbers. */
  targets: Float64Array;
}

export function keepRows({
  x,
  y,
  columns,
  classes,
  train,
}: Problem): Omit<NeighborsModel, 'k' | 'byDistance'> {
  const grid = fitGrid(x, columns, train);
  const { high, low } = toCounts(grid, x, columns, train);
  return {
    classes,
    columns,
    grid,
    high: Float32Array.from(high),
    low: Float32Array.from(low),
    targets: Float64Array.from(train, (row) => y[row]),
  };
}

/** Classes: the share of the neighbours' weight. Numbers: their weighted mean. Float32 numbers, as the graph has them. */
export function predictNeighbors(
  model: NeighborsModel,
  x: Float32Array,
  width: number,
  index?: Int32Array,
): Float64Array {
  return predictTogether([model], x, width, index)[0];
}

/**
 * As `predictNeighbors` for models of the same rows that differ in `k` and in how they weigh: the neighbours of the largest
 * k are looked for, nearest first, and a smaller k has the first of them.
 */
export function predictTogether(
  models: readonly NeighborsModel[],
  x: Float32Array,
  width: number,
  index?: Int32Array,
): Float64Array[] {
  const { classes, columns, grid, high, low, targets } = models[0];
  const query = toCounts(grid, x, width, index);
  const rows = query.high.length / columns;
  const search = new NeighborSearch(
    { high: Float64Array.from(high), low: Float64Array.from(low) },
    columns,
    grid,
  );
  const most = Math.max(...models.map(({ k }) => k));
  const nearest: Nearest = { at: new Int32Array(most), squares: new Float64Array(most) };
  const weights = new Float64Array(most);
  const answers = models.map(() => new Float64Array(rows * classes));
  for (let i = 0; i < rows; i++) {
    search.find(query, i, nearest);
    models.forEach(({ k, byDistance }, m) => {
      weigh(nearest.squares.subarray(0, k), byDistance, weights);
      vote(answers[m].subarray(i * classes, (i + 1) * classes), k);
    });
  }
  return answers;

  /** Of the `k` nearest, by the weights. */
  function vote(answer: Float64Array, k: number): void {
    let total = 0;
    for (let j = 0; j < k; j++) {
      const target = targets[nearest.at[j]];
      if (classes === 1) answer[0] += weights[j] * target;
      else answer[target] += weights[j];
      total += weights[j];
    }
    for (let c = 0; c < classes; c++) answer[c] = Math.fround(answer[c] / total);
  }
}
