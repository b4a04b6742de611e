/**
 * The most probable class of each row, the lowest index on ties: what every exported graph answers as `label`.
 *
 * @param probabilities [rows, classes], row-major
 * @returns [rows] class indices
 */
export function argmax(probabilities: Float64Array, classes: number): Int32Array {
  const labels = new Int32Array(probabilities.length / classes);
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if (probabilities[start + k] > probabilities[start + best]) best = k;
    }
    labels[row] = best;
  }
  return labels;
}
