import { z } from 'zod';
import type { GraphBuilder } from '../onnx/graph.ts';
import type { Learner, Problem } from '../types.ts';
import { columnMoments } from './linear/moments.ts';
import { addShares, ONNX_DOUBLE } from './outputs.ts';
import { toShares } from './softmax.ts';
import { classWeight, totalWeight, weightsOf } from './weights.ts';

const params = z.strictObject({
  /** Added to every variance, as a share of the largest variance of a feature: scikit-learn's var_smoothing. */
  smoothing: z.number().gt(0).lte(1e6).default(1e-9),
  classWeight,
});
type Params = z.output<typeof params>;

export interface NaiveBayesModel {
  classes: number;
  /** [classes, columns] */
  means: Float64Array;
  /** [classes, columns], -1 / (2 variance): what a squared distance from the mean is multiplied by. */
  slopes: Float64Array;
  /** [classes], the log of the class's share and of what makes its density integrate to 1; -Infinity without rows. */
  offsets: Float64Array;
}

/** Naive Bayes with a normal density for every feature of every class, independent of each other. */
export const naiveBayes: Learner<Params, NaiveBayesModel> = {
  name: 'naiveBayes',
  title: 'Naive Bayes (Gaussian)',
  tasks: ['binary', 'multiclass'],
  weighs: true,
  params,
  units: () => 1,
  fit: (problem, p) => fitAll(problem, [p])[0],
  family: { by: ['smoothing'], fit: fitAll },
  join: ([model]) => model,
  predict,
  toOnnx,
};

/** What a fit takes from the rows, whatever the smoothing. */
interface ClassMoments {
  classes: number;
  columns: number;
  /** The largest variance of a feature over all rows. */
  largest: number;
  /** [classes, columns] */
  means: Float64Array;
  deviations: Float64Array;
  /** [classes], its share of the rows by weight; 0 without rows. */
  shares: Float64Array;
}

/** One pass over the rows for smoothings of any number; the weights of classes are the same for all. */
function fitAll(problem: Problem, members: readonly Params[]): NaiveBayesModel[] {
  const moments = classMoments(problem, weightsOf(problem, members[0].classWeight));
  return members.map(({ smoothing }) => smoothed(moments, smoothing));
}

function classMoments(
  { x, y, columns, classes, train }: Problem,
  weights: Float64Array | undefined,
): ClassMoments {
  const moments: ClassMoments = {
    classes,
    columns,
    // Of the rows as they are, as in scikit-learn: smoothing shall not depend on the weights.
    largest: columnMoments(x, columns, train).deviations.reduce((most, d) => Math.max(most, d * d), 0),
    means: new Float64Array(classes * columns),
    deviations: new Float64Array(classes * columns),
    shares: new Float64Array(classes),
  };
  for (let k = 0; k < classes; k++) {
    const members = train.filter((row) => y[row] === k);
    if (members.length === 0) continue;
    const { means, deviations } = columnMoments(x, columns, members, weights);
    moments.means.set(means, k * columns);
    moments.deviations.set(deviations, k * columns);
    moments.shares[k] = totalWeight(members, weights) / totalWeight(train, weights);
  }
  return moments;
}

function smoothed(
  { classes, columns, largest, means, deviations, shares }: ClassMoments,
  smoothing: number,
): NaiveBayesModel {
  // Constant features alone: any variance will do.
  const least = largest === 0 ? 1 : smoothing * largest;
  const slopes = new Float64Array(classes * columns);
  const offsets = shares.map((share) => Math.log(share));
  for (let k = 0; k < classes; k++) {
    if (shares[k] === 0) continue;
    for (let at = k * columns; at < (k + 1) * columns; at++) {
      const variance = deviations[at] * deviations[at] + least;
      slopes[at] = -0.5 / variance;
      offsets[k] -= 0.5 * Math.log(2 * Math.PI * variance);
    }
  }
  return { classes, means, slopes, offsets };
}

function predict(
  { classes, means, slopes, offsets }: NaiveBayesModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const scores = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      for (let f = 0; f < columns; f++) {
        const distance = x[at + f] - means[k * columns + f];
        sum += distance * distance * slopes[k * columns + f];
      }
      scores[i * classes + k] = sum + offsets[k];
    }
    toShares(scores, i * classes, classes);
  }
  return scores;
}

/** Class by class, so that no tensor is larger than the rows themselves; expanded squares would cost digits. */
function toOnnx({ classes, means, slopes, offsets }: NaiveBayesModel, graph: GraphBuilder, features: string) {
  const columns = means.length / classes;
  const double = (values: Float64Array, dims: number[]) => graph.constant({ type: 'double', dims, values });
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const sums = Array.from({ length: classes }, (_, k) => {
    const of = (values: Float64Array) => values.subarray(k * columns, (k + 1) * columns);
    const [distance] = graph.node('Sub', [exact, double(of(means), [columns])]);
    const [square] = graph.node('Mul', [distance, distance]);
    return graph.node('MatMul', [square, double(of(slopes), [columns, 1])])[0];
  });
  const [wide] = graph.node('Concat', sums, { axis: { int: 1 } });
  return addShares(graph, graph.node('Add', [wide, double(offsets, [classes])])[0]);
}
