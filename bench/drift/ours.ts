import { benjaminiHochberg } from '../../decisions/watch/benjaminiHochberg.ts';
import { compareNumbers } from '../../decisions/watch/compareNumbers.ts';
import { sortNumbers } from '../../decisions/watch/sortNumbers.ts';
import type { Columns } from './data.ts';
import type { Compared } from './peers.ts';

/**
 * What the watch does with the numbers of a window: both sides sorted, KS, PSI, Jensen-Shannon and Wasserstein of each column,
 * and which of them stand out.
 */
export function compareOurs(reference: Columns, window: Columns): Compared {
  const start = performance.now();
  const shifts = reference.map((was, i) => compareNumbers(sortNumbers(was), sortNumbers(window[i])));
  const p = shifts.map((shift) => shift.p);
  benjaminiHochberg(p, p.length, 0.01);
  const ms = performance.now() - start;
  return { ms, p, statistic: shifts.map(({ effect }) => effect) };
}
