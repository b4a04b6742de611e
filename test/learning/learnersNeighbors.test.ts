import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import type { Problem } from '../../learning/types.ts';
import { find, fit, generate, holdOut, load, predict, problemFrom } from './learnersData.ts';

/** The neighbours are those of exact distances, ties have a rule, and what the graph cannot hold is refused. */

const { answers } = (
  JSON.parse(readFileSync(new URL('../golden/learnersShelf.json', import.meta.url), 'utf8')) as {
    neighbors: {
      answers: Record<'cancer' | 'friedman', { k: number; weights: string; answers: number[] }[]>;
    };
  }
).neighbors;

describe('neighbors answers as scikit-learn does', () => {
  const cases = (['cancer', 'friedman'] as const).flatMap((name) =>
    answers[name].map((peer) => ({ name, ...peer })),
  );
  test.each(cases)('$name, k = $k, $weights', ({ name, k, weights, answers: theirs }) => {
    const { problem, test: rows } = holdOut(load(name));
    const own = predict('neighbors', fit('neighbors', problem, { k, weights }), problem, rows);
    expect(theirs.length).toBe(rows.length);
    // Float32 numbers: of classes the second probability, of numbers up to 30.
    theirs.forEach((value, i) => {
      const found = own[name === 'cancer' ? 2 * i + 1 : i];
      expect(Math.abs(found - value)).toBeLessThan(6e-8 * Math.max(1, Math.abs(value)));
    });
  });
});

test('whole numbers keep every tie: the rows that come first are nearer', () => {
  const problem = generate(400, 4, 1, 3, 5);
  const { x, columns, y, rows } = problem;
  for (const k of [1, 3, 10]) {
    const own = predict('neighbors', fit('neighbors', problem, { k }), problem);
    for (let row = 0; row < rows; row++) {
      const square = (other: number) =>
        Array.from({ length: columns }, (_, f) => x[row * columns + f] - x[other * columns + f]).reduce(
          (sum, distance) => sum + distance * distance,
          0,
        );
      const nearest = Array.from(problem.train, (other) => ({ other, square: square(other) }))
        .sort((a, b) => a.square - b.square || a.other - b.other)
        .slice(0, k);
      const mean = nearest.reduce((sum, { other }) => sum + y[other], 0) / k;
      expect(Math.abs(own[row] - mean)).toBeLessThan(1e-6);
    }
  }
});

test('equal votes are for the class that comes first, and a neighbour at distance 0 for itself alone', () => {
  const problem = problemFrom(Float32Array.of(0, 0, 2, 4), Float64Array.of(1, 0, 0, 1), 1, 2);
  const shares = (params: object, at: number) =>
    Array.from(find('neighbors').predict(fit('neighbors', problem, params), Float32Array.of(at), 1));
  expect(shares({ k: 1 }, 0)).toEqual([0, 1]);
  expect(shares({ k: 2 }, 0)).toEqual([0.5, 0.5]);
  expect(shares({ k: 3, weights: 'distance' }, 0)).toEqual([0.5, 0.5]);
  expect(shares({ k: 1, weights: 'distance' }, 3)).toEqual([1, 0]);
  expect(shares({ k: 2, weights: 'distance' }, 3.5)[1]).toBeCloseTo(0.75, 7);
});

test('rows 131,072 units away from 0, less than one unit apart, keep their distances', () => {
  const random = new Random(1);
  const offsets = Float64Array.from({ length: 60 }, () => random.below(64) / 64);
  const rows = problemFrom(Float32Array.from(offsets), offsets.slice(0, 30), 2, 1);
  const far: Problem = { ...rows, x: rows.x.map((value) => value + 131_072) };
  expect(predict('neighbors', fit('neighbors', far, { k: 4 }), far)).toEqual(
    predict('neighbors', fit('neighbors', rows, { k: 4 }), rows),
  );
});

describe('what the graph cannot hold is refused', () => {
  const learner = find('neighbors');
  const refusal = (rows: number, columns: number) =>
    learner.refuses?.({ task: 'binary', classes: 2, rows, columns }, learner.params.parse({}));
  test('by the number of rows, and of numbers', () => {
    expect(refusal(10_000, 200)).toBeUndefined();
    expect(refusal(10_001, 10)).toMatch(
      /at most 10000 of them, not 10001; set sample.search and sample.refit/,
    );
    expect(refusal(5_000, 500)).toMatch(/with 500 features at most 4000 of them, not 5000/);
  });
  test('more neighbours than rows', () => {
    expect(() => fit('neighbors', generate(20, 2, 2, 1), { k: 21 })).toThrow(
      /k is 21, and there are 20 rows/,
    );
  });
});
