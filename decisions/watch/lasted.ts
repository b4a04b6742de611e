import type { WindowFacts } from './facts.ts';
import { suddenColumns, unusualVolume } from './faults.ts';
import { isHealthy } from './follow.ts';
import type { WatchPolicy } from './policy.ts';
import type { WindowVerdict } from './verdict.ts';

/** A window that was judged, with all of its columns. */
export interface Judged {
  facts: WindowFacts;
  verdict: Pick<WindowVerdict, 'state'>;
}

/**
 * The facts, with for how many windows each column has had values that training never saw, and the volume been unusual. A
 * window with too few rows is passed over. What another column has, or had, is no matter, and neither is what a verdict took for the world: where two
 * columns change one window apart, each is counted by itself.
 *
 * @param before the newest window before this one that had enough rows; of another champion it counts for nothing, which
 *   had another training
 */
export function countLasted(
  facts: WindowFacts,
  before: Judged | undefined,
  policy: WatchPolicy,
): WindowFacts {
  if (!before || before.facts.version !== facts.version) return facts;
  const now = suddenColumns(facts, policy);
  const then = suddenColumns(before.facts, policy);
  const counts = new Map(before.facts.columns.map(({ column, lasted = 0 }) => [column, lasted + 1]));
  const columns = facts.columns.map((column) => {
    if (!now.has(column.column) || !then.has(column.column)) return column;
    // What differs from a window that was sound has changed once more since then.
    if (column.sinceHealthy && isHealthy(before.verdict)) return column;
    return { ...column, lasted: counts.get(column.column) };
  });
  const unusual = unusualVolume(facts, policy);
  const same = unusual !== undefined && unusual === unusualVolume(before.facts, policy);
  return { ...facts, columns, ...(same ? { volumeLasted: (before.facts.volumeLasted ?? 0) + 1 } : {}) };
}
