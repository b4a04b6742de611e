import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { forest, logistic, neighbors, tree, type LifecycleInput } from '../../config/define.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/** Hopeless candidates end early, the same ones however many are under way, and the model is the one of a whole search. */

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

const NAME = 'hopeless';
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const search = [
  // A neighbourhood of all rows knows nothing; the others know nearly all.
  logistic({ l2: [0.1, 1e9] }),
  neighbors({ k: [3, 200], weights: 'uniform' }),
  tree({ maxDepth: [3, 1], minLeaf: [1, 120] }),
  forest({ trees: 5, maxDepth: 1, minLeaf: 150 }),
];

test('the winner is that of a whole search, and losers were scored on fewer folds', async () => {
  const whole = await train({}, 2);
  const early = await train({ stopEarly: { window: 2 } }, 1);
  const wide = await train({ stopEarly: { window: 2 } }, 5);
  expect(early.digest).toBe(whole.digest);
  expect(wide.digest).toBe(whole.digest);
  expect(wide.rows).toEqual(early.rows);
  const stopped = early.rows.filter(({ status }) => status === 'stopped');
  expect(stopped.length).toBeGreaterThan(0);
  for (const { index, folds, share, reason } of stopped) {
    expect(folds).toEqual(whole.rows[index].folds?.slice(0, folds?.length));
    expect(share).toBe((folds?.length ?? 0) / 5);
    expect(reason).toMatch(
      /^after [1-4] of 5 folds: with perfect scores on the others its accuracy would be/,
    );
  }
  const others = early.rows.filter(({ status }) => status !== 'stopped');
  expect(others).toEqual(others.map(({ index }) => whole.rows[index]));
  expect(early.rows[0].status, 'nothing came before it').toBe('done');
  // Neighbours are a family, which is scored as a whole.
  expect(early.rows.filter(({ learner }) => learner === 'neighbors').map(({ status }) => status)).toEqual([
    'done',
    'done',
  ]);
  expect(early.search).toContain(`9 candidates, ${stopped.length} of them stopped as hopeless`);
});

async function train(select: LifecycleInput['select'], parallelism: number) {
  const handle = await bench.client.train(
    small(bench, { name: NAME, search, parallelism, select: { metric: 'accuracy', folds: 5, ...select } }),
  );
  const { digest, run } = await handle.result();
  const { candidates } = await bench.client.run(NAME, run);
  const { stages } = await handle.progress();
  const rows = candidates.map((row) => ({ ...row, durationMs: undefined }));
  return { rows, digest, search: stages.find(({ stage }) => stage === 'search')?.note };
}
