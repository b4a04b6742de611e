/**
 * Quality without labels, by confidence-based performance estimation: where a model's probabilities are calibrated, the
 * expected accuracy of its answers is the mean of the probabilities of the answers. It follows a change of where the
 * inputs lie; it cannot see that what they mean has changed, so it is always named an estimate.
 */

/** A monotone piecewise linear function: probability of being right, by confidence. Plain JSON, at most 100 knots. */
export interface Calibration {
  /** Ascending. */
  x: number[];
  /** Never falling, 0 to 1. */
  y: number[];
}

/** Rows with like confidence are taken together: each bin gives at most two knots. */
const MAX_BINS = 50;

/**
 * Isotonic regression (pool adjacent violators) of being right on the confidence, after the rows were put into at most 50
 * bins of about equal size; a bin ends only between different confidences. Each pooled block is level from its least to
 * its largest confidence, and a line leads to the next, as in scikit-learn's `IsotonicRegression`; so over the rows
 * that it was fitted on, its mean is the share of right answers.
 *
 * @param confidence probability of the answer given, of each hold-out row, 0 to 1
 * @param correct 1 where the answer was right, else 0
 * @returns no knots where there are no rows: `estimateAccuracy` then takes the confidence as it is
 */
export function fitCalibration(confidence: Float64Array, correct: Uint8Array): Calibration {
  const blocks: Block[] = [];
  for (const bin of binsOf(confidence, correct)) {
    let block = bin;
    for (let last = blocks.at(-1); last && level(last) >= level(block); last = blocks.at(-1)) {
      blocks.pop();
      block = {
        from: last.from,
        to: block.to,
        rows: last.rows + block.rows,
        right: last.right + block.right,
      };
    }
    blocks.push(block);
  }
  const knots = blocks.flatMap((block) =>
    [...new Set([block.from, block.to])].map((x) => ({ x, y: level(block) })),
  );
  return { x: knots.map(({ x }) => x), y: knots.map(({ y }) => y) };
}

/**
 * Expected accuracy of answers with these confidences, and the standard error of that mean: what another draw of as many
 * rows would move it by. The error of the calibration itself is not in it.
 *
 * @returns accuracy 0 with error 1, which says nothing, where there are no rows
 */
export function estimateAccuracy(
  map: Calibration,
  confidence: Float64Array,
): { accuracy: number; se: number } {
  const n = confidence.length;
  if (n === 0) return { accuracy: 0, se: 1 };
  const calibrated = confidence.map((value) => calibrate(map, value));
  const accuracy = calibrated.reduce((sum, value) => sum + value, 0) / n;
  const squares = calibrated.reduce((sum, value) => sum + (value - accuracy) ** 2, 0);
  // Of a single row no spread is known; that of a coin is the largest there is.
  return { accuracy, se: n === 1 ? 0.5 : Math.sqrt(squares / (n - 1) / n) };
}

/** Outside the knots it stays at the first and the last one. */
function calibrate({ x, y }: Calibration, confidence: number): number {
  if (x.length === 0) return confidence;
  let [low, high] = [0, x.length - 1];
  if (!(confidence > x[low])) return y[low];
  if (confidence >= x[high]) return y[high];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (x[middle] <= confidence) low = middle;
    else high = middle;
  }
  return y[low] + ((y[high] - y[low]) * (confidence - x[low])) / (x[high] - x[low]);
}

interface Block {
  /** Least and largest confidence in it. */
  from: number;
  to: number;
  rows: number;
  right: number;
}

function level({ right, rows }: Block): number {
  return right / rows;
}

function binsOf(confidence: Float64Array, correct: Uint8Array): Block[] {
  const order = Array.from(confidence, (_, row) => row).sort((a, b) => confidence[a] - confidence[b]);
  const full = confidence.length / MAX_BINS;
  const bins: Block[] = [];
  order.forEach((row, i) => {
    const value = confidence[row];
    const bin = bins.at(-1);
    // Filled up to the bin's share of all rows: so there are no more bins than that, however the ties lie.
    if (bin && (value === bin.to || i < full * bins.length)) {
      bin.to = value;
      bin.rows++;
      bin.right += correct[row];
    } else {
      bins.push({ from: value, to: value, rows: 1, right: correct[row] });
    }
  });
  return bins;
}
