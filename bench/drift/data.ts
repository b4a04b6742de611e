import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../learning/rng.ts';

export const COLUMNS = 20;
export const REFERENCE_ROWS = 10_000;
export const WINDOW_ROWS = [10_000, 100_000] as const;
/** The first few have moved, by a tenth of a standard deviation. */
const MOVED = 3;
const SHIFT = 0.1;

/** By column, in the order in which rows come: nothing is sorted. */
export type Columns = readonly Float64Array[];

export interface Samples {
  reference: Columns;
  windows: ReadonlyMap<number, Columns>;
}

/** Independent normal numbers, always the same. */
export function makeSamples(): Samples {
  const random = new Random(20201129);
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const columns = (rows: number, shift: number) =>
    Array.from({ length: COLUMNS }, (_, column) =>
      Float64Array.from({ length: rows }, () => normal() + (column < MOVED ? shift : 0)),
    );
  return {
    reference: columns(REFERENCE_ROWS, 0),
    windows: new Map(WINDOW_ROWS.map((rows) => [rows, columns(rows, SHIFT)])),
  };
}

/** For the peers, row by row, as their matrices are. */
export function writeSamples({ reference, windows }: Samples, folder: string): void {
  writeFileSync(join(folder, 'reference.f64'), byRow(reference));
  for (const [rows, window] of windows) writeFileSync(join(folder, `${rows}.f64`), byRow(window));
}

function byRow(columns: Columns): Float64Array {
  const values = new Float64Array(columns.length * columns[0].length);
  columns.forEach((column, j) => column.forEach((value, i) => (values[i * columns.length + j] = value)));
  return values;
}
