import { z } from 'zod';
import { maxDepth, minLeaf } from '../trees/params.ts';
import { classWeight } from '../weights.ts';

/** The defaults are LightGBM's. */
const fields = z.strictObject({
  /** Trees, one after another; with several classes, one a class each round. */
  rounds: z.int().min(1).max(10_000).default(100),
  /** What of each tree's answer is added. */
  learningRate: z.number().gt(0).lte(1).default(0.1),
  /** Most leaves of a tree. */
  leaves: z.int().min(2).max(4096).default(31),
  /** Cuts between the root and a leaf; null: as the leaves allow. */
  maxDepth,
  /** Least number of rows in a leaf. */
  minLeaf: minLeaf.default(20),
  /** Least sum of second derivatives in a leaf: for a class, of p (1 - p). */
  minChildWeight: z.number().min(0).max(1e9).default(1e-3),
  /** Strength of the penalty l2 / 2 * |leaves|^2. */
  l2: z.number().min(0).max(1e9).default(0),
  /** Rows drawn without replacement for each round, as a share of those to fit. */
  rowShare: z.number().gt(0).lte(1).default(1),
  /** Features drawn for each tree, as a share of all. */
  columnShare: z.number().gt(0).lte(1).default(1),
  /** Of regression: the mean, the median, or the `quantile` is learned. */
  loss: z.enum(['squared', 'absolute', 'quantile']).default('squared'),
  quantile: z.number().gt(0).lt(1).default(0.5),
  /** Rounds without a better loss on the validation part after which it stops; null: all rounds, on all rows. */
  patience: z
    .union([z.int().min(1).max(1000), z.null()], 'must be an integer from 1 to 1,000, or null for all rounds')
    .default(null),
  /** Share of the rows that `patience` sets aside to judge by. */
  validationShare: z.number().gt(0).lte(0.5).default(0.1),
  classWeight,
  /**
   * By raw column or encoded feature: the answer, of two classes the probability of the positive one, never falls or
   * never rises as it rises. No explicit default, which older candidates do not have.
   */
  monotone: z
    .union(
      [z.record(z.string(), z.enum(['increasing', 'decreasing'])), z.null()],
      "must be 'increasing' or 'decreasing' by column or feature such as { price: 'decreasing' }, or null",
    )
    .optional(),
  // Of features that name categories; absent means the value in brackets, which older candidates do not write out.
  /** Added to a category's second derivative before it is ranked, and least rows of a ranked category (10). */
  categorySmoothing: z.number().min(0).max(1e9).optional(),
  /** Penalty beyond `l2` on leaves behind a set of ranked categories (10). */
  categoryL2: z.number().min(0).max(1e9).optional(),
  /** Most categories of a set (32). */
  leftCategories: z.int().min(1).max(255).optional(),
  /** Up to so many categories each is tried alone against the others (4). */
  singleCategories: z.int().min(0).max(255).optional(),
  /** Least rows by which a set grows before it is tried again, and of the other side (100). */
  minCategoryRows: z.int().min(1).max(1_000_000).optional(),
});

/** Where the leaves step to a quantile of their residuals, no bound on the mean holds them. */
export const params = fields.refine(({ monotone, loss }) => !monotone || loss === 'squared', {
  path: ['monotone'],
  message: 'must be left out, or `loss` be squared: quantiles are not held to a direction',
});
export type Params = z.output<typeof fields>;
export type Monotone = Params['monotone'];
