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

export function keepRows(
  { x, y, columns, classes, train }: Problem,
  { k, byDistance }: { k: number; byDistance: boolean },
): NeighborsModel {
  const grid = fitGrid(x, columns, train);
  const { high, low } = toCounts(grid, x, columns, train);
  return {
    classes,
    columns,
    k,
    byDistance,
    grid,
    high: Float32Array.from(high),
    low: Float32Array.from(low),
    targets: Float64Array.from(train, (row) => y[row]),
  };
}

/** Classes: the share of the neighbours' weight. Numbers: their weighted mean. Float32 numbers, as the graph has them. */
export function predictNeighbors(
  { classes, columns, k, byDistance, grid, high, low, targets }: NeighborsModel,
  x: Float32Array,
  width: number,
  index?: Int32Array,
): Float64Array {
  const query = toCounts(grid, x, width, index);
  const rows = query.high.length / columns;
  const search = new NeighborSearch(
    { high: Float64Array.from(high), low: Float64Array.from(low) },
    columns,
    grid,
  );
  const nearest: Nearest = { at: new Int32Array(k), squares: new Float64Array(k) };
  const weights = new Float64Array(k);
  const answers = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    search.find(query, i, nearest);
    weigh(nearest.squares, byDistance, weights);
    let total = 0;
    for (let j = 0; j < k; j++) {
      const target = targets[nearest.at[j]];
      if (classes === 1) answers[i] += weights[j] * target;
      else answers[i * classes + target] += weights[j];
      total += weights[j];
    }
    for (let c = i * classes; c < (i + 1) * classes; c++) answers[c] = Math.fround(answers[c] / total);
  }
  return answers;
}
