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
  categorySmoothing: z.number().min(1e-9).lte(1e9).optional(),
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
  fit: (problem, p) => fitAll(problem, [p])[0],
  family: { by: ['smoothing'], fit: fitAll },
  join: ([model]) => model,
  predict: predictNaiveBayes,
  toOnnx: naiveBayesToOnnx,
};

/** What a fit takes from the rows, whatever the smoothing of the variances. */
interface ClassMoments {
  /** The largest variance of a feature over all rows. */
  largest: number;
  /** By class; absent where it has no rows. */
  byClass: ({ share: number; means: Float64Array; variances: Float64Array } | undefined)[];
  /** Columns that hold sizes; absent where all do. */
  sizes?: Int32Array;
  hasGaps: boolean;
  categories?: NaiveBayesModel['categories'];
}

/** One pass over the rows for smoothings of any number; all else is the same for all members. */
function fitAll(problem: Problem, members: readonly Params[]): NaiveBayesModel[] {
  const moments = classMoments(problem, members[0]);
  return members.map(({ smoothing }) => smoothed(moments, smoothing));
}

function classMoments(problem: Problem, params: Omit<Params, 'smoothing'>): ClassMoments {
  const { y, columns, classes, train, binned } = problem;
  const weights = weightsOf(problem, params.classWeight);
  const named = binned.categories;
  const all = Int32Array.from({ length: columns }, (_, column) => column);
  const sizes = named && all.filter((column) => named[column] === 0);
  // Of the rows as they are, as in scikit-learn: smoothing shall not depend on the weights.
  const whole = densitiesOf(problem, sizes, train, undefined, () => ({ mean: 0, variance: 0 }));
  const total = totalWeight(train, weights);
  return {
    largest: whole.variances.reduce((most, variance) => Math.max(most, variance), 0),
    byClass: Array.from({ length: classes }, (_, k) => {
      const members = train.filter((row) => y[row] === k);
      if (members.length === 0) return undefined;
      // Where a class has no value of a feature, it is taken to be like all rows there.
      const densities = densitiesOf(problem, sizes, members, weights, (size) => ({
        mean: whole.means[size],
        variance: whole.variances[size],
      }));
      return { share: totalWeight(members, weights) / total, ...densities };
    }),
    sizes,
    hasGaps: binned.gaps !== undefined,
    categories:
      named &&
      Array.from(all.filter((column) => named[column] > 0)).map((column) =>
        sharesOf(problem, column, named[column], params.categorySmoothing ?? 1, weights),
      ),
  };
}

function smoothed(
  { largest, byClass, sizes, hasGaps, categories }: ClassMoments,
  smoothing: number,
): NaiveBayesModel {
  const classes = byClass.length;
  const width = byClass.find((one) => one !== undefined)?.means.length ?? 0;
  // Constant features alone: any variance will do.
  const least = largest === 0 ? 1 : smoothing * largest;
  const model: NaiveBayesModel = {
    classes,
    ...(sizes && { sizes }),
    means: new Float64Array(classes * width),
    slopes: new Float64Array(classes * width),
    offsets: new Float64Array(classes).fill(-Infinity),
    ...(hasGaps && { lacking: new Float64Array(classes * width) }),
  };
  byClass.forEach((one, k) => {
    if (!one) return;
    model.means.set(one.means, k * width);
    model.offsets[k] = Math.log(one.share);
    for (let f = 0; f < width; f++) {
      const variance = one.variances[f] + least;
      const height = 0.5 * Math.log(2 * Math.PI * variance);
      model.slopes[k * width + f] = -0.5 / variance;
      model.offsets[k] -= height;
      if (model.lacking) model.lacking[k * width + f] = height;
    }
  });
  if (categories) model.categories = categories;
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
