import { rawValue } from '../../config/raw.ts';
import { PerennialError } from '../../config/errors.ts';
import { sortNumbers } from '../../decisions/watch/sortNumbers.ts';
import type { WatchedRow } from '../../store/lifecycleTypes.ts';
import type { Signature } from '../../store/types.ts';
import { predictionOf, read, type Said } from './answers.ts';
import { categoriesOf, categoryOf } from './categories.ts';
import { isMeasure, type ColumnDistribution } from './distributions.ts';

/** Rows of a window, column by column. */
export interface WindowRows {
  /** Rows that were read. */
  rows: number;
  /** Of these, rows whose inputs were logged. */
  compared: number;
  columns: ColumnDistribution[];
  /** The same, of the rows whose keys hash lowest: a random sample that is worth keeping. */
  sample: ColumnDistribution[];
  /** By row, of the columns that are measures: what outliers are found in. */
  measures: Float64Array[];
  said: Said;
  /** Ascending; of the sample's rows. */
  sampleScore: Float64Array;
}

/**
 * Reads rows into columns: 8 bytes a number, and of texts their counts.
 *
 * @param reference columns of the version's reference: which are read, and how they are compared
 * @param sampleSize rows of the sample
 */
export async function readWindow(
  batches: AsyncIterable<WatchedRow[]>,
  signature: Signature,
  reference: readonly ColumnDistribution[],
  sampleSize: number,
): Promise<WindowRows> {
  const columns = reference.map(columnReader);
  const predictions = growing();
  const score: { place: number; row: number }[] = [];
  let [rows, compared, answered, sampled] = [0, 0, 0, 0];
  for await (const batch of batches) {
    for (const row of batch) {
      rows++;
      const prediction = predictionOf(signature, row.outputs);
      if (prediction) {
        predictions.push(...prediction);
        if (row.place <= sampleSize) score.push({ place: row.place, row: answered });
        answered++;
      }
      if (!row.inputs) continue;
      compared++;
      const inSample = row.place <= sampleSize;
      if (inSample) sampled++;
      for (const column of columns) column.take(row.inputs, inSample);
    }
  }
  const said = read(signature, predictions.values());
  return {
    rows,
    compared,
    columns: columns.map((column) => column.whole(compared)),
    sample: columns.map((column) => column.sample(sampled)),
    measures: columns.flatMap((column) => column.measures() ?? []),
    said,
    sampleScore: Float64Array.from(score, ({ row }) => said.score[row]).sort(),
  };
}

interface ColumnReader {
  take(inputs: NonNullable<WatchedRow['inputs']>, inSample: boolean): void;
  whole(rows: number): ColumnDistribution;
  sample(rows: number): ColumnDistribution;
  measures(): Float64Array | undefined;
}

function columnReader(reference: ColumnDistribution): ColumnReader {
  return reference.categories ? categoryReader(reference) : numberReader(reference);
}

function categoryReader(reference: ColumnDistribution): ColumnReader {
  const { name, type } = reference;
  const [all, some] = [new Map<string, number>(), new Map<string, number>()];
  const flags = growing();
  const of = (counts: ReadonlyMap<string, number>, rows: number): ColumnDistribution => {
    const present = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return { name, type, missing: rows === 0 ? 0 : 1 - present / rows, categories: categoriesOf(counts) };
  };
  return {
    take(inputs, inSample) {
      const value = valueOf(reference, inputs[name]);
      if (type === 'boolean') flags.push(Number(value));
      if (value === '' || Number.isNaN(value)) return;
      const category = categoryOf(type === 'boolean' ? String(value === 1) : String(value));
      all.set(category, (all.get(category) ?? 0) + 1);
      if (inSample) some.set(category, (some.get(category) ?? 0) + 1);
    },
    whole: (rows) => of(all, rows),
    sample: (rows) => of(some, rows),
    measures: () => (type === 'boolean' ? flags.values() : undefined),
  };
}

function numberReader(reference: ColumnDistribution): ColumnReader {
  const { name, type, float32 } = reference;
  const [all, some] = [growing(), growing()];
  const of = (values: Float64Array, rows: number): ColumnDistribution => {
    const numbers = sortNumbers(values);
    const range = numbers.length === 0 ? {} : { min: numbers[0], max: numbers[numbers.length - 1] };
    return { name, type, missing: rows === 0 ? 0 : 1 - numbers.length / rows, ...range, numbers };
  };
  return {
    take(inputs, inSample) {
      const raw = Number(valueOf(reference, inputs[name]));
      const value = float32 ? Math.fround(raw) : raw;
      all.push(value);
      if (inSample) some.push(value);
    },
    whole: (rows) => of(all.values(), rows),
    sample: (rows) => of(some.values(), rows),
    measures: () => (isMeasure(reference) ? all.values() : undefined),
  };
}

/** What the model would not have read counts as missing; the gateway answers no such row. */
function valueOf({ type, name }: ColumnDistribution, value: unknown): number | string {
  if (type === 'number' && typeof value === 'number') return value;
  try {
    return rawValue(type, value, name);
  } catch (error) {
    if (error instanceof PerennialError) return type === 'string' ? '' : NaN;
    throw error;
  }
}

/** Numbers whose count is not known before the last one has come. */
function growing(): { push(...values: number[]): void; values(): Float64Array } {
  let numbers = new Float64Array(1024);
  let length = 0;
  return {
    push(...values) {
      if (length + values.length > numbers.length) {
        const larger = new Float64Array(2 * numbers.length + values.length);
        larger.set(numbers);
        numbers = larger;
      }
      for (const value of values) numbers[length++] = value;
    },
    values: () => numbers.subarray(0, length),
  };
}
