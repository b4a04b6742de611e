import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Random } from '../../learning/rng.ts';

/** A table to learn from: its first `fitted` rows are learned from, the rest judged. */
export interface FitSet {
  name: string;
  rows: number;
  columns: number;
  classes: number;
  fitted: number;
  /** [rows, columns], row-major. */
  x: Float32Array;
  /** [rows], class indices. */
  y: Int32Array;
}

const CLUSTERS_A_CLASS = 2;
const INFORMATIVE = 10;

/**
 * Classes as clusters of normal points about random corners, in half of the columns; the others are noise, and 1 % of
 * the rows have a random class: like scikit-learn's make_classification.
 */
export function makeSet(rows: number, columns: number, classes: number): FitSet {
  const random = new Random(17);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
  const informative = Math.min(INFORMATIVE, columns);
  const corners = Array.from({ length: classes * CLUSTERS_A_CLASS }, () => ({
    centre: Array.from({ length: informative }, () => (random.below(2) === 0 ? -1 : 1)),
    mix: Array.from({ length: informative ** 2 }, () => 2 * random.unit() - 1),
  }));
  const x = new Float32Array(rows * columns);
  const y = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const cluster = random.below(corners.length);
    const { centre, mix } = corners[cluster];
    const point = Array.from({ length: informative }, normal);
    for (let c = 0; c < columns; c++) {
      x[row * columns + c] =
        c < informative
          ? point.reduce((sum, value, k) => sum + value * mix[k * informative + c], centre[c])
          : normal();
    }
    y[row] = random.below(100) === 0 ? random.below(classes) : cluster % classes;
  }
  const name = `${rows} x ${columns}, ${classes} classes`;
  return { name, rows, columns, classes, fitted: Math.round(rows * 0.8), x, y };
}

/** Reads PREFIX.json, PREFIX.X.f64 and PREFIX.y.i32, as shared/peers/make_data.py writes them. */
export function readSet(prefix: string): FitSet {
  const { rows, cols, classes, nTrain } = JSON.parse(readFileSync(`${prefix}.json`, 'utf8')) as Record<
    'rows' | 'cols' | 'classes' | 'nTrain',
    number
  >;
  const bytes = (end: string) => new Uint8Array(readFileSync(`${prefix}.${end}`)).buffer;
  return {
    name: basename(prefix),
    rows,
    columns: cols,
    classes,
    fitted: nTrain,
    x: Float32Array.from(new Float64Array(bytes('X.f64'))),
    y: new Int32Array(bytes('y.i32')),
  };
}

/** Writes the table for the peer to read the very same numbers. */
export function writeSet({ x, y, ...facts }: FitSet, prefix: string): object {
  writeFileSync(`${prefix}.x`, x);
  writeFileSync(`${prefix}.y`, y);
  return { ...facts, x: `${prefix}.x`, y: `${prefix}.y` };
}
