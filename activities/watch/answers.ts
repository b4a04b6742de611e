import { argmax } from '../../learning/metrics/argmax.ts';
import { positiveOf } from '../../learning/metrics/compute.ts';
import type { Signature } from '../../store/types.ts';

type Model = Pick<Signature, 'task' | 'classes' | 'positive'>;

/** What a model said of some rows, whether asked now or read from the log. */
export interface Said {
  /** [rows, classes] probabilities, or [rows] values. */
  predictions: Float64Array;
  /** Binary: probability of the positive class. Multiclass: of the answer. Regression: the value. */
  score: Float64Array;
  /** Classification: class index by row. */
  labels?: Int32Array;
  /** Classification: probability of the answer. */
  confidence?: Float64Array;
}

export function read({ task, classes = [], positive }: Model, predictions: Float64Array): Said {
  if (task === 'regression') return { predictions, score: predictions };
  const width = classes.length;
  const labels = argmax(predictions, width);
  const confidence = Float64Array.from(labels, (label, row) => predictions[row * width + label]);
  if (task === 'multiclass') return { predictions, score: confidence, labels, confidence };
  const one = positiveOf(width, positive);
  const score = Float64Array.from(labels, (_, row) => predictions[row * width + one]);
  return { predictions, score, labels, confidence };
}

/** Numbers that the log keeps of a row: of two classes the positive one's probability alone. */
export function loggedWidth({ task, classes = [] }: Model): number {
  return task === 'multiclass' ? classes.length : 1;
}

/** From the log's numbers to what `read` takes; undefined where they are not what this model answers. */
export function predictionOf(model: Model, outputs: readonly number[] | undefined): number[] | undefined {
  const { task, classes = [], positive } = model;
  if (outputs?.length !== loggedWidth(model) || !outputs.every(Number.isFinite)) return undefined;
  if (task === 'regression') return [...outputs];
  // A softmax in float32 may overshoot 1 in its last digits.
  const shares = outputs.map((p) => Math.min(1, Math.max(0, p)));
  if (task === 'multiclass') return shares;
  const [one] = shares;
  return positiveOf(classes.length, positive) === 1 ? [1 - one, one] : [one, 1 - one];
}
