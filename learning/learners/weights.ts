import { z } from 'zod';
import type { Problem } from '../types.ts';

/** A hyperparameter of learners of classes. No explicit default, which older candidates do not have. */
export const classWeight = z
  .union(
    [z.literal('balanced'), z.record(z.string(), z.number().gt(0).lte(1e9)), z.null()],
    "must be 'balanced', a weight above 0 and at most 1e9 by class such as { yes: 3 }, or null",
  )
  .optional();
export type ClassWeight = z.output<typeof classWeight>;

/**
 * How much each row counts: its own weight times that of its class. `balanced` gives every class the same sum over the
 * rows to learn from, and leaves the sum over all of them as it is (scikit-learn's compute_class_weight).
 *
 * @returns [rows]; undefined where all count alike
 */
export function weightsOf(
  { weights, y, train, classes, classNames }: Weighed,
  classWeight?: ClassWeight,
): Float64Array | undefined {
  if (classes === 1 || classWeight === undefined || classWeight === null) return weights;
  const factors =
    classWeight === 'balanced'
      ? balanced({ weights, y, train, classes })
      : Float64Array.from({ length: classes }, (_, k) => classWeight[String(classNames?.[k] ?? k)] ?? 1);
  return Float64Array.from(y, (k, row) => factors[k] * (weights ? weights[row] : 1));
}

type Weighed = Pick<Problem, 'weights' | 'y' | 'train' | 'classes' | 'classNames'>;

/** Why a class weight cannot be, or undefined: it is of numbers, or names a class that there is not. */
export function refuseClassWeight(
  classWeight: ClassWeight,
  classNames: readonly (string | number | boolean)[] | undefined,
): string | undefined {
  if (classWeight === undefined || classWeight === null) return undefined;
  if (!classNames) return 'no class weight, as the target is a number; `weight` names a column of weights';
  if (classWeight === 'balanced') return undefined;
  const known = classNames.map(String);
  const unknown = Object.keys(classWeight).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : `weights by class, and ${JSON.stringify(unknown)} is none of ${known.join(', ')}`;
}

function balanced({ weights, y, train, classes }: Omit<Weighed, 'classNames'>): Float64Array {
  const sums = new Float64Array(classes);
  for (const row of train) sums[y[row]] += weights ? weights[row] : 1;
  const total = sums.reduce((a, b) => a + b, 0);
  const present = sums.filter((sum) => sum > 0).length;
  return sums.map((sum) => (sum > 0 ? total / (present * sum) : 1));
}

/** The sum over some rows; their number where all count alike. */
export function totalWeight(rows: Int32Array, weights?: Float64Array): number {
  if (!weights) return rows.length;
  let total = 0;
  for (const row of rows) total += weights[row];
  return total;
}
