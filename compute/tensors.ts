import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { MatrixModel } from './numberMatrix.ts';

/** A raw column as a model's graph declares it. */
export interface ModelInput {
  name: string;
  type: 'string' | 'double';
}

/**
 * The raw columns that a model reads, in the order of its file.
 *
 * @param matrix where the session's model was made to read its numbers as one
 * @throws PerennialError INVALID_INPUT where one is not a column [N, 1] of strings or doubles
 */
export function declaredInputs(session: InferenceSession, matrix?: MatrixModel): ModelInput[] {
  const metadata = new Map(session.inputMetadata.map((input) => [input.name, input]));
  const inMatrix = new Set(matrix?.columns);
  return (matrix?.published ?? session.inputNames).map((name) => {
    if (inMatrix.has(name)) return { name, type: 'double' };
    const input = metadata.get(name);
    const type = input?.isTensor ? INPUT_TYPES[input.type] : undefined;
    if (!input?.isTensor || type === undefined || input.shape.length !== 2 || input.shape[1] !== 1) {
      const found = input?.isTensor ? `${input.type} [${input.shape.join(', ')}]` : 'not a tensor';
      throw new PerennialError(
        'INVALID_INPUT',
        `The model's input "${name}" is ${found}; expected string or float64 [N, 1].`,
        {
          field: name,
          value: found,
          expected: 'string or float64 [N, 1]',
        },
      );
    }
    return { name, type };
  });
}

/**
 * Holds a batch against a model's inputs, once for all its slices. Columns that the model does not read are ignored.
 *
 * @throws PerennialError INVALID_INPUT naming the column that is missing, of another type or of another length
 */
export function checkBatch(batch: RawBatch, inputs: readonly ModelInput[]): void {
  for (const { name, type } of inputs) {
    const column = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
    if (column === undefined) {
      throw new PerennialError(
        'INVALID_INPUT',
        `The column "${name}" is missing; the model reads ${listed(inputs)}.`,
        {
          field: name,
          expected: `a column of ${type === 'string' ? 'text' : 'numbers'}`,
        },
      );
    }
    if (column instanceof Float64Array !== (type === 'double')) {
      const found = column instanceof Float64Array ? 'numbers' : 'text';
      const expected = type === 'double' ? 'numbers' : 'text';
      throw new PerennialError(
        'INVALID_INPUT',
        `The column "${name}" holds ${found}; the model reads ${expected}.`,
        {
          field: name,
          value: found,
          expected,
        },
      );
    }
    if (column.length !== batch.rows) {
      throw new PerennialError(
        'INVALID_INPUT',
        `The column "${name}" holds ${column.length} values for ${batch.rows} rows.`,
        {
          field: name,
          value: column.length,
          expected: `${batch.rows} values`,
        },
      );
    }
  }
}

/** Rows from..to (excluded) of a checked batch as ONNX Runtime's tensors: [to - from, 1], and the matrix of numbers. */
export function feedsOf(
  batch: RawBatch,
  inputs: readonly ModelInput[],
  matrix: MatrixModel | undefined,
  from: number,
  to: number,
): Record<string, Tensor> {
  // No prototype: a column may be called __proto__ or constructor.
  const feeds = Object.create(null) as Record<string, Tensor>;
  const rows = to - from;
  if (matrix) feeds[matrix.input] = matrixOf(batch, matrix.columns, from, to);
  for (const { name, type } of inputs) {
    if (matrix && type === 'double') continue;
    const column = batch.columns[name];
    feeds[name] =
      column instanceof Float64Array
        ? new Tensor('float64', ownNumbers(column, from, to), [rows, 1])
        : new Tensor('string', column.slice(from, to), [rows, 1]);
  }
  return feeds;
}

/** Row-major [to - from, columns]. */
function matrixOf(batch: RawBatch, columns: readonly string[], from: number, to: number): Tensor {
  const width = columns.length;
  const values = new Float64Array((to - from) * width);
  for (let c = 0; c < width; c++) {
    const column = batch.columns[columns[c]] as Float64Array;
    for (let row = from, at = c; row < to; row++, at += width) values[at] = column[row];
  }
  return new Tensor('float64', values, [to - from, width]);
}

/** A view of those rows; a copy of them where they lie on shared memory, which ONNX Runtime refuses. */
function ownNumbers(column: Float64Array, from: number, to: number): Float64Array {
  return column.buffer instanceof SharedArrayBuffer ? column.slice(from, to) : column.subarray(from, to);
}

const INPUT_TYPES: Partial<Record<string, ModelInput['type']>> = { string: 'string', float64: 'double' };

function listed(inputs: readonly ModelInput[]): string {
  const names = inputs.slice(0, 20).map(({ name }) => name);
  return names.join(', ') + (inputs.length > names.length ? ` ... (${inputs.length} columns)` : '');
}
