import { join } from 'node:path';
import {
  csv,
  cyclic,
  defineLifecycle,
  forest,
  impute,
  logistic,
  missing,
  oneHot,
  rows,
  sql,
  standardize,
  unique,
} from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';

/**
 * A training whose every stage takes about a second, so that a kill can land inside each: windows over 200,000 rows
 * for ingest, a search of six candidates, four of them in two families, a forest for the refit.
 */
export const ROWS = 200_000;

export function deliveries(directory: string): Definition {
  return defineLifecycle({
    name: 'deliveries',
    sources: { deliveries: csv(join(directory, 'deliveries.csv')) },
    dataset: sql`
      SELECT *, median(distance) OVER before AS usual_distance, count(*) FILTER (WHERE late) OVER before AS late_before
      FROM deliveries
      WINDOW before AS (PARTITION BY region ORDER BY due ROWS BETWEEN 400 PRECEDING AND 1 PRECEDING)`,
    target: 'late',
    key: 'id',
    time: 'due',
    checks: [rows({ min: 1_000 }), missing({ max: 0.2 }), unique('id')],
    features: [
      impute(['weight', 'usual_distance'], { strategy: 'mean' }),
      standardize('distance', 'weight', 'usual_distance', 'late_before'),
      oneHot('region'),
      cyclic('due', 'hour'),
    ],
    search: [forest({ trees: [100, 150], maxDepth: [6, 10] }), logistic({ l2: [0.1, 1] })],
    select: { folds: 3 },
    sample: { search: 30_000 },
    parallelism: 2,
    seed: 7,
  });
}
