import type { Counts, Grid } from './grid.ts';

/** The neighbours of one row, nearest first; of equal distances the row that comes first in the training rows. */
export interface Nearest {
  /** [k], positions among the training rows. */
  at: Int32Array;
  /** [k], squared distances in steps of the grid. */
  squares: Float64Array;
}

/**
 * The squared distance of two rows on a grid: three exact sums, put together in the order of the graph. It is exact below
 * 2^53 and rounded to float64's 53 bits above.
 */
export class NeighborSearch {
  readonly #rows: Counts;
  readonly #columns: number;
  readonly #count: number;
  readonly #highUnit: number;
  readonly #crossUnit: number;

  constructor(rows: Counts, columns: number, { bits }: Grid) {
    this.#rows = rows;
    this.#columns = columns;
    this.#count = rows.high.length / columns;
    this.#highUnit = 4 ** bits;
    this.#crossUnit = 2 ** (bits + 1);
  }

  /** The `into.at.length` neighbours of row `row` of `query`. */
  find(query: Counts, row: number, into: Nearest): void {
    const { at, squares } = into;
    const k = at.length;
    const columns = this.#columns;
    const high = query.high.subarray(row * columns, (row + 1) * columns);
    const low = query.low.subarray(row * columns, (row + 1) * columns);
    let held = 0;
    for (let i = 0; i < this.#count; i++) {
      const square = this.#square(high, low, i * columns);
      if (held === k && square >= squares[k - 1]) continue;
      let place = held < k ? held++ : k - 1;
      for (; place > 0 && squares[place - 1] > square; place--) {
        squares[place] = squares[place - 1];
        at[place] = at[place - 1];
      }
      squares[place] = square;
      at[place] = i;
    }
  }

  #square(high: Float64Array, low: Float64Array, from: number): number {
    const theirHigh = this.#rows.high;
    const theirLow = this.#rows.low;
    let highs = 0;
    let crossed = 0;
    let lows = 0;
    for (let f = 0, other = from; f < high.length; f++, other++) {
      const h = high[f] - theirHigh[other];
      const l = low[f] - theirLow[other];
      highs += h * h;
      crossed += h * l;
      lows += l * l;
    }
    return highs * this.#highUnit + crossed * this.#crossUnit + lows;
  }
}
