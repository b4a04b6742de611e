import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { boosting, extraTrees, forest, minutes, tree } from '../../config/define.ts';
import type { CandidateRow, Store } from '../../store/types.ts';
import { ids } from '../../workflows/messages.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/** Candidates that one fit scores have the leaderboard that each has when it is trained alone, also after a failure half-way. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const search = [
  tree({ maxDepth: 2 }),
  forest({ trees: [4, 9], maxDepth: [3, null] }),
  extraTrees({ trees: [3, 6] }),
  boosting({ rounds: [5, 12], leaves: 4, minLeaf: 5, rowShare: [0.7, 1] }),
  forest({ trees: 6, maxDepth: 3 }),
];
const FAMILIES = [
  [1, 2, 11],
  [3, 4],
  [5, 6],
  [7, 9],
  [8, 10],
];

const NAME = 'families';
let bench: Bench;
/** The next time that this candidate is recorded, the database is away. */
let failing: number | undefined;
beforeAll(async () => {
  bench = await openBench({ store: failOnce });
});
afterAll(() => bench.close());

test('a search by families has the leaderboard of one without, to the bit', async () => {
  const together = await train({});
  // A bound on each candidate, which none of them meets, has each trained by itself.
  const alone = await train({ budget: { candidateMs: minutes(10) } });
  expect(together.rows).toEqual(alone.rows);
  expect(together.rows).toHaveLength(12);
  expect(together.rows.every(({ status }) => status === 'done')).toBe(true);
  expect(together.digest).toBe(alone.digest);
  expect(await familiesOf(together.run)).toEqual(FAMILIES.map(([first]) => first));
  expect(await familiesOf(alone.run)).toEqual([]);
  expect(together.progress).toMatchObject({ total: 12, done: 12, failed: 0, running: 0 });
});

test('what was recorded before a failure stays, and the others are trained again', async () => {
  failing = 2;
  const broken = await train({});
  expect(failing, 'it failed').toBeUndefined();
  const whole = await train({});
  expect(broken.rows).toEqual(whole.rows);
  expect(broken.digest).toBe(whole.digest);
});

/** Always by one name, which deals the hold-out. */
async function train(more: object) {
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
