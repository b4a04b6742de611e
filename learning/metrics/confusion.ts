/** Counts of rows by true class (row of the matrix) and predicted class (column): [classes, classes], row-major. */
export interface Confusion {
  classes: number;
  counts: Float64Array;
  /** Rows counted. */
  total: number;
  /** [classes] rows that are of the class. */
  actual: Float64Array;
  /** [classes] rows that are said to be of the class. */
  predicted: Float64Array;
}

/** @param y [rows] true class indices; @param labels [rows] predicted ones */
export function confusionMatrix(y: Float64Array, labels: Int32Array, classes: number): Confusion {
  const counts = new Float64Array(classes * classes);
  for (let row = 0; row < y.length; row++) counts[y[row] * classes + labels[row]]++;
  const actual = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      actual[i] += counts[i * classes + j];
      predicted[j] += counts[i * classes + j];
    }
  }
  return { classes, counts, total: y.length, actual, predicted };
}
