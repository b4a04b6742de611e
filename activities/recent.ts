import type { Selection } from '../sources/table.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';
import type { HoldOut } from './score.ts';

/** Fewer rows say little about which of two models is better: an error of 0.03 in a share. */
const MIN_RECENT_ROWS = 200;

/** Numbers beyond it are no times, in JavaScript. */
const MAX_DATE_MS = 8.64e15;

/**
 * Which hold-out rows are newer than every row of the champion's own dataset, its hold-out included: neither model has
 * seen them, and they are as the rows to come will be. Undefined where they are too few, or nothing says how old rows are.
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
  const after = { column: time, epochMs: seen.max };
  if (Math.abs(after.epochMs) > MAX_DATE_MS) return undefined;
  const rows = await table.count({ side: 'test', after, limit }, { signal });
  return rows < MIN_RECENT_ROWS ? undefined : after;
}
