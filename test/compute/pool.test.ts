import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import { share } from '../../compute/share.ts';
import { binMatrix } from '../../learning/binning.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import { NumericalError } from '../../learning/numerical.ts';
import { plainFolds, stratifiedFolds, withoutFold } from '../../learning/split.ts';
import { find, fit, generate } from '../learning/learnersData.ts';

/** Real threads: the same models on 1 and on 2 of them, no waiting on the main thread, and an end when it is asked for. */

const classes = generate(2000, 6, 3, 1);
const numbers = generate(2000, 6, 1, 2);
const paramsOf = (name: string, params: object = {}) => find(name).params.parse(params);
let pools: ComputePool[];

beforeAll(() => {
  pools = [createPool({ threads: 1 }), createPool({ threads: 2 })];
});
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

describe.each([0, 1])('a pool of %i + 1 threads', (which) => {
  test.each([
    ['forest', classes, { trees: 21 }],
    ['forest', numbers, { trees: 5 }],
    ['tree', classes, {}],
    ['logistic', classes, {}],
    ['ridge', numbers, {}],
  ])('fits %s as one call does', async (name, problem, given) => {
    const params = paramsOf(name, given);
    const progress: number[][] = [];
    const model = await pools[which].fit({
      problem,
      learner: name,
      params,
      seed: 5,
      onUnits: (...at) => progress.push(at),
    });
    expect(model).toEqual(fit(name, problem, params, 5));
    const units = find(name).units(params);
    expect(progress.at(-1)).toEqual([units, units]);
  });

  test('predicts folds as one fit and one prediction each do', async () => {
    const params = paramsOf('forest', { trees: 10 });
    const folds = [...stratifiedFolds(classes.y, 3, 3, 1).map((test) => ({ test }))];
    const [train, test] = [classes.train.subarray(0, 500), classes.train.subarray(1500)];
    const request = { problem: classes, learner: 'forest', params, seed: 5 };
    const answers = await pools[which].predictFolds({ ...request, folds: [...folds, { train, test }] });
    const learnt = [...folds.map((fold) => withoutFold(classes.train, fold.test)), train];
    expect(answers).toEqual(
      [...folds, { test }].map((fold, k) => {
        const model = fit('forest', { ...classes, train: learnt[k] }, params, 5);
        return find('forest').predict(model, classes.x, classes.columns, fold.test);
      }),
    );
  });

  test('a target beyond what the learner can hold is its refusal, not a defect', async () => {
    const huge = { ...numbers, y: numbers.y.map((v) => v * 1e307) };
    const folds = plainFolds(huge.rows, 3, 1).map((test) => ({ test }));
    const request = { problem: huge, learner: 'ridge', params: paramsOf('ridge', {}), seed: 5, folds };
    await expect(pools[which].crossValidate(request)).rejects.toBeInstanceOf(NumericalError);
  });

  test('scores folds as one fit and one prediction each do', async () => {
    for (const [name, problem] of [
      ['forest', classes],
      ['ridge', numbers],
    ] as const) {
      // prettier-ignore
      const params = paramsOf(name, name === 'forest' ? { trees: 10 } : {});
      const regression = problem.task === 'regression';
      const folds = regression ? plainFolds(problem.rows, 3, 1) : stratifiedFolds(problem.y, 3, 3, 1);
      const done: number[][] = [];
      const scores = await pools[which].crossValidate({
        problem,
        learner: name,
        params,
        seed: 5,
        folds: folds.map((test) => ({ test })),
        onFold: (...at) => done.push(at),
      });
      expect(done).toEqual([[1, 3], [2, 3], [3, 3]]); // prettier-ignore
      expect(scores).toEqual(
        folds.map((fold) => {
          const model = fit(name, { ...problem, train: withoutFold(problem.train, fold) }, params, 5);
          const truth = Float64Array.from(fold, (row) => problem.y[row]);
          return computeMetrics(
            problem.task,
            problem.classes,
            undefined,
            truth,
            find(name).predict(model, problem.x, problem.columns, fold),
          );
        }),
      );
    }
  });

  test('learns from the rows that a fold names, and from no others', async () => {
    const train = Int32Array.from({ length: 100 }, (_, i) => i);
    const test = Int32Array.from({ length: 50 }, (_, i) => 200 + i);
    const request = { learner: 'tree', params: paramsOf('tree'), seed: 5, folds: [{ train, test }] };
    const scores = await pools[which].crossValidate({ ...request, problem: classes });
    // What stands elsewhere changes nothing.
    const elsewhere = classes.y.map((value, row) => (row < 100 || (row >= 200 && row < 250) ? value : 0));
    expect(await pools[which].crossValidate({ ...request, problem: { ...classes, y: elsewhere } })).toEqual(
      scores,
    );
    const model = fit('tree', { ...classes, train }, paramsOf('tree'), 5);
    const predictions = find('tree').predict(model, classes.x, classes.columns, test);
    const truth = Float64Array.from(test, (row) => classes.y[row]);
    expect(scores).toEqual([computeMetrics(classes.task, classes.classes, undefined, truth, predictions)]);
  });

  test('bins a matrix as one thread does, on shared memory', async () => {
    const { x, rows, columns } = generate(5001, 7, 2, 3, 100_000);
    const binned = await pools[which].bin(x, rows, columns);
    expect(binned.bins.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect({ ...binned, bins: Uint8Array.from(binned.bins) }).toEqual(binMatrix(x, rows, columns));
    await expect(pools[which].bin(Float32Array.of(1, NaN), 2, 1)).rejects.toThrow(/Row 1 of column 0/);
  });
});

test('an abort ends work in the middle of a loop, and the pool goes on', async () => {
  const problem = generate(200_000, 10, 2, 1);
  const params = paramsOf('forest', { trees: 1000 });
  const stop = new AbortController();
  const work = pools[1].fit({ problem, learner: 'forest', params, seed: 1, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('no longer wanted')), 1500);
  const aborted = expect(work).rejects.toMatchObject({
    code: 'CANCELLED',
    cause: { message: 'no longer wanted' },
  });
  await aborted;
  const after = performance.now();
  const small = await pools[1].fit({ problem: classes, learner: 'tree', params: paramsOf('tree'), seed: 1 });
  expect(small).toEqual(fit('tree', classes, {}));
  expect(performance.now() - after).toBeLessThan(10_000);
  await expect(
    pools[1].fit({ problem, learner: 'forest', params, seed: 1, signal: stop.signal }),
  ).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('work that waits goes on when an abort ends the last thread, and can be aborted while it waits', async () => {
  const pool = createPool({ threads: 1 });
  const long = generate(200_000, 10, 2, 1);
  const [first, third] = [new AbortController(), new AbortController()];
  const forest = { problem: long, learner: 'forest', params: paramsOf('forest', { trees: 1000 }), seed: 1 };
  const aborted = expect(pool.fit({ ...forest, signal: first.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  const small = { problem: classes, learner: 'tree', params: paramsOf('tree'), seed: 1 };
  const waiting = pool.fit({ ...small, signal: new AbortController().signal });
  const waitingToo = pool.fit({ ...small, signal: third.signal });
  third.abort();
  await expect(waitingToo).rejects.toMatchObject({ code: 'CANCELLED' });
  setTimeout(() => first.abort(), 1_000);
  await aborted;
  expect(await waiting).toEqual(fit('tree', classes, {}));
  await pool.close();
});

test('a failure in a thread comes back with its message, however many fail at the same time', async () => {
  const problem = { ...classes, train: new Int32Array() };
  const params = paramsOf('forest', { trees: 4 });
  // The first failure aborts the others, some of which have just answered: that must not end the process.
  for (let i = 0; i < 20; i++) {
    await expect(pools[1].fit({ problem, learner: 'forest', params, seed: 1 })).rejects.toThrow(/no rows/);
  }
  await expect(pools[1].fit({ problem, learner: 'oak', params: {}, seed: 1 })).rejects.toMatchObject({
    code: 'LEARNER_REFUSED',
  });
});

test('threads that cannot start are an error, not a wait', async () => {
  const pool = createPool({ threads: 2, entry: new URL('./missing.mjs', import.meta.url) });
  const work = pool.fit({ problem: classes, learner: 'tree', params: paramsOf('tree'), seed: 1 });
  await expect(work).rejects.toMatchObject({ code: 'INTERNAL', cause: { code: 'ERR_MODULE_NOT_FOUND' } });
  await pool.close();
});

test('the main thread is free while threads learn', async () => {
  const problem = generate(30_000, 10, 2, 1);
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  const started = performance.now();
  await pools[1].fit({ problem, learner: 'forest', params: paramsOf('forest', { trees: 100 }), seed: 1 });
  clearInterval(timer);
  // Learning on the main thread would be one gap as long as the work; a share of it holds on loaded cores too.
  expect(longest).toBeLessThan(0.5 * (performance.now() - started));
});

test('shared arrays are shared once', () => {
  const array = Float64Array.of(1, 2, 3);
  const shared = share(array);
  expect(shared).toEqual(array);
  expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(share(shared)).toBe(shared);
});
