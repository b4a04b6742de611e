/** A function that never falls: through (x, y) in straight lines, beyond the ends the nearest y. */
export interface Isotonic {
  /** [points], strictly ascending. */
  x: Float64Array;
  /** [points], never descending, 0 to 1. */
  y: Float64Array;
}

/** Scores that lie closer to the first of their group count as equal to it (scikit-learn's resolution of float64). */
const RESOLUTION = 1e-15;

/**
 * Isotonic regression: of all functions of the score that never fall, the one nearest to the outcomes by (weighted)
 * squares. Rows of one score are put together, then neighbours in the wrong order are pooled (Ayer, Brunk, Ewing, Reid,
 * Silverman, "An empirical distribution function for sampling with incomplete information", 1955); as a calibrator
 * Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability estimates", KDD 2002. The
 * points are those of scikit-learn's IsotonicRegression: the ends of each stretch of one height.
 *
 * @param scores [rows], at least one, finite, of rows that the model did not learn from
 * @param belongs [rows], 1 for the rows of the class
 * @param weights [rows], above 0; absent: all count alike
 * @throws RangeError where there are no rows
 */
export function fitIsotonic(scores: Float64Array, belongs: Uint8Array, weights?: Float64Array): Isotonic {
  if (scores.length === 0) throw new RangeError('There are no scores to fit probabilities to.');
  const stretches: Stretch[] = [];
  for (const next of groupByScore(scores, belongs, weights)) {
    let pooled = next;
    for (let last = stretches.at(-1); last && heightOf(last) >= heightOf(pooled); last = stretches.at(-1)) {
      pooled = {
        from: last.from,
        to: pooled.to,
        members: last.members + pooled.members,
        weight: last.weight + pooled.weight,
      };
      stretches.pop();
    }
    stretches.push(pooled);
  }
  const points = stretches.flatMap((stretch) => {
    const { from, to } = stretch;
    const y = heightOf(stretch);
    return [...new Set([from, to])].map((x) => ({ x, y }));
  });
  return { x: Float64Array.from(points, ({ x }) => x), y: Float64Array.from(points, ({ y }) => y) };
}

/** Scores from..to with one height: the share of the class in the weight of its rows. */
interface Stretch {
  from: number;
  to: number;
  members: number;
  weight: number;
}

const heightOf = ({ members, weight }: Stretch): number => members / weight;

function groupByScore(scores: Float64Array, belongs: Uint8Array, weights?: Float64Array): Stretch[] {
  const order = Int32Array.from(scores, (_, row) => row).sort((a, b) => scores[a] - scores[b] || a - b);
  const groups: Stretch[] = [];
  let group: Stretch | undefined;
  for (const row of order) {
    const score = scores[row];
    if (!group || score - group.from >= RESOLUTION) {
      group = { from: score, to: score, members: 0, weight: 0 };
      groups.push(group);
    }
    const weight = weights ? weights[row] : 1;
    group.weight += weight;
    if (belongs[row]) group.members += weight;
  }
  return groups;
}
