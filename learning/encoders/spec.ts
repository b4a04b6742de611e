import { z } from 'zod';

/**
 * The feature encoders as a definition declares them. `impute` changes what every other encoder of the same column
 * reads in place of a missing value; where it is not declared, numeric encoders read the training median.
 * An infinite number counts as missing. Sums are in 64 bits; a result beyond float32 becomes its largest number.
 * `mostFrequent` is for numbers, booleans and text; `mean` and `median` for all but text. `none` leaves a missing number,
 * boolean or time missing, for learners that can split by it.
 */
const columns = z.array(z.string().min(1)).min(1);

export const featureSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('impute'),
    columns,
    strategy: z.enum(['mean', 'median', 'mostFrequent', 'constant', 'none']),
    /** With `constant`: the value, a string for string columns. */
    value: z.union([z.number(), z.string(), z.boolean()]).optional(),
  }),
  /** As it is (numbers, booleans, timestamps as epoch milliseconds), imputed. */
  z.strictObject({ kind: z.literal('passthrough'), columns }),
  /** (x - mean) / std of the training rows; a constant column gives 0. */
  z.strictObject({ kind: z.literal('standardize'), columns }),
  /** (x - min) / (max - min) of the training rows; a constant column gives 0. Not clipped. */
  z.strictObject({ kind: z.literal('minMax'), columns }),
  /** One column a category, the `maxCategories` most frequent of training; unseen and missing give all zeros. */
  z.strictObject({ kind: z.literal('oneHot'), columns, maxCategories: z.int().min(1).max(1000) }),
  /** The index of the category in `categories`, or by order of value in training; unseen and missing give -1. */
  z.strictObject({ kind: z.literal('ordinal'), columns, categories: z.array(z.string()).min(1).optional() }),
  /** Share of training rows with the same value, 0..1; unseen gives 0. Looks at no target. */
  z.strictObject({ kind: z.literal('frequency'), columns, maxCategories: z.int().min(1).max(1000) }),
  /**
   * The number of the category, 1 to 255, for learners that cut categories into sets; the `maxCategories` most frequent of
   * training have one. Unseen and missing give 0, which is no category.
   */
  z.strictObject({ kind: z.literal('category'), columns, maxCategories: z.int().min(1).max(255) }),
  /** The index of the bin, by `edges` or by `bins` equally frequent ones of training; v lies in the first bin with v <= edge. */
  z.strictObject({
    kind: z.literal('bucket'),
    columns,
    bins: z.int().min(2).max(100).optional(),
    edges: z.array(z.number()).min(1).max(255).optional(),
  }),
  /** sin and cos of the whole position in the period (weekday 0 is Monday), in UTC; missing gives 0, 0. */
  z.strictObject({
    kind: z.literal('cyclic'),
    columns,
    part: z.enum(['minuteOfHour', 'hour', 'weekday', 'dayOfMonth', 'dayOfYear', 'month']),
  }),
  /** ln(offset + x), standardised where asked (by moments from percentiles); values at or below -offset count as missing. */
  z.strictObject({ kind: z.literal('log'), columns, offset: z.number(), standardize: z.boolean() }),
]);

export type Feature = z.infer<typeof featureSchema>;
export type CyclicPart = Extract<Feature, { kind: 'cyclic' }>['part'];
