import { createHash } from 'node:crypto';
import { compareCategories } from '../../decisions/watch/categories.ts';
import type { Shift } from '../../decisions/watch/facts.ts';

/** Counts of the values of a column of text (or of false and true). What is missing is no value. */
export interface Categories {
  /** The 1,000 most frequent, by falling count, then by name. */
  top: [value: string, count: number][];
  /** Rows with any other value. */
  other: number;
  /** Values that occurred once, where `top` has all of them. */
  once?: number;
}

const MAX_TOP = 1_000;
const MAX_NAME = 128;

/** What a value is counted as: a long text by its hash, as the counts of thousands are kept. */
export function categoryOf(value: string): string {
  if (value.length <= MAX_NAME) return value;
  return `sha256:${createHash('sha256').update(value).digest('hex')}`;
}

export function categoriesOf(counts: ReadonlyMap<string, number>): Categories {
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const top = sorted.slice(0, MAX_TOP);
  const other = sorted.slice(MAX_TOP).reduce((sum, [, count]) => sum + count, 0);
  return { top, other, ...(other === 0 ? { once: countOnce(top) } : {}) };
}

export function countOnce(top: Categories['top']): number {
  return top.filter(([, count]) => count === 1).length;
}

export function total({ top, other }: Categories): number {
  return top.reduce((sum, [, count]) => sum + count, other);
}

/** The name of all values that the reference does not count one by one; no text of a request can be it. */
const OTHER = '\u0000other';

/** A window against a reference, by the values that the reference counts one by one, and all others together. */
export function compare(reference: Categories, window: Categories): Shift {
  const known = new Set(reference.top.map(([value]) => value));
  const counts = new Map<string, number>([[OTHER, window.other]]);
  for (const [value, count] of window.top) {
    const name = known.has(value) ? value : OTHER;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return compareCategories(new Map([...reference.top, [OTHER, reference.other]]), counts);
}

/**
 * Share of a window's values that the reference does not count, above what is to be expected of rows like those: where the
 * reference has all of its values, those that it saw once are as many as new ones will be (Good and Turing); where it has
 * only its most frequent ones, the share of the others. So a column of names is not broken because every name is new.
 */
export function unseenShare(reference: Categories, window: Categories): number {
  const [before, now] = [total(reference), total(window)];
  if (before === 0 || now === 0) return 0;
  const known = new Set(reference.top.map(([value]) => value));
  const unknown = window.top.reduce(
    (sum, [value, count]) => sum + (known.has(value) ? 0 : count),
    window.other,
  );
  return Math.max(0, unknown / now - (reference.once ?? reference.other) / before);
}
