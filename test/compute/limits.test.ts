import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import { MEBIBYTE } from '../../config/units.ts';
import { Random } from '../../learning/rng.ts';
import { stratifiedFolds } from '../../learning/split.ts';
import { find, generate } from '../learning/learnersData.ts';

/** A cross-validation that takes more time or memory than it may is ended, and whatever else computes goes on. */

const classes = generate(2_000, 6, 3, 1);
const folds = stratifiedFolds(classes.y, 3, 3, 1).map((test) => ({ test }));
const request = (learner: string, params: object) => ({
  problem: classes,
  learner,
  params: find(learner).params.parse(params),
  seed: 5,
  folds,
});
const small = request('forest', { trees: 5 });
let pool: ComputePool;

beforeAll(() => {
  pool = createPool({ threads: 2 });
});
afterAll(() => pool.close());

test('what is over its time is ended within its loop; another goes on beside and after it', async () => {
  const beside = pool.crossValidate(small);
  const started = performance.now();
  const endless = { ...request('forest', { trees: 1000 }), limits: { ms: 700 } };
  const long = { ...endless, problem: generate(200_000, 10, 3, 1) };
  await expect(pool.crossValidate(long)).rejects.toMatchObject({
    name: 'LimitExceeded',
    limit: 'time',
    message: 'not done within 700 ms',
  });
  expect(performance.now() - started).toBeGreaterThanOrEqual(690);
  expect(performance.now() - started).toBeLessThan(15_000);
  const scores = await beside;
  expect(await pool.crossValidate({ ...small, limits: { ms: 60_000 } })).toEqual(scores);
});

test('waiting for a thread is not counted', async () => {
  const one = createPool({ threads: 1 });
  const long = one.crossValidate(request('forest', { trees: 400 }));
  const started = performance.now();
  const short = one.crossValidate({ ...request('tree', {}), limits: { ms: 2_000 } });
  await long;
  // Else this shows nothing; the thread is warm by now.
  const waited = performance.now() - started;
  expect(await short).toHaveLength(3);
  expect(waited).toBeGreaterThan(300);
  await one.close();
});

test('somebody who cancels is told so, and not that it took too long', async () => {
  const stop = new AbortController();
  const work = pool.crossValidate({
    ...request('forest', { trees: 1000 }),
    problem: generate(200_000, 10, 3, 1),
    signal: stop.signal,
    limits: { ms: 60_000 },
  });
  setTimeout(() => stop.abort(), 500);
  await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a process of its own gives the same scores, fold by fold, and refuses what a thread refuses', async () => {
  const limits = { bytes: 4_096 * MEBIBYTE };
  const told: number[] = [];
  const apart = await pool.crossValidate({ ...small, limits, onFold: (done) => told.push(done) });
  expect(apart).toEqual(await pool.crossValidate(small));
  expect(told).toEqual([1, 2, 3]);
  const empty = { ...small, folds: [{ test: folds[0].test, train: new Int32Array() }] };
  await expect(pool.crossValidate({ ...empty, limits })).rejects.toThrow(/no rows/);
});

test('what takes more memory than it may is ended, and names how much it took', async () => {
  // Trees without a bound on their depth, over labels that are drawn: a leaf for nearly every row.
  const problem = generate(50_000, 4, 3, 1);
  const random = new Random(1);
  const y = problem.y.map(() => random.below(3));
  const large = { ...request('extraTrees', { trees: 1000 }), problem: { ...problem, y } };
  await expect(pool.crossValidate({ ...large, limits: { bytes: 200 * MEBIBYTE } })).rejects.toMatchObject({
    name: 'LimitExceeded',
    limit: 'memory',
    // It is measured now and then, and grows meanwhile.
    message: expect.stringMatching(/took [2-9]\d{8} bytes/) as string,
  });
  expect(await pool.crossValidate(small)).toHaveLength(3);
});

test('its process ends when somebody cancels, and when its time is over', async () => {
  const stop = new AbortController();
  const large = { ...request('forest', { trees: 1000 }), problem: generate(60_000, 10, 3, 1) };
  const bytes = 8_192 * MEBIBYTE;
  const cancelled = pool.crossValidate({ ...large, signal: stop.signal, limits: { bytes } });
  setTimeout(() => stop.abort(), 1_000);
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  const late = pool.crossValidate({ ...large, limits: { bytes, ms: 1_500 } });
  await expect(late).rejects.toMatchObject({ limit: 'time' });
});
