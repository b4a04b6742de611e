import { chiSquared } from './chiSquared.ts';
import { jensenShannon, psi, totalVariation } from './distances.ts';
import type { Shift } from './facts.ts';
import { fisher } from './fisher.ts';

/** Counts by category; what is missing is no category. */
export type CategoryCounts = ReadonlyMap<string, number> | Readonly<Record<string, number>>;

/**
 * Two samples of categories: the chi-squared test of homogeneity, or Fisher's where only a table of two columns is left
 * and a count of less than 5 is expected in it. Categories of which that is expected are pooled into one first, and that
 * one with the next rarest if it is still too rare. Which are pooled depends on their totals over both samples
 * alone, so it favours neither. Effect and distances are those of the pooled table: over the single values of a column
 * of names they would be large by chance. So a column that has only rare values never stands out here;
 * `ColumnFacts.unseen` watches it.
 *
 * @returns p 1 and effect 0 where a sample is empty or a single category is left
 */
export function compareCategories(reference: CategoryCounts, window: CategoryCounts): Shift {
  const [was, is] = pool(columnsOf(reference, window));
  const expected = leastExpected(was, is);
  const distances = {
    effect: totalVariation(was, is),
    psi: psi(was, is),
    jensenShannon: jensenShannon(was, is),
  };
  if (was.length === 2 && expected < LEAST_EXPECTED) {
    const table = [
      [was[0], was[1]],
      [is[0], is[1]],
    ] as const;
    return { test: 'fisher', p: fisher(table), ...distances };
  }
  return { test: 'chi2', p: chiSquared(was, is).p, ...distances };
}

/** Cochran's rule, for the chi-squared distribution to hold. */
const LEAST_EXPECTED = 5;

type Column = readonly [reference: number, window: number];

/** In the order of the names, so that sums are the same whatever order the counts came in. */
function columnsOf(reference: CategoryCounts, window: CategoryCounts): Column[] {
  const [was, is] = [asMap(reference), asMap(window)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name): Column => [was.get(name) ?? 0, is.get(name) ?? 0])
    .filter(([a, b]) => a + b > 0);
}

function asMap(counts: CategoryCounts): ReadonlyMap<string, number> {
  return counts instanceof Map
    ? (counts as ReadonlyMap<string, number>)
    : new Map(Object.entries(counts as Readonly<Record<string, number>>));
}

/** The two rows, rare categories pooled. */
function pool(columns: readonly Column[]): [number[], number[]] {
  const [m, n] = [0, 1].map((row) => columns.reduce((total, column) => total + column[row], 0));
  // The smaller sample expects fewer of each.
  const least = (total: number) => (total * Math.min(m, n)) / (m + n);
  const byTotal = columns.toSorted((a, b) => a[0] + a[1] - (b[0] + b[1]));
  let [was, is, rare] = [0, 0, 0];
  while (
    rare < byTotal.length &&
    (least(byTotal[rare][0] + byTotal[rare][1]) < LEAST_EXPECTED ||
      // A pool that is itself too rare takes the next one, unless that leaves nothing to compare it with.
      (rare > 0 && least(was + is) < LEAST_EXPECTED && byTotal.length - rare > 1))
  ) {
    was += byTotal[rare][0];
    is += byTotal[rare][1];
    rare++;
  }
  const kept = byTotal.slice(rare);
  const table: Column[] = rare > 0 ? [[was, is], ...kept] : kept;
  return [table.map(([a]) => a), table.map(([, b]) => b)];
}

function leastExpected(was: readonly number[], is: readonly number[]): number {
  const [m, n] = [was, is].map((row) => row.reduce((total, count) => total + count, 0));
  const rarest = Math.min(...was.map((count, i) => count + is[i]));
  return (rarest * Math.min(m, n)) / (m + n);
}
