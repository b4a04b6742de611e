import { csv, defineLifecycle, logistic, tree, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { smallCsv } from './data.ts';
import type { Bench } from './bench.ts';

/** A training of a second on smallCsv; a test overrides what it is about. */
export function small(
  bench: Pick<Bench, 'write'>,
  more: Partial<LifecycleInput> & { name: string },
): Definition {
  return defineLifecycle({
    sources: { parcels: csv(bench.write(`${more.name}.csv`, smallCsv())) },
    dataset: 'SELECT id, size, colour, late FROM parcels',
    target: 'late',
    key: 'id',
    search: [tree({ maxDepth: [2, 3] }), logistic()],
    select: { folds: 2 },
    ...more,
  });
}

/** A search that lasts until it is ended, and each candidate for seconds: a test is about what happens meanwhile. */
export const LONG_SEARCH = {
  search: [
    { learner: 'forest', grid: { trees: [1000], minLeaf: Array.from({ length: 60 }, (_, i) => i + 1) } },
  ],
  select: { folds: 20 },
} satisfies Partial<LifecycleInput>;
