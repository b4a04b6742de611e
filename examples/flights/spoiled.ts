import { defineLifecycle, forest } from 'perennial-ml';
import { canary } from './canary.ts';
import champion from './lifecycle.ts';

/**
 * Deliberately spoiled, by the classic difference between training and serving: its look-back windows end on the day of
 * the flight instead of the day before. In the dataset, which was made afterwards, that day is over, so each row sees a
 * good part of its own outcome: the hold-out looks splendid, and the gate lets it pass. In live traffic the day has only
 * begun, and the same columns hold what is known: the days before. There it is worse than the champion, which nothing
 * but live traffic can show.
 */
export default defineLifecycle({
  ...champion,
  dataset: champion.dataset
    .replaceAll(
      'RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING',
      'RANGE BETWEEN CURRENT ROW AND CURRENT ROW',
    )
    .replaceAll('AND INTERVAL 1 DAY PRECEDING', 'AND CURRENT ROW'),
  search: [forest({ trees: 50, maxDepth: 14, minLeaf: 20 })],
  select: { ...champion.select, folds: 2 },
  sample: { search: 20_000, refit: 300_000, evaluate: 100_000 },
  canary,
});
