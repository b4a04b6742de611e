import { writeFileSync } from 'node:fs';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import { boosting, extraTrees, forest, logistic, neighbors } from '../../config/define.ts';
import { candidatesOf } from '../../config/portfolio.ts';
import { expandSearch, type CandidateSpec } from '../../config/search.ts';
import { leader, type Scored } from '../../decisions/leader.ts';
import { deriveSeed } from '../../learning/rng.ts';
import { stratifiedFolds } from '../../learning/split.ts';
import type { Problem } from '../../learning/types.ts';
import { readSet, type FitSet } from '../fit/data.ts';

/** What somebody who knows the learners writes down. */
const GRID = [
  logistic({ l2: [0.1, 1, 10] }),
  neighbors({ k: [1, 3, 5], weights: 'distance' }),
  forest({ trees: 200, minLeaf: [1, 3] }),
  extraTrees({ trees: 200, minLeaf: [1, 3] }),
  boosting({ learningRate: [0.05, 0.1], leaves: [15, 31] }),
];
const FOLDS = 5;
const SEED = 1;

interface Tried extends Scored {
  learner: string;
  params: CandidateSpec['params'];
  std: number;
}

interface Result {
  set: string;
  automatic: { tried: number; of: number; seconds: number; best: Tried };
  grid: { tried: number; seconds: number; best: Tried };
}

/** The automatic search, for so many seconds, beside a grid that has all its time: cross-validated accuracy. */
export async function benchAutomatic(options: {
  set: string[];
  within: number;
  threads: number;
  json?: string;
}): Promise<void> {
  const pool = createPool({ threads: options.threads });
  const results: Result[] = [];
  for (const set of options.set.map(readSet)) {
    const problem = await standardized(set, pool);
    const portfolio = candidatesOf({ search: 'auto', seed: SEED, features: 'auto' }, problem);
    const automatic = await searchFor(pool, problem, portfolio, options.within * 1_000);
    tell(set, 'automatic', automatic);
    const grid = await searchFor(pool, problem, expandSearch(GRID, SEED), Infinity);
    results.push({ set: set.name, automatic: { ...automatic, of: portfolio.length }, grid });
    tell(set, 'grid', grid);
  }
  await pool.close();
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2));
}

function tell({ name }: FitSet, search: string, { tried, seconds, best }: Result['grid']): void {
  const error = (best.std / Math.sqrt(FOLDS - 1)).toFixed(4);
  process.stdout.write(
    `${name}: ${search} ${best.mean.toFixed(4)} ± ${error} (standard error), ${tried} candidates in ${seconds.toFixed(0)} s; ${best.learner} ${JSON.stringify(best.params)}\n`,
  );
}

/** As `features: 'auto'` has numbers. */
async function standardized({ rows, columns, classes, x, y }: FitSet, pool: ComputePool): Promise<Problem> {
  const scaled = new Float32Array(x.length);
  for (let column = 0; column < columns; column++) {
    const values = Float64Array.from({ length: rows }, (_, row) => x[row * columns + column]);
    const mean = values.reduce((a, b) => a + b, 0) / rows;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / rows) || 1;
    values.forEach((value, row) => (scaled[row * columns + column] = (value - mean) / std));
  }
  return {
    task: classes === 2 ? 'binary' : 'multiclass',
    ...{ classes, rows, columns, x: scaled, y: Float64Array.from(y) },
    binned: await pool.bin(scaled, rows, columns),
    train: Int32Array.from({ length: rows }, (_, row) => row),
  };
}

async function searchFor(
  pool: ComputePool,
  problem: Problem,
  candidates: readonly CandidateSpec[],
  ms: number,
): Promise<Result['grid']> {
  const folds = stratifiedFolds(problem.y, problem.classes, FOLDS, deriveSeed(SEED, 'folds'));
  const started = performance.now();
  let best: Tried | undefined;
  let tried = 0;
  for (const { index, learner, params } of candidates) {
    if (performance.now() - started >= ms) break;
    tried++;
    const scores = await pool.crossValidate({
      ...{ problem, learner, params, seed: deriveSeed(SEED, 'candidate', index) },
      folds: folds.map((test) => ({ test })),
      positive: problem.classes === 2 ? 1 : undefined,
    });
    const values = scores.map(({ accuracy = NaN }) => accuracy);
    const mean = values.reduce((a, b) => a + b, 0) / FOLDS;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / FOLDS);
    best = leader(best, { index, learner, params, mean, std }, 'higher');
  }
  if (!best) throw new Error('No candidate was tried.');
  return { tried, seconds: (performance.now() - started) / 1_000, best };
}
