import { describe, expect, test } from 'vitest';
import { binMatrix } from '../../learning/binning.ts';
import { deriveSeed, Random } from '../../learning/rng.ts';
import { plainFolds, stratifiedFolds, withoutFold } from '../../learning/split.ts';
import { generate } from './learnersData.ts';

/** What every learner stands on: random numbers, bins and folds. */

describe('random numbers', () => {
  test('are the published xoshiro128**', () => {
    // The generator's state is private, so its reference implementation in C stands here again, in BigInt.
    const seedState = (seed: number) => {
      let z = seed | 0;
      return Array.from({ length: 4 }, () => {
        z = (z + 0x9e3779b9) | 0;
        let x = z;
        x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
        x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
        return BigInt((x ^ (x >>> 15)) >>> 0);
      });
    };
    const s = seedState(42);
    const mask = 0xffffffffn;
    const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    const reference = () => {
      const result = (rotl((s[1] * 5n) & mask, 7n) * 9n) & mask;
      const t = (s[1] << 9n) & mask;
      s[2] ^= s[0];
      s[3] ^= s[1];
      s[1] ^= s[2];
      s[0] ^= s[3];
      s[2] ^= t;
      s[3] = rotl(s[3], 11n);
      return Number(result);
    };
    const random = new Random(42);
    for (let i = 0; i < 1000; i++) expect(random.uint32()).toBe(reference());
  });

  test.each([2, 3, 7, 100, 1000])('below(%i) takes every value equally often', (bound) => {
    const random = new Random(bound);
    const draws = bound * 1000;
    const counts = new Float64Array(bound);
    for (let i = 0; i < draws; i++) counts[random.below(bound)]++;
    const chi2 = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // Mean bound - 1, standard deviation sqrt(2 (bound - 1)); 5 of them are a chance below 1e-5.
    expect(chi2).toBeLessThan(bound - 1 + 5 * Math.sqrt(2 * (bound - 1)) + 8);
  });

  test('below covers its whole range and refuses others', () => {
    const random = new Random(1);
    expect(random.below(1)).toBe(0);
    expect(random.below(2 ** 32)).toBeGreaterThan(2);
    expect(() => random.below(0)).toThrow(RangeError);
    expect(() => random.below(2 ** 32 + 1)).toThrow(RangeError);
  });

  test('every order of a shuffle is equally likely', () => {
    const random = new Random(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const items = Int32Array.of(0, 1, 2, 3);
      random.shuffle(items);
      counts.set(items.join(), (counts.get(items.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi2).toBeLessThan(23 + 5 * Math.sqrt(46));
  });

  test('derived seeds differ by label, order and type, and seldom meet', () => {
    expect(deriveSeed(1, 'a', 'bc')).not.toBe(deriveSeed(1, 'ab', 'c'));
    expect(deriveSeed(1, 7)).not.toBe(deriveSeed(1, '7'));
    expect(deriveSeed(1, 'tree', 1, 'fold', 2)).not.toBe(deriveSeed(1, 'tree', 2, 'fold', 1));
    expect(deriveSeed(1, 'tree', 3)).toBe(deriveSeed(1, 'tree', 3));
    const seeds = new Set<number>();
    for (let seed = 0; seed < 10; seed++)
      for (let n = 0; n < 10_000; n++) seeds.add(deriveSeed(seed, 'candidate', n));
    // 100,000 of 2^32: 1.2 are expected to meet by chance.
    expect(seeds.size).toBeGreaterThan(99_990);
  });

  test('streams of neighbouring seeds are not alike', () => {
    const first = Float64Array.from({ length: 20_000 }, (_, n) => new Random(deriveSeed(1, n)).unit());
    const mean = first.reduce((a, b) => a + b, 0) / first.length;
    const serial =
      first.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * (first[i] - 0.5), 0) / first.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / first.length));
    expect(Math.abs(serial)).toBeLessThan(5 / 12 / Math.sqrt(first.length));
  });
});

describe('bins', () => {
  test('few distinct values each get one, with the middle as edge', () => {
    const { bins, edges } = binMatrix(Float32Array.of(3, 1, 2, 1, 10, 3), 6, 1);
    expect(edges).toEqual([Float32Array.of(1.5, 2.5, 6.5)]);
    expect(Array.from(bins)).toEqual([2, 0, 1, 0, 3, 2]);
  });

  test('many values share 256 bins about equally', () => {
    const random = new Random(3);
    const x = Float32Array.from({ length: 100_000 }, () => random.unit() ** 3);
    const { bins, edges } = binMatrix(x, x.length, 1);
    const counts = new Float64Array(256);
    for (const bin of bins) counts[bin]++;
    expect(edges[0].length).toBe(255);
    expect(Math.min(...counts)).toBeGreaterThan(380);
    expect(Math.max(...counts)).toBeLessThan(400);
  });

  test('one value with most of the rows leaves bins for the others', () => {
    const x = Float32Array.from({ length: 10_000 }, (_, i) => (i < 9_000 ? 0 : i));
    const { edges } = binMatrix(x, x.length, 1);
    expect(edges[0].length).toBe(255);
  });

  test('neighbouring float32 values are kept apart by an edge of float32', () => {
    const bits = new Int32Array([0x3f800000, 0x3f800001, 0x3f800002, 0, 1]);
    const x = new Float32Array(bits.buffer);
    const { bins, edges } = binMatrix(x, 5, 1);
    expect(Array.from(bins)).toEqual([2, 3, 4, 0, 1]);
    expect(edges[0].every((edge) => Math.fround(edge) === edge)).toBe(true);
  });

  test('a bin is the number of edges below the value', () => {
    const { x, binned, rows, columns } = generate(2000, 3, 2, 5, 5000);
    for (let i = 0; i < rows * columns; i++) {
      expect(binned.bins[i]).toBe(binned.edges[i % columns].filter((edge) => edge < x[i]).length);
    }
  });

  test('quantiles of a large matrix come from a sample, the same every time', () => {
    const x = Float32Array.from({ length: 450_000 }, (_, i) => (i * 7919) % 450_000);
    const once = binMatrix(x, x.length, 1);
    expect(binMatrix(x, x.length, 1).edges).toEqual(once.edges);
    const counts = new Float64Array(256);
    for (const bin of once.bins) counts[bin]++;
    expect(Math.max(...counts)).toBeLessThan(1.3 * (450_000 / 256));
  });

  test.each([NaN, Infinity, -Infinity])('%d is refused by row and column', (value) => {
    const x = new Float32Array(20);
    x[13] = value;
    expect(() => binMatrix(x, 10, 2)).toThrow(/Row 6 of column 1/);
  });

  test('the allocator decides where the bins lie', () => {
    const { bins } = binMatrix(
      Float32Array.of(1, 2),
      2,
      1,
      256,
      (length) => new Uint8Array(new SharedArrayBuffer(length)),
    );
    expect(bins.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe('folds', () => {
  const y = Float64Array.from({ length: 103 }, (_, i) => (i % 10 === 0 ? 2 : i % 3 === 0 ? 1 : 0));

  test('hold every row once, ascending, with even sizes and classes', () => {
    for (const folds of [stratifiedFolds(y, 3, 5, 1), plainFolds(103, 5, 1)]) {
      expect(folds.flatMap((fold) => Array.from(fold)).sort((a, b) => a - b)).toEqual(Array.from(y.keys()));
      for (const fold of folds) {
        expect(Array.from(fold)).toEqual(Array.from(fold).sort((a, b) => a - b));
        expect([20, 21]).toContain(fold.length);
      }
    }
    const ofClass = (c: number) =>
      stratifiedFolds(y, 3, 5, 1).map((fold) => fold.filter((row) => y[row] === c).length);
    for (const c of [0, 1, 2])
      expect(Math.max(...ofClass(c)) - Math.min(...ofClass(c))).toBeLessThanOrEqual(1);
  });

  test('follow the seed', () => {
    expect(stratifiedFolds(y, 3, 5, 1)).toEqual(stratifiedFolds(y, 3, 5, 1));
    expect(stratifiedFolds(y, 3, 5, 2)).not.toEqual(stratifiedFolds(y, 3, 5, 1));
    expect(plainFolds(103, 5, 2)).not.toEqual(plainFolds(103, 5, 1));
  });

  test('a class of two rows is in every training part; one of one row is refused', () => {
    const rare = y.map((c) => (c === 2 ? 0 : c));
    rare[5] = rare[90] = 2;
    for (const fold of stratifiedFolds(rare, 3, 5, 1)) {
      expect(withoutFold(Int32Array.from(rare.keys()), fold).some((row) => rare[row] === 2)).toBe(true);
    }
    rare[90] = 0;
    expect(() => stratifiedFolds(rare, 3, 5, 1)).toThrow(/Class 2 has 1 row/);
    expect(() => stratifiedFolds(rare, 4, 5, 1)).toThrow(RangeError);
    expect(() => stratifiedFolds(rare, 2, 5, 1)).toThrow(/class 2/);
    expect(() => plainFolds(3, 5, 1)).toThrow(/3 row/);
    expect(() => plainFolds(30, 1, 1)).toThrow(/2 folds/);
  });

  test('what is left of a fold is the rest', () => {
    expect(withoutFold(Int32Array.of(1, 4, 6, 9), Int32Array.of(0, 4, 9))).toEqual(Int32Array.of(1, 6));
    expect(withoutFold(Int32Array.of(1, 4), new Int32Array())).toEqual(Int32Array.of(1, 4));
  });
});
