import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { threadCode } from '../../compute/threadCode.ts';
import {
  boosting,
  elasticNet,
  extraTrees,
  forest,
  lasso,
  minutes,
  naiveBayes,
  neighbors,
  ridge,
  tree,
  type LifecycleInput,
} from '../../config/define.ts';
import type { CandidateRow, Store } from '../../store/types.ts';
import { ids } from '../../workflows/messages.ts';
import { TOO_MANY_BYTES } from '../compute/hungry.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/** Candidates that one fit scores have the leaderboard that each has when it is trained alone, also after a failure half-way. */

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

const search = [
  tree({ maxDepth: 2 }),
  forest({ trees: [4, 9], maxDepth: [3, null] }),
  extraTrees({ trees: [3, 6] }),
  boosting({ rounds: [5, 12], leaves: 4, minLeaf: 5, rowShare: [0.7, 1] }),
  forest({ trees: 6, maxDepth: 3 }),
  neighbors({ k: [3, 9], weights: ['uniform', 'distance'] }),
  naiveBayes({ smoothing: [1e-9, 0.1], classWeight: 'balanced' }),
];
const FAMILIES = [
  [1, 2, 11],
  [3, 4],
  [5, 6],
  [7, 9],
  [8, 10],
  [12, 13, 14, 15],
  [16, 17],
];

/** A bound on each candidate, which none of them meets, has each trained by itself. */
const ALONE = { budget: { candidateMs: minutes(10) } };

/** Of numbers: how large a parcel is. */
const numbers = {
  dataset: 'SELECT id, size, colour FROM parcels',
  target: 'size',
  search: [
    ridge({ l2: [0.1, 1, 10] }),
    lasso({ alpha: [0.1, 1] }),
    elasticNet({ alpha: [0.1, 1], l1Ratio: [0.3, 0.8] }),
    neighbors({ k: [2, 7] }),
  ],
};

const NAME = 'families';
let bench: Bench;
/** The next time that this candidate is recorded, the database is away. */
let failing: number | undefined;
beforeAll(async () => {
  const code = threadCode(new URL('../compute/hungryThread.ts', import.meta.url));
  bench = await openBench({ store: failOnce, threadCode: code });
});
afterAll(() => bench.close());

test('a search by families has the leaderboard of one without, to the bit', async () => {
  const together = await train({});
  const alone = await train(ALONE);
  expect(together.rows).toEqual(alone.rows);
  expect(together.rows).toHaveLength(18);
  expect(together.rows.every(({ status }) => status === 'done')).toBe(true);
  expect(together.digest).toBe(alone.digest);
  expect(await familiesOf(together.run)).toEqual(FAMILIES.map(([first]) => first));
  expect(await familiesOf(alone.run)).toEqual([]);
  expect(together.progress).toMatchObject({ total: 18, done: 18, failed: 0, running: 0 });
});

test('so has one of numbers', async () => {
  const together = await train(numbers);
  const alone = await train({ ...numbers, ...ALONE });
  expect(together.rows).toEqual(alone.rows);
  expect(together.rows.map(({ status }) => status)).toEqual(Array.from({ length: 11 }, () => 'done'));
  expect(together.digest).toBe(alone.digest);
  expect(await familiesOf(together.run)).toEqual([0, 3, 5, 9]);
});

test('what was recorded before a failure stays, and the others are trained again', async () => {
  failing = 2;
  const broken = await train({});
  expect(failing, 'it failed').toBeUndefined();
  const whole = await train({});
  expect(broken.rows).toEqual(whole.rows);
  expect(broken.digest).toBe(whole.digest);
});

test('a member that finds no memory is out of it, and the others have their scores', async () => {
  const { rows, run } = await train({
    search: [tree({ maxDepth: 3 }), { learner: 'hungry', grid: { bytes: [TOO_MANY_BYTES, 0, 64] } }],
  });
  expect(await familiesOf(run)).toEqual([1]);
  expect(rows[1]).toMatchObject({ status: 'out-of-memory', reason: 'its thread had no memory left' });
  expect(rows.map(({ status }) => status)).toEqual(['done', 'out-of-memory', 'done', 'done']);
});

/** Always by one name, which deals the hold-out. */
async function train(more: Partial<LifecycleInput>) {
  const handle = await bench.client.train(
    small(bench, { name: NAME, search, select: { folds: 3 }, ...more }),
  );
  const { digest, run } = await handle.result();
  const { candidates } = await bench.client.run(NAME, run);
  const rows = candidates.map((row): CandidateRow => ({ ...row, durationMs: undefined }));
  return { rows, digest, run, progress: (await handle.progress()).candidates };
}

/** The first candidates of the families whose child workflows the search had, in order. */
async function familiesOf(run: number): Promise<number[]> {
  const { events } = await bench.temporal.workflow.getHandle(ids.search(NAME, run)).fetchHistory();
  const children = (events ?? []).map(
    (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId,
  );
  return children.flatMap((id) => {
    const first = /\/family\/(\d+)$/.exec(id ?? '')?.[1];
    return first === undefined ? [] : [Number(first)];
  });
}

function failOnce(own: Store): Store {
  return {
    ...own,
    candidates: {
      ...own.candidates,
      async record(name, run, row) {
        if (row.index === failing) {
          failing = undefined;
          throw Object.assign(new Error('connection terminated'), { code: 'ECONNRESET' });
        }
        return own.candidates.record(name, run, row);
      },
    },
  };
}
