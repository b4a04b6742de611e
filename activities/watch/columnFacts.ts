import { compareNumbers } from '../../decisions/watch/compareNumbers.ts';
import type { ColumnFacts, Shift } from '../../decisions/watch/facts.ts';
import { fitScale } from '../../decisions/watch/scale.ts';
import { compare, unseenShare } from './categories.ts';
import type { ColumnDistribution, Values } from './distributions.ts';

/**
 * One column of a window against the reference's, and against the last healthy window's where there is one.
 *
 * @param window with all numbers, not only a sample
 */
export function columnFacts(
  reference: ColumnDistribution,
  window: ColumnDistribution,
  healthy: ColumnDistribution | undefined,
  ignored: boolean,
): ColumnFacts {
  const since = healthy && shiftOf(healthy, window);
  return rounded({
    column: reference.name,
    ...(ignored ? { ignored } : {}),
    // A column that is of another kind now has nothing in common.
    ...(shiftOf(reference, window) ?? { test: 'chi2', p: 0, effect: 1 }),
    missing: window.missing,
    referenceMissing: reference.missing,
    ...leavers(reference, window),
    ...(healthy && since
      ? { sinceHealthy: { p: since.p, effect: since.effect, ...leavers(reference, healthy) } }
      : {}),
    ...scaleOf(healthy?.numbers ?? reference.numbers, window.numbers),
  });
}

/** Shares of the present values that training did not have. */
function leavers(
  reference: ColumnDistribution,
  { categories, numbers }: Values,
): Pick<ColumnFacts, 'unseen' | 'outOfRange'> {
  if (reference.type === 'string' && reference.categories && categories)
    return { unseen: unseenShare(reference.categories, categories) };
  return hasRange(reference) && numbers ? { outOfRange: outOfRange(reference, numbers) } : {};
}

/** Undefined where they are not of one kind. */
export function shiftOf(reference: Values, window: Values): Shift | undefined {
  if (reference.numbers && window.numbers) return compareNumbers(reference.numbers, window.numbers);
  if (reference.categories && window.categories) return compare(reference.categories, window.categories);
  return undefined;
}

/** A column that was constant in training has no range to leave: no model reads it, and any other value is outside. */
function hasRange({ numbers, min, max }: ColumnDistribution): boolean {
  return numbers !== undefined && min !== undefined && max !== undefined && min < max;
}

/** Beyond the training rows' range, widened by a tenth of it. */
function outOfRange({ min, max }: ColumnDistribution, numbers: Float64Array): number {
  if (min === undefined || max === undefined || numbers.length === 0) return 0;
  const slack = (max - min) / 10;
  let outside = 0;
  for (const value of numbers) if (value < min - slack || value > max + slack) outside++;
  return outside / numbers.length;
}

function scaleOf(
  base: Float64Array | undefined,
  numbers: Float64Array | undefined,
): Pick<ColumnFacts, 'scale'> {
  const scale = base && numbers && fitScale(base, numbers);
  return scale ? { scale } : {};
}

const DIGITS = 5;

/** Five digits say enough, and half of what passes through a workflow is saved. */
export function rounded<T extends object>(facts: T): T {
  const round = (value: unknown): unknown => {
    if (typeof value === 'number') return Number(value.toPrecision(DIGITS));
    return typeof value === 'object' && value !== null ? rounded(value) : value;
  };
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, round(value)])) as T;
}
