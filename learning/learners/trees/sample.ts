import type { Random } from '../../rng.ts';

/**
 * The rows that one tree grows on. Growing reorders `rows` and `codes` together, so that every node is a stretch.
 * A row drawn several times stands once, with a weight.
 */
export interface Sample {
  /** Rows of the matrix. */
  rows: Int32Array;
  /** Weight * 2^CLASS_BITS + class index (0 for regression) of the row at the same position. */
  codes: Int32Array;
  /** How many of the positions are used. */
  length: number;
}

/** Leaves 15 bits for a weight: a row drawn 32,768 times among that many draws has a chance below 10^-100,000. */
export const CLASS_BITS = 16;
export const CLASS_MASK = 2 ** CLASS_BITS - 1;
export const MAX_CLASSES = 2 ** CLASS_BITS;

export function allocateSample(length: number): Sample {
  return { rows: new Int32Array(length), codes: new Int32Array(length), length: 0 };
}

/** Every row once. */
export function takeAll(train: Int32Array, classOf: (row: number) => number, into: Sample): void {
  for (let i = 0; i < train.length; i++) {
    into.rows[i] = train[i];
    into.codes[i] = (1 << CLASS_BITS) | classOf(train[i]);
  }
  into.length = train.length;
}

/** `draws` rows with replacement (Breiman, "Bagging predictors", 1996). @param counts scratch, [train.length] */
export function bootstrap(
  train: Int32Array,
  classOf: (row: number) => number,
  draws: number,
  random: Random,
  counts: Int32Array,
  into: Sample,
): void {
  counts.fill(0);
  for (let i = 0; i < draws; i++) counts[random.below(train.length)]++;
  let length = 0;
  for (let i = 0; i < train.length; i++) {
    if (counts[i] === 0) continue;
    into.rows[length] = train[i];
    into.codes[length] = (counts[i] << CLASS_BITS) | classOf(train[i]);
    length++;
  }
  into.length = length;
}
