import { describe, expect, test } from 'vitest';
import { benjaminiHochberg } from '../../../decisions/watch/benjaminiHochberg.ts';
import { compareCategories } from '../../../decisions/watch/categories.ts';
import { chiSquared } from '../../../decisions/watch/chiSquared.ts';
import { compareNumbers } from '../../../decisions/watch/compareNumbers.ts';
import {
  countByDeciles,
  jensenShannon,
  psi,
  totalVariation,
  wasserstein,
} from '../../../decisions/watch/distances.ts';
import { estimateAccuracy, fitCalibration } from '../../../decisions/watch/estimatedQuality.ts';
import { fisher } from '../../../decisions/watch/fisher.ts';
import { kolmogorovTail } from '../../../decisions/watch/kolmogorov.ts';
import { kolmogorovSmirnov } from '../../../decisions/watch/kolmogorovSmirnov.ts';
import { leavesCorridor, leavesSquare } from '../../../decisions/watch/latticePaths.ts';
import { fitOutliers, outlierShare, scoreRow } from '../../../decisions/watch/outliers.ts';
import { fitScale } from '../../../decisions/watch/scale.ts';
import { sortNumbers } from '../../../decisions/watch/sortNumbers.ts';
import { Random } from '../../../learning/rng.ts';
import { normals } from './samples.ts';

/** What holds of every comparison, whatever is compared. */

const random = new Random(11);
const constant = (n: number, value = 1) => new Float64Array(n).fill(value);
const samples: Record<string, Float64Array> = {
  empty: new Float64Array(),
  one: Float64Array.of(3),
  constant: constant(50),
  other: constant(70, 2),
  zeros: constant(300, 0),
  bits: Float64Array.from({ length: 200 }, (_, i) => i % 2).sort(),
  normal: normals(random, 300),
  moved: normals(random, 250, 1),
  huge: normals(random, 100, 0, 1e300),
  tiny: normals(random, 100, 0, 1e-300),
  infinite: Float64Array.of(-Infinity, -Infinity, 0, 1, Infinity),
  mixed: Float64Array.of(-1, -0, 0, 5, 5, 5, 5, 1e9),
  large: normals(random, 10_500),
};
const couples = Object.keys(samples).flatMap((a) =>
  Object.keys(samples).map((b) => ({ name: `${a}, ${b}`, a: samples[a], b: samples[b] })),
);

describe('two samples of numbers', () => {
  test('give finite numbers: p and effect from 0 to 1', () => {
    for (const { name, a, b } of couples) {
      const shift = compareNumbers(a, b);
      expect(JSON.parse(JSON.stringify(shift)), name).toEqual(shift);
      const numbers = Object.values(shift).filter((value) => typeof value === 'number');
      expect(numbers.every(Number.isFinite), name).toBe(true);
      expect(Math.min(...numbers), name).toBeGreaterThanOrEqual(0);
      expect(Math.max(shift.p, shift.effect, shift.jensenShannon ?? 0), name).toBeLessThanOrEqual(1);
    }
  });

  test('differ as much one way as the other', () => {
    for (const { name, a, b } of couples) {
      expect(kolmogorovSmirnov(a, b), name).toEqual(kolmogorovSmirnov(b, a));
      // Infinite where the infinities differ.
      const [one, other] = [wasserstein(a, b), wasserstein(b, a)];
      expect(one === other || Math.abs(one - other) <= 1e-12 * one, name).toBe(true);
    }
  });

  test('do not differ where they are the same, or where one is empty', () => {
    for (const sample of Object.values(samples)) {
      const same = { p: 1, effect: 0, psi: 0, jensenShannon: 0, wasserstein: 0 };
      expect(compareNumbers(sample, sample)).toMatchObject(same);
      expect(compareNumbers(sample, samples.empty)).toMatchObject({ p: 1, effect: 0 });
    }
  });

  test('differ by all there is where nothing overlaps', () => {
    const { p, statistic } = kolmogorovSmirnov(samples.constant, samples.other);
    expect(statistic).toBe(1);
    expect(p).toBeLessThan(1e-30);
    expect(wasserstein(samples.constant, samples.other)).toBe(1);
  });

  test('keep p and effect under any rising change of unit; Wasserstein follows a straight one', () => {
    const { normal, moved } = samples;
    const cube = (x: Float64Array) => x.map((value) => value ** 3);
    expect(kolmogorovSmirnov(cube(normal), cube(moved))).toEqual(kolmogorovSmirnov(normal, moved));
    const line = (x: Float64Array) => x.map((value) => 4 * value - 7);
    expect(wasserstein(line(normal), line(moved))).toBeCloseTo(4 * wasserstein(normal, moved), 10);
    expect(
      wasserstein(
        normal,
        normal.map((value) => value + 2),
      ),
    ).toBeCloseTo(2, 10);
  });

  test('p falls as the distance grows, through every region of the distribution', () => {
    for (const n of [1, 3, 20, 140, 141, 1000, 10_000, 10_001, 200_000]) {
      const tails = Array.from({ length: 400 }, (_, i) => kolmogorovTail(n, (i / 399) ** 2));
      tails.forEach((p, i) => {
        expect(p).toBeGreaterThanOrEqual(0);
        // Regions meet to the digits that the approximation has.
        expect(p, `${n}, ${i}`).toBeLessThanOrEqual(i === 0 ? 1 : tails[i - 1] * (1 + 1e-6));
      });
    }
  });

  test('both exact ways agree, and with counting every path', () => {
    for (const n of [1, 2, 5, 30, 200])
      for (let h = 1; h <= n; h += Math.ceil(n / 7))
        expect(leavesCorridor(n, n, h * n)).toBeCloseTo(leavesSquare(n, h), 12);
    for (const [m, n] of [
      [5, 3],
      [6, 4],
      [7, 7],
    ])
      for (let gap = 1; gap <= m * n; gap++)
        expect(leavesCorridor(m, n, gap)).toBeCloseTo(countOutside(m, n, gap), 12);
  });

  test('the slow and the fast way agree beyond what is worth being exact', () => {
    const a = normals(random, 9000);
    const b = normals(random, 10_000, 0.5);
    const { statistic, p } = kolmogorovSmirnov(a, b);
    expect(statistic).toBeGreaterThan(0.15);
    expect(p).toBeLessThan(1e-90);
    expect(p).toBeGreaterThan(0);
  });
});

/** Share of all lattice paths to (m, n) that reach |n x - m y| >= gap, path by path. */
function countOutside(m: number, n: number, gap: number): number {
  let [all, outside] = [0, 0];
  const walk = (x: number, y: number, out: boolean): void => {
    const left = out || Math.abs(n * x - m * y) >= gap;
    if (x === m && y === n) {
      all++;
      if (left) outside++;
      return;
    }
    if (x < m) walk(x + 1, y, left);
    if (y < n) walk(x, y + 1, left);
  };
  walk(0, 0, false);
  return outside / all;
}

describe('rows of counts', () => {
  const rows = [
    [[0], [0]],
    [
      [0, 0],
      [0, 0],
    ],
    [[5], [7]],
    [
      [10, 0],
      [0, 10],
    ],
    [
      [1e6, 1, 0],
      [0, 3, 1e5],
    ],
    [
      [100, 200, 300],
      [11, 19, 31],
    ],
    [
      [5, 5],
      [0, 0],
    ],
  ];

  test('give finite numbers in their bounds, the same both ways and in any order', () => {
    for (const [was, is] of rows) {
      const name = JSON.stringify([was, is]);
      for (const measure of [psi, jensenShannon, totalVariation]) {
        const value = measure(was, is);
        expect(value, name).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(value), name).toBe(true);
        expect(measure(is, was), name).toBeCloseTo(value, 12);
        expect(measure(was.toReversed(), is.toReversed()), name).toBeCloseTo(value, 12);
        expect(measure(was, was), name).toBe(0);
      }
      expect(Math.max(jensenShannon(was, is), totalVariation(was, is)), name).toBeLessThanOrEqual(1);
      const { p, statistic } = chiSquared(was, is);
      expect(p >= 0 && p <= 1 && Number.isFinite(statistic), name).toBe(true);
      expect(chiSquared(is, was).p, name).toBeCloseTo(p, 12);
    }
    expect(totalVariation([10, 0], [0, 10])).toBe(1);
    expect(jensenShannon([10, 0], [0, 10])).toBe(1);
  });

  test('bins of deciles hold every row, and each value of a column of two has its own', () => {
    for (const { name, a, b } of couples) {
      const bins = countByDeciles(a, b);
      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
      expect(bins.reference.length, name).toBe(bins.window.length);
      expect([sum(bins.reference), sum(bins.window)], name).toEqual([a.length, b.length]);
    }
    const mostlyOnes = Float64Array.from({ length: 1000 }, (_, i) => (i < 30 ? 0 : 1));
    const { reference } = countByDeciles(mostlyOnes, mostlyOnes);
    expect(reference.filter((count) => count > 0)).toEqual([30, 970]);
    expect(countByDeciles(samples.large, samples.large).reference).toHaveLength(10);
  });

  test("Fisher's p is from 0 to 1, and the same for the table turned any way", () => {
    for (let i = 0; i < 300; i++) {
      const [a, b, c, d] = Array.from({ length: 4 }, () => random.below(i % 3 === 0 ? 200 : 6));
      const p = fisher([
        [a, b],
        [c, d],
      ]);
      expect(p).toBeGreaterThan(0);
      expect(p).toBeLessThanOrEqual(1);
      for (const turned of [
        [b, a, d, c],
        [c, d, a, b],
        [a, c, b, d],
      ])
        expect(
          fisher([
            [turned[0], turned[1]],
            [turned[2], turned[3]],
          ]),
        ).toBeCloseTo(p, 10);
    }
  });
});

describe('two samples of categories', () => {
  test('are compared by chi-squared; by Fisher where two categories are left and one is rare', () => {
    expect(compareCategories({ a: 500, b: 500 }, { a: 50, b: 50 })).toMatchObject({ test: 'chi2', p: 1 });
    const rare = compareCategories({ a: 9990, b: 10 }, { a: 295, b: 5 });
    expect(rare).toMatchObject({ test: 'fisher' });
    expect(rare.p).toBeCloseTo(
      fisher([
        [10, 9990],
        [5, 295],
      ]),
      12,
    );
  });

  test('pool what is rare, so that a long tail does not look like drift', () => {
    const names = (from: number, to: number) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`name ${from + i}`, 1]));
    const clean = compareCategories({ a: 800, ...names(0, 200) }, { a: 240, ...names(150, 210) });
    expect(clean.p).toBeCloseTo(1, 10);
    expect(clean.effect).toBeCloseTo(0, 10);
    // Nothing but names: one category is left.
    expect(compareCategories(names(0, 1000), names(900, 1200))).toMatchObject({ p: 1, effect: 0 });
    // A new value that many rows have stands out of the tail.
    const flood = compareCategories({ a: 800, ...names(0, 200) }, { a: 160, b: 80, ...names(150, 210) });
    expect(flood.p).toBeLessThan(1e-6);
    expect(flood.effect).toBeGreaterThan(0.2);
  });

  test('are the same from a Map, from an object, and in any order; names of the language are names', () => {
    const [was, is] = [
      { a: 50, b: 30, c: 20, constructor: 9 },
      { c: 10, b: 40, a: 60, toString: 7 },
    ];
    const turned = compareCategories(
      new Map(Object.entries(was).toReversed()),
      new Map(Object.entries(is).toReversed()),
    );
    expect(compareCategories(was, is)).toEqual(turned);
    expect(compareCategories(is, was).p).toBeCloseTo(turned.p, 12);
  });

  test('do not differ where one is empty or there is one category', () => {
    for (const [was, is] of [
      [{}, {}],
      [{ a: 10 }, {}],
      [{}, { a: 10 }],
      [{ a: 1000 }, { a: 300 }],
      [{ a: 0 }, { b: 0 }],
      [{ a: 1 }, { b: 1 }],
    ])
      expect(compareCategories(was as Record<string, number>, is as Record<string, number>).p).toBe(1);
  });

  test('clean windows of 500 have p below 1 % in about 1 % (a test of goodness of fit: far more)', () => {
    const shares = [0.4, 0.3, 0.15, 0.1, 0.04, 0.01];
    const drawCounts = (rows: number) => {
      const counts: Record<string, number> = {};
      for (let row = 0; row < rows; row++) {
        let u = random.uint32() / 2 ** 32;
        const found = shares.findIndex((share) => (u -= share) < 0);
        counts[`c${found}`] = (counts[`c${found}`] ?? 0) + 1;
      }
      return counts;
    };
    const small = Array.from({ length: 1000 }, () => compareCategories(drawCounts(500), drawCounts(500)).p);
    expect(small.filter((p) => p < 0.01).length).toBeLessThan(25);
    expect(small.filter((p) => p < 0.5).length).toBeGreaterThan(400);
  });
});

describe('Benjamini and Hochberg', () => {
  test('with the ten smallest p alone rejects the same as with all, where those are fewer than ten', () => {
    for (let i = 0; i < 200; i++) {
      const all = Array.from({ length: 50 }, () => (random.uint32() / 2 ** 32) ** 3).sort((a, b) => a - b);
      const rejected = benjaminiHochberg(all, 50, 0.05);
      const few = benjaminiHochberg(all.slice(0, 10), 50, 0.05);
      const count = rejected.filter(Boolean).length;
      if (count < 10) expect(few).toEqual(rejected.slice(0, 10));
      else expect(few.filter(Boolean).length).toBeLessThanOrEqual(count);
    }
  });

  test('with p missing in between rejects no more, and nothing of nothing', () => {
    expect(benjaminiHochberg([], 10, 0.1)).toEqual([]);
    expect(benjaminiHochberg([NaN, 0.001], 2, 0.01)).toEqual([false, true]);
    // The second of ten is missing, so the third counts as the second.
    expect(benjaminiHochberg([0.001, 0.0025], 10, 0.01)).toEqual([true, false]);
    expect(benjaminiHochberg([0.001, 0.0015, 0.0025], 10, 0.01)).toEqual([true, true, true]);
  });
});

describe('sorting', () => {
  const shuffled = (n: number, of: () => number) => Float64Array.from({ length: n }, of);
  const uniform = () => random.uint32() / 2 ** 32;
  const kinds: Record<string, () => number> = {
    uniform,
    'of both signs': () => uniform() - 0.5,
    negative: () => -uniform(),
    'of every size': () => (uniform() - 0.5) * 10 ** (600 * uniform() - 300),
    whole: () => random.below(50) - 25,
    timestamps: () => 1.7e12 + random.below(1e9),
    constant: () => 7,
    'zeros of both signs': () => (random.below(2) === 0 ? 0 : -0),
    'with holes': () => (random.below(3) === 0 ? NaN : uniform()),
    'with infinities': () => [Infinity, -Infinity, 5e-324, -5e-324, 0][random.below(5)],
    missing: () => NaN,
  };

  test.each(Object.keys(kinds))('gives what the engine gives, without NaN: %s', (kind) => {
    for (const n of [0, 1, 10, 1999, 2000, 2001, 9000]) {
      const values = shuffled(n, kinds[kind]);
      const before = values.slice();
      const sorted = sortNumbers(values);
      const present = values.filter((value) => !Number.isNaN(value));
      expect(sorted).toEqual(present.sort());
      expect(values).toEqual(before);
      // Also where it is a part of a larger buffer.
      expect(sortNumbers(values.subarray(Math.min(3, n)))).toEqual(sortNumbers(values.slice(3)));
    }
  });
});

describe('the line through deciles', () => {
  const { normal } = samples;

  test('is found exactly where one sample is the other in another unit', () => {
    const fit = fitScale(
      normal,
      normal.map((x) => 1.8 * x + 32),
    );
    expect(fit?.slope).toBeCloseTo(1.8, 10);
    expect(fit?.intercept).toBeCloseTo(32, 10);
    expect(fit?.r2).toBeCloseTo(1, 10);
  });

  test('is undefined where the deciles determine none, and finite elsewhere', () => {
    const { empty, one, bits, infinite } = samples;
    for (const other of [empty, one, samples.constant, bits]) {
      expect(fitScale(normal, other)).toBeUndefined();
      expect(fitScale(other, normal)).toBeUndefined();
    }
    expect(fitScale(infinite, infinite)).toBeUndefined();
    for (const { a, b } of couples)
      expect(Object.values(fitScale(a, b) ?? {}).every(Number.isFinite)).toBe(true);
  });
});

describe('the calibration map', () => {
  const drawRows = (n: number, right: (confidence: number) => number, digits = 17) => {
    const confidence = Float64Array.from({ length: n }, () =>
      Number((0.5 + random.uint32() / 2 ** 33).toPrecision(digits)),
    );
    const correct = Uint8Array.from(confidence, (c) => (random.uint32() / 2 ** 32 < right(c) ? 1 : 0));
    return { confidence, correct };
  };
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

  test.each([
    { name: 'smooth', digits: 17 },
    { name: 'with ties', digits: 1 },
  ])('rises, stays from 0 to 1 in 100 knots, and has the mean of the hold-out ($name)', ({ digits }) => {
    for (const n of [1, 2, 49, 50, 51, 120, 5000]) {
      const { confidence, correct } = drawRows(n, (c) => c * c, digits);
      const map = fitCalibration(confidence, correct);
      expect(map.x.length).toBe(map.y.length);
      expect(map.x.length).toBeLessThanOrEqual(100);
      map.x.forEach((x, i) => i > 0 && expect(x).toBeGreaterThan(map.x[i - 1]));
      map.y.forEach((y, i) => expect(y).toBeGreaterThanOrEqual(i > 0 ? map.y[i - 1] : 0));
      expect(Math.max(...map.y)).toBeLessThanOrEqual(1);
      expect(estimateAccuracy(map, confidence).accuracy).toBeCloseTo(mean(correct), 10);
    }
  });

  test('estimates the accuracy where confidence moves, of a model that is too sure of itself', () => {
    const right = (c: number) => 0.5 + (c - 0.5) * 0.6;
    const { confidence, correct } = drawRows(20_000, right);
    const map = fitCalibration(confidence, correct);
    const lower = drawRows(20_000, right).confidence.filter((c) => c < 0.7);
    const { accuracy, se } = estimateAccuracy(map, lower);
    const truth = mean(lower.map(right));
    expect(Math.abs(accuracy - truth)).toBeLessThan(0.015);
    // Taken at its word it would be 4 points off.
    expect(Math.abs(mean(lower) - truth)).toBeGreaterThan(0.03);
    expect(se).toBeLessThan(0.002);
  });

  test('takes what lies outside as the nearest, and says nothing of nothing', () => {
    const map = fitCalibration(Float64Array.of(0.6, 0.7, 0.8, 0.9), Uint8Array.of(0, 1, 0, 1));
    expect(map).toEqual({ x: [0.6, 0.7, 0.8, 0.9], y: [0, 0.5, 0.5, 1] });
    expect(estimateAccuracy(map, Float64Array.of(0.1)).accuracy).toBe(0);
    expect(estimateAccuracy(map, Float64Array.of(0.85)).accuracy).toBeCloseTo(0.75);
    expect(estimateAccuracy(map, new Float64Array())).toEqual({ accuracy: 0, se: 1 });
    const none = fitCalibration(new Float64Array(), new Uint8Array());
    expect(none).toEqual({ x: [], y: [] });
    expect(estimateAccuracy(none, Float64Array.of(0.8, 0.9)).accuracy).toBeCloseTo(0.85);
  });
});

describe('outliers', () => {
  const rows = (n: number, shift = 0) =>
    [
      normals(random, n, shift),
      normals(random, n).map((x) => Math.exp(2 * x)),
      constant(n),
      Float64Array.from({ length: n }, (_, i) => (i % 100 === 0 ? i : 0)),
      constant(n, NaN),
    ].map(shuffle);
  const shuffle = (column: Float64Array) => {
    for (let i = column.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [column[i], column[j]] = [column[j], column[i]];
    }
    return column;
  };

  test('are 0.1 % of rows like the reference, and nearly all of rows far away', () => {
    const scale = fitOutliers(rows(20_000));
    expect(outlierShare(scale, rows(20_000))).toBeLessThan(0.002);
    expect(outlierShare(scale, rows(1000, 30))).toBe(1);
    expect(JSON.parse(JSON.stringify(scale))).toEqual(scale);
  });

  test('are scored without NaN, whatever a row holds', () => {
    const scale = fitOutliers(rows(1000));
    for (const row of [[NaN, NaN, NaN, NaN, NaN], [0, 1, 7, 0, 3], []])
      expect(scoreRow(scale, row)).toBeLessThan(1.5);
    expect(scoreRow(scale, [Infinity, 1, 1, 1, 1])).toBe(Infinity);
    expect(fitOutliers([])).toEqual({ centers: [], scales: [], threshold: 0 });
    expect(outlierShare(scale, rows(0))).toBe(0);
    expect(fitOutliers(rows(0)).threshold).toBe(0);
  });
});
