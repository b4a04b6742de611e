import type { RawBatch } from '../config/raw.ts';
import type { Explained } from '../learning/explain/readModel.ts';
import type { Signature } from '../store/types.ts';

/** Why a row got its score. `base` and all contributions add up to `score`. */
export interface Explanation {
  /** Exact by trees or weights, or sampled where a version is none of sums of them. */
  method: 'treeShap' | 'linearShap' | 'sampled';
  /** What the score is: the answer itself, or what it is before a sigmoid or a softmax. */
  explained: Explained;
  /** Of the positive class, the predicted class where there are more than two, or the value. In 64 bits. */
  score: number;
  /** The class that the score is of; absent for regression. */
  of?: string | number | boolean;
  /** The mean score of the background. */
  base: number;
  /** Largest first. */
  contributions: { column: string; value: number | string | boolean | null; contribution: number }[];
}

/** @param contributions by input of the signature */
export function listed(
  { inputs }: Pick<Signature, 'inputs'>,
  batch: RawBatch,
  row: number,
  contributions: ArrayLike<number>,
): Explanation['contributions'] {
  return inputs
    .map((input, c) => ({
      column: input.name,
      value: jsonValue(input, batch.columns[input.name][row]),
      contribution: contributions[c],
    }))
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}

/** A raw value as a person writes it in a request. */
export function jsonValue(
  { columnType }: Pick<Signature['inputs'][number], 'columnType'>,
  value: number | string,
): number | string | boolean | null {
  if (typeof value === 'string') return value === '' ? null : value;
  if (Number.isNaN(value)) return null;
  if (columnType === 'boolean') return value !== 0;
  if (!Number.isFinite(value)) return String(value);
  return columnType === 'timestamp' && Math.abs(value) <= MAX_DATE_MS ? new Date(value).toISOString() : value;
}

/** A Date reaches so far (ECMAScript, 21.4.1.1). */
const MAX_DATE_MS = 8.64e15;
