import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import type { FittedEncoders } from '../../learning/encoders/fitted.ts';
import { shelf } from '../../learning/learners/shelf.ts';
import { assembleModel } from '../../learning/onnx/assemble.ts';
import type { Problem } from '../../learning/types.ts';
import { find, gappy, generate, named } from '../learning/learnersData.ts';

/**
 * Twenty runs, one digest: the same rows, hyperparameters and seed make the same ONNX file on one thread and on four, beside
 * other work and after it, in threads that have just begun and in those that have compiled their loops anew meanwhile.
 */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const RUNS = 20;
const THREADS = [1, 2, 3, 4];
const columns = 6;
const few = { classes: generate(500, columns, 3, 1), numbers: generate(500, columns, 1, 2) };
/** So many that logistic regression begins on a sample, and that bins are made in several parts. */
const many = { classes: generate(9000, columns, 3, 3, 5000), two: generate(9000, columns, 2, 4, 5000) };

const byName = (problem: Problem) => named(problem, [49, 49, 0, 0, 0, 49]);

const cases: { name: string; learner: string; problem: Problem; params: object }[] = [
  { name: 'forest', learner: 'forest', problem: many.classes, params: { trees: 17, maxDepth: 8 } },
  { name: 'forest of numbers', learner: 'forest', problem: few.numbers, params: { trees: 17 } },
  { name: 'forest with gaps', learner: 'forest', problem: gappy(few.classes), params: { trees: 17 } },
  { name: 'forest by categories', learner: 'forest', problem: byName(few.classes), params: { trees: 17 } },
  {
    name: 'extra trees by categories',
    learner: 'extraTrees',
    problem: byName(few.numbers),
    params: { trees: 17, maxDepth: 6 },
  },
  { name: 'extra trees', learner: 'extraTrees', problem: few.classes, params: { trees: 17 } },
  { name: 'tree', learner: 'tree', problem: few.classes, params: {} },
  { name: 'boosting', learner: 'boosting', problem: many.two, params: { rounds: 10, rowShare: 0.7 } },
  {
    name: 'boosting, stopped',
    learner: 'boosting',
    problem: few.classes,
    params: { rounds: 30, patience: 3 },
  },
  { name: 'boosting of numbers', learner: 'boosting', problem: few.numbers, params: { rounds: 10 } },
  { name: 'logistic', learner: 'logistic', problem: many.classes, params: {} },
  {
    name: 'logistic, two classes',
    learner: 'logistic',
    problem: many.two,
    params: { classWeight: 'balanced' },
  },
  { name: 'logistic, L1', learner: 'logistic', problem: few.classes, params: { l1: 1 } },
  { name: 'linear SVM', learner: 'linearSvm', problem: few.classes, params: { tolerance: 0.01 } },
  { name: 'naive Bayes', learner: 'naiveBayes', problem: few.classes, params: {} },
  { name: 'neighbours', learner: 'neighbors', problem: few.classes, params: {} },
  { name: 'ridge', learner: 'ridge', problem: few.numbers, params: {} },
  { name: 'lasso', learner: 'lasso', problem: few.numbers, params: { alpha: 0.1 } },
  { name: 'elastic net', learner: 'elasticNet', problem: few.numbers, params: { alpha: 0.1 } },
  { name: 'baseline', learner: 'baselineForest', problem: generate(60, columns, 2, 5), params: { trees: 5 } },
];
const seen = new Map(cases.map(({ name }) => [name, new Set<string>()]));
let pools: ComputePool[];

beforeAll(async () => {
  pools = THREADS.map((threads) => createPool({ threads }));
  for (let run = 0; run < RUNS; run++) {
    // Everything at the same time, in another order each time, so that no fit has the same neighbours twice.
    const order = cases.map((_, i) => cases[(i * 5 + run) % cases.length]);
    await Promise.all(
      order.map(async (one) => seen.get(one.name)?.add(await digestOf(one, pools[run % pools.length]))),
    );
  }
});
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

test('every learner of the shelf takes part', () => {
  expect(new Set(cases.map(({ learner }) => learner))).toEqual(new Set(shelf.keys()));
});

test.each(cases.map(({ name }) => name))('%s: one digest', (name) => {
  expect(seen.get(name)?.size).toBe(1);
});

test('another seed is another digest, so that the digest tells models apart', async () => {
  for (const one of cases.filter(({ name }) => ['forest', 'extra trees', 'boosting'].includes(name)))
    expect(seen.get(one.name)).not.toContain(await digestOf(one, pools[1], 6));
  const [weighed] = cases.filter(({ name }) => name === 'logistic, two classes');
  expect(seen.get(weighed.name)).not.toContain(await digestOf({ ...weighed, params: {} }, pools[1]));
});

/** Of the file that bins, fit and assembly make, as a refit makes it. */
async function digestOf(
  { learner, problem, params: given }: (typeof cases)[number],
  pool: ComputePool,
  seed = 5,
): Promise<string> {
  const { x, rows, classes, binned } = problem;
  const params = find(learner).params.parse(given);
  const { gaps, categories } = binned;
  const kinds = { ...(gaps && { gaps }), ...(categories && { categories }) };
  const made = await pool.bin(x, rows, columns, undefined, kinds);
  const model = await pool.fit({ problem: { ...problem, binned: made }, learner, params, seed });
  const names = Array.from({ length: columns }, (_, f) => `x${f}`);
  const encoders: FittedEncoders = {
    inputs: names.map((name) => ({ name, columnType: 'number' })),
    blocks: [{ kind: 'passthrough', columns: names, fill: names.map(() => 0) }],
    features: names,
    dropped: [],
  };
  const facts: Record<string, string> =
    classes === 1 ? {} : { classes: JSON.stringify(Array.from({ length: classes }, (_, k) => `${k}`)) };
  const bytes = assembleModel(encoders, find(learner), model, facts);
  return createHash('sha256').update(bytes).digest('hex');
}
