import { defineLifecycle, forest } from 'perennial-ml';
import { canary } from './canary.ts';
import champion from './lifecycle.ts';

/**
 * A better model of the same thing: the same rows and columns, so the same snapshot, and one deeper forest. Registered beside a champion, it is rolled out by itself.
 */
export default defineLifecycle({
  ...champion,
  search: [forest({ trees: 60, maxDepth: 14, minLeaf: 20 })],
  select: { ...champion.select, folds: 2 },
  sample: { search: 20_000, refit: 600_000, evaluate: 200_000 },
  canary,
});
