import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LimitExceeded } from '../../compute/limits.ts';
import { createPool, type ComputePool } from '../../compute/pool.ts';
import { threadCode } from '../../compute/threadCode.ts';
import { MEBIBYTE } from '../../config/units.ts';
import { plainFolds, stratifiedFolds, type Fold } from '../../learning/split.ts';
import type { Problem } from '../../learning/types.ts';
import { find, generate } from '../learning/learnersData.ts';
import { TOO_MANY_BYTES } from './hungry.ts';

/** Candidates that are scored together on threads have the scores of each alone, and fail each by itself. */

// A thread starts in a second, and in half a minute beside a whole suite.
vi.setConfig({ testTimeout: 240_000 });

const classes = generate(600, 6, 3, 1);
const numbers = generate(600, 6, 1, 2);
const foldsOf = ({ task, y }: Problem): Fold[] =>
  (task === 'regression' ? plainFolds(y.length, 3, 1) : stratifiedFolds(y, 3, 3, 1)).map((test) => ({
    test,
  }));
let pool: ComputePool;

beforeAll(() => {
  // With one of them no other has to be ended where one fails.
  pool = createPool({ threads: 1, code: threadCode(new URL('./hungryThread.ts', import.meta.url)) });
});
afterAll(() => pool.close());

describe('scores of a family are those of each member alone:', () => {
  test.each([
    ['forest', classes, [{ trees: 9 }, { trees: 4 }]],
    ['boosting', numbers, [{ rounds: 5 }, { rounds: 12 }]],
    ['neighbors', classes, [{ k: 3 }, { k: 30, weights: 'distance' }, { k: 1 }]],
    ['neighbors', numbers, [{ k: 5, weights: 'distance' }, { k: 2 }]],
    ['naiveBayes', classes, [{ smoothing: 1e-9 }, { smoothing: 0.1 }]],
    ['ridge', numbers, [{ l2: 0 }, { l2: 1e4 }, { l2: 1 }]],
    ['lasso', numbers, [{ alpha: 0.1 }, { alpha: 1 }]],
    ['elasticNet', numbers, [{ alpha: 0.1 }, { alpha: 1, l1Ratio: 0.9 }]],
  ])('%s %#', async (learner, problem, given) => {
    const members = given.map((params) => find(learner).params.parse(params));
    const request = { problem, learner, seed: 5, folds: foldsOf(problem) };
    const alone = await Promise.all(members.map((params) => pool.scoreFolds({ ...request, params })));
    expect(await pool.scoreFamily({ ...request, members })).toEqual(alone);
    expect(new Set(alone.map((scores) => JSON.stringify(scores))).size).toBe(members.length);
  });
});

test('one that refuses leaves the others their scores', async () => {
  const members = [{ k: 500 }, { k: 3 }].map((params) => find('neighbors').params.parse(params));
  const request = { problem: classes, learner: 'neighbors', members, seed: 5, folds: foldsOf(classes) };
  const [refused, scored] = await pool.scoreFamily(request);
  expect(refused).toMatchObject([{ refusal: expect.stringMatching(/k is 500/) as string }, {}, {}]);
  expect(scored).toEqual(await pool.scoreFolds({ ...request, params: members[1] }));
});

test('one that finds no memory is a limit exceeded, and the others have their scores', async () => {
  const members = [{ bytes: TOO_MANY_BYTES }, { bytes: 8 }, { bytes: 2 * TOO_MANY_BYTES }, { bytes: 0 }];
  const request = { problem: classes, learner: 'hungry', members, seed: 5, folds: foldsOf(classes) };
  const [most, little, more, none] = await pool.scoreFamily(request);
  for (const without of [most, more]) {
    expect(without).toBeInstanceOf(LimitExceeded);
    expect(without).toMatchObject({ limit: 'memory', message: 'its thread had no memory left' });
  }
  expect(little).toEqual(await pool.scoreFolds({ ...request, params: members[1] }));
  expect(none).toEqual(little);
});

test('folds that need not be scored are not, and which these are depends on no order', async () => {
  const problem = classes;
  const folds = stratifiedFolds(problem.y, 3, 8, 1).map((test) => ({ test }));
  const request = { problem, learner: 'tree', params: find('tree').params.parse({}), seed: 5, folds };
  const whole = await pool.crossValidate(request);
  let done = 0;
  const looked: number[] = [];
  const enough = (scores: readonly object[]) => {
    looked.push(scores.length);
    return scores.length >= 2;
  };
  const first = await pool.crossValidate({ ...request, enough, onFold: (n) => (done = n) });
  expect(first).toEqual(whole.slice(0, 2));
  expect(Math.max(...looked)).toBe(2);
  expect(done, 'one after another, no fold too many').toBe(2);
  const wide = createPool({ threads: 3 });
  expect(await wide.crossValidate({ ...request, enough })).toEqual(first);
  const limits = { bytes: 4_096 * MEBIBYTE };
  expect(await wide.crossValidate({ ...request, enough, limits })).toEqual(first);
  await wide.close();
  // All of them are asked for where it never is enough; nobody is asked when the last one is there.
  looked.length = 0;
  const never = (scores: readonly object[]) => looked.push(scores.length) === 0;
  expect(await pool.crossValidate({ ...request, enough: never })).toEqual(whole);
  expect(Math.max(...looked)).toBe(7);
});

test('a refusal before there is enough is one, and after it is not looked at', async () => {
  const folds: Fold[] = stratifiedFolds(classes.y, 3, 4, 1).map((test) => ({ test }));
  folds[2] = { test: folds[2].test, train: Int32Array.of(0, 1) };
  const params = find('neighbors').params.parse({ k: 5 });
  const request = { problem: classes, learner: 'neighbors', params, seed: 5, folds };
  const after = (n: number) => (scores: readonly object[]) => scores.length >= n;
  expect(await pool.crossValidate({ ...request, enough: after(2) })).toHaveLength(2);
  await expect(pool.crossValidate({ ...request, enough: after(3) })).rejects.toThrow(
    /k is 5, and there are 2/,
  );
});

test('somebody who cancels a family is told so', async () => {
  const signal = AbortSignal.abort();
  const request = { problem: classes, learner: 'hungry', seed: 5, folds: foldsOf(classes), signal };
  const members = [{ bytes: 0 }, { bytes: TOO_MANY_BYTES }];
  await expect(pool.scoreFamily({ ...request, members })).rejects.toMatchObject({ code: 'CANCELLED' });
});
