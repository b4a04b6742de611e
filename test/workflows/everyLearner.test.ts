import { afterAll, beforeAll, expect, test } from 'vitest';
import { shelf } from '../../learning/learners/shelf.ts';
import { openBench, type Bench } from './bench.ts';
import { small } from './definitions.ts';

/**
 * Every learner of the shelf goes the whole way: searched as children, refitted, evaluated, compared with its own ONNX graph
 * in another process, registered.
 */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TARGETS = { binary: 'late', multiclass: 'grade', regression: 'cost' };
/** Their answers are no sums over trees or weights. */
const NO_SUMS = ['naiveBayes', 'neighbors'];
const CASES = [...shelf.values()].flatMap(({ name, tasks }) =>
  tasks.map((task) => ({ learner: name, task })),
);

test('the shelf serves every task', () => {
  expect(new Set(CASES.map(({ task }) => task))).toEqual(new Set(Object.keys(TARGETS)));
});

test.each(CASES)('$learner, $task', async ({ learner, task }) => {
  const target = TARGETS[task];
  const definition = small(bench, {
    name: `${learner.toLowerCase()}-${task}`,
    dataset: `SELECT id, size, colour, ${target} FROM parcels`,
    target,
    search: [{ learner, grid: {} }],
  });
  const result = await (await bench.client.train(definition)).result();
  expect(result).toMatchObject({ outcome: 'registered', version: 1 });
  const { metrics, signature } = await bench.client.model(definition.name);
  expect(signature.task).toBe(task);
  // Size and colour tell nearly everything: the largest class alone is right in 0.4 to 0.55 of the rows.
  const { contributions, partialDependence, importance } = await bench.client.explainModel(definition.name);
  if (NO_SUMS.includes(learner)) expect(contributions).toEqual({ reason: expect.any(String) as string });
  else {
    expect(contributions).toMatchObject({ columns: [{ low: expect.any(Number) as number }, {}] });
    expect('columns' in contributions && contributions.columns[0].low).toBeGreaterThan(0);
  }
  expect(partialDependence.map(({ column }) => column).sort()).toEqual(['colour', 'size']);
  expect(importance.every(({ interval }) => interval !== undefined)).toBe(true);
  expect(task === 'regression' ? metrics.r2 : metrics.accuracy).toBeGreaterThan(0.6);
});
