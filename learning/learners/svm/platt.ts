/** P(class) = 1 / (1 + exp(-(slope * score + offset))). */
export interface Sigmoid {
  slope: number;
  offset: number;
}

const MAX_ITERATIONS = 100;
/** Added to the Hessian's diagonal, so that it can be inverted where all scores are equal. */
const RIDGE = 1e-12;
const LEAST_STEP = 1e-10;
const TOLERANCE = 1e-8;

/**
 * Fits the probability of a class to the scores of a machine: logistic regression on one number, its targets drawn away
 * from 0 and 1 as one more row of each kind would (Platt, "Probabilistic outputs for support vector machines", 1999), by
 * Newton's method with backtracking (Lin, Lin and Weng, "A note on Platt's probabilistic outputs for support vector
 * machines", Machine Learning 2007, appendix).
 *
 * @param scores [rows], of rows that the machine did not learn from
 * @param belongs [rows], 1 for the rows of the class
 * @param weights [rows]; absent: all count alike
 */
export function fitSigmoid(scores: Float64Array, belongs: Uint8Array, weights?: Float64Array): Sigmoid {
  const rows = scores.length;
  const weightOf = (i: number) => (weights ? weights[i] : 1);
  let members = 0;
  let others = 0;
  for (let i = 0; i < rows; i++) {
    if (belongs[i]) members += weightOf(i);
    else others += weightOf(i);
  }
  const high = (members + 1) / (members + 2);
  const low = 1 / (others + 2);
  const target = (i: number) => (belongs[i] ? high : low);

  let slope = 0;
  let offset = Math.log((members + 1) / (others + 1));
  let value = loss(slope, offset);
  for (let n = 0; n < MAX_ITERATIONS; n++) {
    let h11 = RIDGE;
    let h22 = RIDGE;
    let h21 = 0;
    let g1 = 0;
    let g2 = 0;
    for (let i = 0; i < rows; i++) {
      const share = 1 / (1 + Math.exp(-(slope * scores[i] + offset)));
      const weight = weightOf(i);
      const curvature = weight * share * (1 - share);
      h11 += scores[i] * scores[i] * curvature;
      h22 += curvature;
      h21 += scores[i] * curvature;
      g1 += weight * scores[i] * (share - target(i));
      g2 += weight * (share - target(i));
    }
    if (Math.abs(g1) < TOLERANCE && Math.abs(g2) < TOLERANCE) break;
    const determinant = h11 * h22 - h21 * h21;
    // Equal scores determine no slope; what is left of the ridge is rounding.
    if (!(determinant > 0)) break;
    const bySlope = -(h22 * g1 - h21 * g2) / determinant;
    const byOffset = -(h11 * g2 - h21 * g1) / determinant;
    const promised = g1 * bySlope + g2 * byOffset;
    let step = 1;
    for (; step >= LEAST_STEP; step /= 2) {
      const trial = loss(slope + step * bySlope, offset + step * byOffset);
      if (!(trial < value + 1e-4 * step * promised)) continue;
      slope += step * bySlope;
      offset += step * byOffset;
      value = trial;
      break;
    }
    if (step < LEAST_STEP) break;
  }
  return { slope, offset };

  function loss(a: number, b: number): number {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const z = a * scores[i] + b;
      // -t log p - (1 - t) log(1 - p), whichever sign keeps the exponential small.
      sum +=
        weightOf(i) *
        (z >= 0 ? (1 - target(i)) * z + Math.log1p(Math.exp(-z)) : -target(i) * z + Math.log1p(Math.exp(z)));
    }
    return sum;
  }
}
