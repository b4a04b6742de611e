import { DuckDBDoubleVector, type DuckDBDataChunk, type DuckDBVector } from '@duckdb/node-api';
import type { RawBatch } from '../config/raw.ts';
import { throwIfCancelled, type Engine } from './engine.ts';

export const BATCH_ROWS = 65_536;

/**
 * Streams a query whose columns are DOUBLE or VARCHAR without NULL (see `rawExpression`) as batches of `batchRows`
 * rows, the last one shorter. Memory: one batch.
 */
export async function* streamBatches(
  engine: Engine,
  sql: string,
  columns: readonly { name: string; text: boolean }[],
  options: { batchRows?: number; signal?: AbortSignal } = {},
): AsyncGenerator<RawBatch> {
  const batchRows = options.batchRows ?? BATCH_ROWS;
  const session = await engine.session();
  try {
    const result = await session.stream(sql, options);
    let batch = new Batch(columns, batchRows);
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      for (let from = 0; from < chunk.rowCount;) {
        from += batch.take(chunk, from);
        if (batch.rows < batchRows) continue;
        yield batch.finish();
        batch = new Batch(columns, batchRows);
      }
      throwIfCancelled(options.signal);
    }
    if (batch.rows > 0) yield batch.finish();
  } finally {
    await session.close();
  }
}

class Batch {
  rows = 0;
  readonly #columns: readonly { name: string; text: boolean }[];
  readonly #capacity: number;
  readonly #arrays: (Float64Array | string[])[];

  constructor(columns: readonly { name: string; text: boolean }[], capacity: number) {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#arrays = columns.map((c) => (c.text ? new Array<string>(capacity) : new Float64Array(capacity)));
  }

  /** Copies rows of the chunk from `from` on, as many as fit. */
  take(chunk: DuckDBDataChunk, from: number): number {
    const count = Math.min(chunk.rowCount - from, this.#capacity - this.rows);
    this.#arrays.forEach((array, i) => {
      const vector = chunk.getColumnVector(i);
      if (array instanceof Float64Array) copyNumbers(vector, from, count, array, this.rows);
      else copyTexts(vector, from, count, array, this.rows);
    });
    this.rows += count;
    return count;
  }

  finish(): RawBatch {
    const cut = this.rows < this.#capacity;
    const entries = this.#columns.map(({ name }, i) => {
      const array = this.#arrays[i] ?? [];
      return [name, cut ? array.slice(0, this.rows) : array] as const;
    });
    return { rows: this.rows, columns: Object.fromEntries(entries) };
  }
}

function copyNumbers(vector: DuckDBVector, from: number, count: number, to: Float64Array, at: number): void {
  if (!(vector instanceof DuckDBDoubleVector))
    throw new TypeError(`expected DOUBLE, got ${vector.type.toString()}`);
  for (let i = 0; i < count; i++) to[at + i] = vector.getItem(from + i) ?? NaN;
}

function copyTexts(vector: DuckDBVector, from: number, count: number, to: string[], at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = (vector.getItem(from + i) as string | null) ?? '';
}
