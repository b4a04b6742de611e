import type { Selection } from '../sources/table.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import type { HoldOut } from './score.ts';

/** Fewer rows say little about which of two models is better: an error of 0.03 in a share. */
export const MIN_RECENT_ROWS = 200;

/** Numbers beyond it are no times, in JavaScript. */
const MAX_DATE_MS = 8.64e15;

/**
 * The hold-out rows by which a retrained model is compared with the champion: those that are newer than every row of the
 * champion's own dataset, its hold-out included, for they are as the rows to come will be. Where they are too few, the
 * newest MIN_RECENT_ROWS: neither model has learned from any of them either, and all hold-out rows would be nearly all of
 * a world that may be gone (docs/drift.md has what that cost). Undefined where the hold-out has fewer rows than that, or
 * nothing says how old they are.
 */
export async function recentRows(
  store: Store,
  champion: ModelVersionRow | undefined,
  { table, definition, limit, signal }: Pick<HoldOut, 'table' | 'definition' | 'limit' | 'signal'>,
): Promise<Selection['after']> {
  const { time } = definition;
  if (time === undefined || champion?.datasetDigest === undefined) return undefined;
  const { columns } = await store.datasets.get(champion.datasetDigest);
  const seen = columns.find(({ name }) => name === time);
  if (seen?.max === undefined || (seen.type !== 'timestamp' && seen.type !== 'number')) return undefined;
  const newest = await table.nthNewest(time, MIN_RECENT_ROWS, { side: 'test', limit }, { signal });
  const after = newerThan(seen.max, newest);
  return after && { column: time, ...after };
}

/**
 * @param seenMs the newest row of the champion's dataset
 * @param newestMs the hold-out's `MIN_RECENT_ROWS`th newest row; undefined where it has fewer
 */
export function newerThan(
  seenMs: number,
  newestMs: number | undefined,
): { epochMs: number; included?: true } | undefined {
  if (newestMs === undefined || Math.abs(newestMs) > MAX_DATE_MS) return undefined;
  return newestMs > seenMs ? { epochMs: seenMs } : { epochMs: newestMs, included: true };
}
