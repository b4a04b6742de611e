import type { Answers } from '../compute/session.ts';
import type { ModelInput } from '../compute/tensors.ts';
import type { RawBatch } from '../config/raw.ts';

/** Taking rows out of batches and answers, and putting them together. */

/** The rows of several batches one after the other, of the columns that the model reads. */
export function joinBatches(batches: readonly RawBatch[], inputs: readonly ModelInput[]): RawBatch {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  // No prototype: a column may be called __proto__.
  const columns = Object.create(null) as RawBatch['columns'];
  for (const { name, type } of inputs) {
    const parts = batches.map((batch) => batch.columns[name]);
    columns[name] =
      type === 'string' ? (parts as string[][]).flat() : joinNumbers(parts as Float64Array[], rows);
  }
  return { rows, columns };
}

export function pickRows(batch: RawBatch, rowIndexes: readonly number[]): RawBatch {
  const columns = Object.create(null) as RawBatch['columns'];
  for (const [name, values] of Object.entries(batch.columns)) {
    columns[name] =
      values instanceof Float64Array
        ? Float64Array.from(rowIndexes, (i) => values[i])
        : rowIndexes.map((i) => values[i]);
  }
  return { rows: rowIndexes.length, columns };
}

/** Rows from..to (excluded), copied: a view would keep the whole batch's answers for as long as it is logged. */
export function takeAnswers(
  { labels, probabilities, prediction }: Answers,
  from: number,
  to: number,
): Answers {
  if (prediction) return { prediction: prediction.slice(from, to) };
  if (!labels || !probabilities) return {};
  const classes = probabilities.length / labels.length;
  return {
    labels: labels.slice(from, to),
    probabilities: probabilities.slice(from * classes, to * classes),
  };
}

function joinNumbers(parts: readonly Float64Array[], rows: number): Float64Array {
  const whole = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
