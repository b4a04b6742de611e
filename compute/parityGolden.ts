import { PerennialError } from '../config/errors.ts';
import type { RawBatch } from '../config/raw.ts';
import type { Task } from '../learning/types.ts';
import type { Answers } from './session.ts';
import type { ModelInput } from './tensors.ts';

/**
 * Rows with the answers that a model has to give for them: plain JSON, kept with every version.
 * Missing numbers are null, infinite ones the strings "Infinity" and "-Infinity", missing text is "".
 */
export interface Golden {
  inputs: Record<string, (number | string | null)[]>;
  outputs: {
    /** Classification: class index by row. Absent where only the probabilities are to be compared. */
    label?: number[];
    /** Classification: by row, the probability of each class. */
    probabilities?: number[][];
    /** Regression: value by row. */
    prediction?: number[];
  };
}

/**
 * Golden rows as the bytes of their JSON.
 *
 * @param answers the learner's own: [rows, classes] probabilities, or [rows] values
 */
export function encodeGolden(raw: RawBatch, answers: Float64Array, task: Task): Uint8Array {
  return encode(raw, goldenOutputs(answers, raw.rows, task));
}

/** @param answers [rows, classes] probabilities, or [rows] values */
export function goldenOutputs(answers: Float64Array, rows: number, task: Task): Golden['outputs'] {
  return task === 'regression' ? { prediction: Array.from(answers) } : classification(answers, rows);
}

/** The same of rows that the model file itself has answered, where no learner is there to be held against. */
export function encodeAnswered(raw: RawBatch, answers: Answers): Uint8Array {
  return encode(raw, outputsOf(answers));
}

/** A model's answers as golden rows hold them. */
export function outputsOf({ labels, probabilities, prediction }: Answers): Golden['outputs'] {
  if (!labels || !probabilities) return { prediction: Array.from(prediction ?? []) };
  const classes = labels.length === 0 ? 0 : probabilities.length / labels.length;
  return {
    label: Array.from(labels),
    probabilities: Array.from(labels, (_, i) =>
      Array.from(probabilities.subarray(i * classes, (i + 1) * classes)),
    ),
  };
}

function encode(raw: RawBatch, outputs: Golden['outputs']): Uint8Array {
  const inputs = Object.entries(raw.columns).map(([name, column]) => [
    name,
    column instanceof Float64Array ? Array.from(column, jsonNumber) : column,
  ]);
  return new TextEncoder().encode(
    JSON.stringify({ inputs: Object.fromEntries(inputs) as Golden['inputs'], outputs }),
  );
}

/**
 * The inputs of golden rows as a batch for a model.
 *
 * @throws PerennialError INVALID_INPUT where a column is missing or of another type
 */
export function goldenBatch(golden: Golden, inputs: readonly ModelInput[]): RawBatch {
  const columns = inputs.map(({ name, type }): [string, Float64Array | string[]] => {
    const values = Object.hasOwn(golden.inputs, name) ? golden.inputs[name] : undefined;
    if (values === undefined) throw wrong(name, 'missing', `the column "${name}"`);
    if (type === 'string') return [name, values.map((value) => text(name, value))];
    return [name, Float64Array.from(values, (value) => fromJson(name, value))];
  });
  return { rows: countRows(golden), columns: Object.fromEntries(columns) };
}

/** Rows of the answers. */
export function countRows({ outputs }: Golden): number {
  return (outputs.prediction ?? outputs.label ?? outputs.probabilities ?? []).length;
}

function classification(answers: Float64Array, rows: number): Golden['outputs'] {
  const classes = rows === 0 ? 0 : answers.length / rows;
  const probabilities = Array.from({ length: rows }, (_, i) =>
    Array.from(answers.subarray(i * classes, (i + 1) * classes)),
  );
  return { label: probabilities.map(largest), probabilities };
}

/** Index of the largest value, the lowest of equal ones. */
function largest(values: number[]): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}

function jsonNumber(value: number): number | string | null {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? null : String(value);
}

function fromJson(name: string, value: number | string | null): number {
  if (value === null) return NaN;
  if (typeof value === 'number') return value;
  if (value === 'Infinity' || value === '-Infinity') return Number(value);
  throw wrong(name, value, 'a number or null');
}

function text(name: string, value: number | string | null): string {
  if (typeof value === 'string') return value;
  throw wrong(name, value, 'text');
}

function wrong(name: string, value: unknown, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_INPUT',
    `The golden rows' column "${name}" is ${JSON.stringify(value)}; expected ${expected}.`,
    {
      field: name,
      value,
      expected,
    },
  );
}
