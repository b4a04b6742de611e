import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { argmax } from '../../learning/metrics/argmax.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, gappy, generate, named, predict, problemFrom, weighed } from './learnersData.ts';
import { answer, worstOf } from './learnersRun.ts';

/** Naive Bayes of sizes with gaps and of categories: scikit-learn's, column by column, and the same in ONNX Runtime. */

const golden = JSON.parse(readFileSync(new URL('../golden/naiveBayes.json', import.meta.url), 'utf8')) as {
  x: string;
  y: number[];
  plain: number[][];
  weighed: number[][];
};
const x = new Float32Array(new Uint8Array(Buffer.from(golden.x, 'base64')).buffer);
const mixed = named(
  problemFrom(x, Float64Array.from(golden.y), 4, 3, Uint8Array.of(1, 1, 0, 0)),
  [0, 0, 12, 5],
);

test.each([
  ['plain', mixed, {}],
  [
    'weighed',
    { ...mixed, weights: Float64Array.from(golden.y, (_, row) => ((row % 7) + 1) / 4) },
    { categorySmoothing: 0.25 },
  ],
] as const)('%s rows have the shares of scikit-learn', (name, problem, params) => {
  const model = fit('naiveBayes', problem, { smoothing: 1e-3, ...params });
  const answers = predict('naiveBayes', model, problem);
  const expected = golden[name].flat();
  expect(answers.length).toBe(expected.length);
  answers.forEach((share, i) => expect(Math.abs(share - expected[i])).toBeLessThan(1e-6));
});

/** Two columns of categories before two of sizes. */
function categorical(sized: Problem, count: number): Problem {
  return named(sized, [count, count, 0, 0]);
}

/** The rows, and others whose codes and gaps training had not. */
function strange({ x: own, columns, binned }: Problem): Float32Array {
  const codes = [0, 1, 39, 40, 254, 255, 256, 1e9, -1, 0.5, 1.5, -0, NaN];
  const rows = codes.flatMap((code, row) =>
    Array.from({ length: columns }, (_, c) => {
      if ((binned.categories?.[c] ?? 0) > 0) return c === row % columns ? own[c] : code;
      return binned.gaps && row % 2 === 0 ? NaN : own[row * columns + c];
    }),
  );
  return Float32Array.of(...own, ...rows);
}

const torn = gappy(generate(900, 4, 3, 2, 40));
const whole = generate(900, 4, 3, 2, 40);
/** Categories are whole, and the sizes behind them have gaps. */
const both = (() => {
  const values = whole.x.map((value, i) => (i % 4 > 1 && torn.x[i] !== value ? NaN : value));
  const problem = problemFrom(values, whole.y, 4, 3, Uint8Array.of(0, 0, 1, 1));
  return categorical(problem, 39);
})();

test.each([
  ['sizes with gaps', torn, {}],
  ['sizes with gaps, weights', weighed(torn), { classWeight: 'balanced' }],
  ['sizes where gaps may be and none is', openTo(whole), {}],
  ['categories and sizes', categorical(whole, 39), {}],
  ['categories and sizes with gaps', both, { categorySmoothing: 1e-3 }],
  ['categories alone, 255 of which most are never seen', named(whole, [255, 255, 255, 255]), {}],
  ['two classes', categorical(generate(900, 4, 2, 5, 40), 39), { classWeight: { 1: 3 } }],
  ['three classes of which one has no rows', { ...both, y: both.y.map((k) => Math.min(k, 1)) }, {}],
] as const)('ONNX Runtime answers alike for %s', async (_case, problem, params) => {
  const model = fit('naiveBayes', problem, params);
  const rows = strange(problem);
  const own = find('naiveBayes').predict(model, rows, problem.columns);
  expect(own.some(Number.isNaN)).toBe(false);
  const answers = await answer('naiveBayes', model, rows, problem.columns);
  expect(answers.labels).toEqual(argmax(own, problem.classes));
  // Sums of squares may be taken in another order, and the exponential function differ in its last bit.
  expect(worstOf(own, answers.probabilities)).toBeLessThan(1.2e-7);
});

function openTo(problem: Problem): Problem {
  return problemFrom(problem.x, problem.y, problem.columns, problem.classes, new Uint8Array(4).fill(1));
}

describe('a missing value', () => {
  test('says nothing: the answer is that of a model without the feature', () => {
    const rest = { ...torn, x: torn.x.map((value, i) => (i % 4 === 2 ? NaN : value)) };
    const narrow = problemFrom(
      torn.x.filter((_, i) => i % 4 !== 2),
      torn.y,
      3,
      3,
      new Uint8Array(3).fill(1),
    );
    // Of almost no smoothing, which is a share of the largest variance of all features.
    const params = { smoothing: 1e-12 };
    const found = predict('naiveBayes', fit('naiveBayes', torn, params), rest);
    const expected = predict('naiveBayes', fit('naiveBayes', narrow, params), narrow);
    found.forEach((share, i) => expect(share).toBeCloseTo(expected[i], 6));
  });

  test('of a whole class makes it like all rows there; of all rows the feature says nothing', () => {
    const values = [NaN, NaN, 1, 3, NaN, NaN];
    const y = Float64Array.of(0, 0, 1, 1, 0, 1);
    const problem = problemFrom(Float32Array.from(values), y, 1, 2, Uint8Array.of(1));
    const rows = { ...problem, x: Float32Array.of(2, 7, NaN) };
    // Both classes have the density of all rows, so that half stay a half.
    expect([...predict('naiveBayes', fit('naiveBayes', problem), rows)]).toEqual(new Array(6).fill(0.5));
    const nothing = { ...problem, train: Int32Array.of(0, 1, 4, 5) };
    const shares = predict('naiveBayes', fit('naiveBayes', nothing), rows);
    for (let row = 0; row < 3; row++) expect(shares[2 * row]).toBeCloseTo(0.75, 6);
  });
});

test('no category says nothing, and an unseen one almost nothing is known of', () => {
  const problem = named(
    problemFrom(Float32Array.of(1, 1, 2, 2, 0, 0), Float64Array.of(0, 0, 1, 1, 0, 1), 1, 2),
    [3],
  );
  const ask = (code: number) =>
    predict('naiveBayes', fit('naiveBayes', problem), { ...problem, x: Float32Array.of(code) })[0];
  // (2 + 1) / (2 + 3) against (0 + 1) / (2 + 3).
  expect(ask(1)).toBeCloseTo(0.75, 7);
  expect(ask(2)).toBeCloseTo(0.25, 7);
  for (const none of [0, 3, 4, NaN, 1.5]) expect(ask(none)).toBe(0.5);
});
