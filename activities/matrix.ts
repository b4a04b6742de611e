import type { ModelSession } from '../compute/session.ts';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { Table } from '../sources/table.ts';
import { targetReader } from './target.ts';
import type { FeatureFacts } from './features.ts';

/** Which rows of a snapshot become a matrix, and through which encoders. */
export interface MatrixRequest {
  side: 'train' | 'test';
  /** At most so many rows, those with the smallest sample hash; all where undefined. */
  limit?: number;
  facts: Pick<FeatureFacts, 'classes' | 'encoders' | 'columns'>;
  target: string;
  /** The encoders' own graph: what serving computes is what training reads. */
  encoders: ModelSession;
  signal: AbortSignal;
  /** Keeps the raw columns too (golden rows, importance). */
  keepRaw?: boolean;
  /** Columns to be read beside, which need not be inputs. */
  beside?: readonly string[];
}

export interface Matrix {
  rows: number;
  /** [rows, columns], row-major, on shared memory. */
  x: Float32Array;
  y: Float64Array;
  /** Empty unless asked for. */
  raw: RawBatch;
  /** [rows] of each column that was asked for. */
  beside: RawBatch['columns'];
}

const BATCH_ROWS = 65_536;

/** Reads rows of a snapshot through the encoders' graph, batch by batch, in bounded memory. */
export async function readMatrix(table: Table, request: MatrixRequest): Promise<Matrix> {
  const { side, limit, facts, target, encoders, signal, beside = [] } = request;
  const available = (await table.sides({ signal }))[side];
  const rows = Math.min(available, limit ?? available);
  const x = new Float32Array(new SharedArrayBuffer(rows * facts.columns * Float32Array.BYTES_PER_ELEMENT));
  const y = new Float64Array(new SharedArrayBuffer(rows * Float64Array.BYTES_PER_ELEMENT));
  const toTarget = targetReader(target, facts.classes);
  const kept: RawBatch[] = [];
  const keptBeside: RawBatch[] = [];
  const inputs = facts.encoders.inputs.map((input) => input.name);
  const columns = [...new Set([...inputs, target, ...beside])];
  let at = 0;
  for await (const batch of table.read({ columns, side, limit, batchRows: BATCH_ROWS }, { signal })) {
    await encoders.encode(batch, {
      signal,
      into: x.subarray(at * facts.columns, (at + batch.rows) * facts.columns),
    });
    y.set(toTarget(batch), at);
    at += batch.rows;
    if (request.keepRaw) kept.push(batch);
    if (beside.length > 0) {
      const pairs = beside.map((name) => [name, batch.columns[name]] as const);
      keptBeside.push({ rows: batch.rows, columns: Object.fromEntries(pairs) });
    }
  }
  if (at !== rows)
    throw new PerennialError('INTERNAL', `Read ${at} rows of a snapshot where ${rows} were announced.`);
  const raw = concatenate(kept, inputs);
  return { rows, x, y, raw, beside: concatenate(keptBeside, beside).columns };
}

/** Joins batches column by column. */
export function concatenate(batches: readonly RawBatch[], names: readonly string[]): RawBatch {
  const rows = batches.reduce((n, batch) => n + batch.rows, 0);
  const columns: RawBatch['columns'] = {};
  for (const name of names) {
    const parts = batches.map((batch) => batch.columns[name]);
    if (parts.every((part) => part instanceof Float64Array)) {
      const whole = new Float64Array(rows);
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      columns[name] = whole;
    } else {
      columns[name] = parts.flatMap((part) => Array.from(part ?? [], String));
    }
  }
  return { rows, columns };
}
