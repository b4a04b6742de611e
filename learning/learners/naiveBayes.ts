import { z } from 'zod';
import type { Learner, Problem } from '../types.ts';
import { sharesOf } from './naiveBayes/categorical.ts';
import { densitiesOf } from './naiveBayes/gaussian.ts';
import type { NaiveBayesModel } from './naiveBayes/model.ts';
import { naiveBayesToOnnx } from './naiveBayes/onnx.ts';
import { toShares } from './softmax.ts';
import { classWeight, totalWeight, weightsOf } from './weights.ts';

const params = z.strictObject({
  /** Added to every variance, as a share of the largest variance of a feature: scikit-learn's var_smoothing. */
  smoothing: z.number().gt(0).lte(1e6).default(1e-9),
  /** How often more each category counts as seen in every class (1). No explicit default, which older candidates do not have. */
  categorySmoothing: z.number().gt(0).lte(1e9).optional(),
  classWeight,
});
type Params = z.output<typeof params>;

/**
 * Naive Bayes: features independent of each other within a class, those that hold sizes with a normal density, and those
 * that name categories with a share for each. Missing values and what is no category are left out of the sums in
 * learning and of the product in answering, as the model has it: to integrate over a feature that is independent of
 * the others leaves them alone.
 */
export const naiveBayes: Learner<Params, NaiveBayesModel> = {
  name: 'naiveBayes',
  title: 'Naive Bayes (Gaussian, categorical)',
  tasks: ['binary', 'multiclass'],
  weighs: true,
  bridgesGaps: true,
  takesCategories: true,
  params,
  units: () => 1,
  fit,
  join: ([model]) => model,
  predict: predictNaiveBayes,
  toOnnx: naiveBayesToOnnx,
};

function fit(problem: Problem, params: Params): NaiveBayesModel {
  const { y, columns, classes, train, binned } = problem;
  const weights = weightsOf(problem, params.classWeight);
  const named = binned.categories;
  const all = Int32Array.from({ length: columns }, (_, column) => column);
  const sizes = named && all.filter((column) => named[column] === 0);
  const width = sizes?.length ?? columns;
  // Of the rows as they are, as in scikit-learn: smoothing shall not depend on the weights.
  const whole = densitiesOf(problem, sizes, train, undefined, () => ({ mean: 0, variance: 0 }));
  const largest = whole.variances.reduce((most, variance) => Math.max(most, variance), 0);
  // Constant features alone: any variance will do.
  const least = largest === 0 ? 1 : params.smoothing * largest;
  const model: NaiveBayesModel = {
    classes,
    ...(sizes && { sizes }),
    means: new Float64Array(classes * width),
    slopes: new Float64Array(classes * width),
    offsets: new Float64Array(classes).fill(-Infinity),
    ...(binned.gaps && { lacking: new Float64Array(classes * width) }),
  };
  for (let k = 0; k < classes; k++) {
    const members = train.filter((row) => y[row] === k);
    if (members.length === 0) continue;
    // Where a class has no value of a feature, it is taken to be like all rows there.
    const { means, variances } = densitiesOf(problem, sizes, members, weights, (size) => ({
      mean: whole.means[size],
      variance: whole.variances[size],
    }));
    model.means.set(means, k * width);
    model.offsets[k] = Math.log(totalWeight(members, weights) / totalWeight(train, weights));
    for (let f = 0; f < width; f++) {
      const variance = variances[f] + least;
      const height = 0.5 * Math.log(2 * Math.PI * variance);
      model.slopes[k * width + f] = -0.5 / variance;
      model.offsets[k] -= height;
      if (model.lacking) model.lacking[k * width + f] = height;
    }
  }
  if (named)
    model.categories = Array.from(all.filter((column) => named[column] > 0)).map((column) =>
      sharesOf(problem, column, named[column], params.categorySmoothing ?? 1, weights),
    );
  return model;
}

function predictNaiveBayes(
  { classes, sizes, means, slopes, offsets, lacking, categories = [] }: NaiveBayesModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const rows = index ? index.length : x.length / columns;
  const width = means.length / classes;
  const scores = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const at = (index ? index[i] : i) * columns;
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      let taken = 0;
      for (let f = 0; f < width; f++) {
        const value = x[at + (sizes ? sizes[f] : f)];
        const distance = value - means[k * width + f];
        if (lacking && Number.isNaN(value)) taken += lacking[k * width + f];
        else sum += distance * distance * slopes[k * width + f];
      }
      if (lacking) sum += taken;
      scores[i * classes + k] = sum + offsets[k];
    }
    for (const { column, logs } of categories) {
      const category = x[at + column];
      // What is none adds nothing.
      if (!Number.isInteger(category) || category < 1 || category * classes > logs.length) continue;
      for (let k = 0; k < classes; k++) scores[i * classes + k] += logs[(category - 1) * classes + k];
    }
    toShares(scores, i * classes, classes);
  }
  return scores;
}
