import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Feature } from '../../learning/encoders/spec.ts';
import { fit, encode, encodeWith, numbers, strings } from './encodersRun.ts';

/** The compiled encoders answer as scikit-learn's do, in ONNX Runtime, on values they were and were not fitted on. */
const golden = JSON.parse(
  readFileSync(new URL('../golden/encoders.json', import.meta.url), 'utf8'),
) as Golden;

interface Golden {
  numeric: Record<string, (number | null)[]> & {
    impute_mean: number;
    impute_median: number;
    impute_most_frequent: number;
    log1p: { mean: number; std: number; new: number[] };
  };
  categorical: {
    train: string[];
    new: string[];
    categories: string[];
    oneHot: number[][];
    ordinal: number[];
    numbers: { train: number[]; new: number[]; oneHot: number[][]; ordinal: number[] };
  };
}

const fromJson = (values: (number | null)[]) => values.map((value) => value ?? NaN);
const train = { x: numbers(...fromJson(golden.numeric.train)) };
const fresh = { x: numbers(...fromJson(golden.numeric.new)) };

/** Float32 has 24 bits. */
function expectClose(found: number[], expected: (number | null)[], relative = 1e-6): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    const wanted = expected[i] as number;
    expect(Math.abs(value - wanted), `row ${i}: ${value} for ${wanted}`).toBeLessThanOrEqual(
      relative * Math.max(1e-6, Math.abs(wanted)),
    );
  });
}

describe('numeric encoders', () => {
  it.each(['standardize', 'minMax'] as const)('%s equals scikit-learn', async (kind) => {
    const { x } = await encode([{ kind, columns: ['x'] }], train, fresh);
    expectClose(x, golden.numeric[kind]);
  });

  it.each([
    ['mean', golden.numeric.impute_mean],
    ['median', golden.numeric.impute_median],
    ['mostFrequent', golden.numeric.impute_most_frequent],
  ] as const)('impute %s reads what SimpleImputer reads', async (strategy, expected) => {
    const impute: Feature = { kind: 'impute', columns: ['x'], strategy };
    const { x } = await encode([impute, { kind: 'passthrough', columns: ['x'] }], train, {
      x: numbers(NaN, 3),
    });
    expectClose(x, [expected, 3]);
  });

  it.each([2, 4, 5, 10])('bucket with %i bins has the edges of KBinsDiscretizer', (bins) => {
    const [block] = fit([{ kind: 'bucket', columns: ['x'], bins }], train).blocks;
    expectClose((block as { edges: number[] }).edges, golden.numeric[`edges_${bins}`], 1e-12);
  });

  it('bucket puts a value on an edge into the lower bin', async () => {
    const { x_bucket } = await encode([{ kind: 'bucket', columns: ['x'], edges: [1, 2.5, 4] }], train, {
      x: numbers(-1e9, 1, Math.fround(1.0000001), 2.5, 2.5000000000000004, 4, 4.1, 1e300),
    });
    expect(x_bucket).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('log equals numpy.log1p, and standardises by nearly the moments of the logarithms', async () => {
    const plain = await encode(
      [{ kind: 'log', columns: ['x'], offset: 1, standardize: false }],
      train,
      fresh,
    );
    const median = golden.numeric.impute_median;
    // -5 has no logarithm of 1 + x and is read as the median.
    expectClose(
      plain.x_log,
      golden.numeric.log1p.new.map((value, i) => (i === 1 ? Math.log1p(median) : value)),
      1e-5,
    );
    const [block] = fit([{ kind: 'log', columns: ['x'], offset: 1, standardize: true }], train).blocks;
    const { scale } = block as { scale: { mean: number[]; std: number[] } };
    // From percentiles, not from values: within 2 % on 188 values.
    expect(Math.abs(scale.mean[0] / golden.numeric.log1p.mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(scale.std[0] / golden.numeric.log1p.std - 1)).toBeLessThan(0.02);
  });
});

describe('categories', () => {
  const { categorical } = golden;
  const text = { s: strings(...categorical.train) };
  const newText = { s: strings(...categorical.new) };
  const digits = { n: numbers(...categorical.numbers.train) };
  const newDigits = { n: numbers(...categorical.numbers.new) };

  it('oneHot equals OneHotEncoder(handle_unknown="ignore"), also on other alphabets and blanks', async () => {
    const fitted = fit([{ kind: 'oneHot', columns: ['s'], maxCategories: 100 }], text);
    expect(fitted.features).toEqual(categorical.categories.map((value) => `s=${value}`));
    const columns = await encodeWith(fitted, newText);
    expect(categorical.new.map((_, i) => fitted.features.map((name) => columns[name][i]))).toEqual(
      categorical.oneHot,
    );
  });

  it('oneHot of numbers compares all 64 bits', async () => {
    const fitted = fit([{ kind: 'oneHot', columns: ['n'], maxCategories: 100 }], digits);
    expect(fitted.features).toEqual(['n=1', 'n=2', 'n=2.5', 'n=3', 'n=10']);
    const columns = await encodeWith(fitted, newDigits);
    expect(categorical.numbers.new.map((_, i) => fitted.features.map((name) => columns[name][i]))).toEqual(
      categorical.numbers.oneHot,
    );
  });

  it('ordinal equals OrdinalEncoder(unknown_value=-1)', async () => {
    const { s_ordinal } = await encode([{ kind: 'ordinal', columns: ['s'] }], text, newText);
    expect(s_ordinal).toEqual(categorical.ordinal);
    const { n_ordinal } = await encode([{ kind: 'ordinal', columns: ['n'] }], digits, newDigits);
    expect(n_ordinal).toEqual(categorical.numbers.ordinal);
  });

  it('oneHot keeps the most frequent categories, in order of value', () => {
    const { features } = fit([{ kind: 'oneHot', columns: ['s'], maxCategories: 3 }], text);
    expect(features).toEqual(['s=a', 's=b', 's=c']);
  });

  it('frequency is the share of training rows', async () => {
    const { s_frequency } = await encode(
      [{ kind: 'frequency', columns: ['s'], maxCategories: 1000 }],
      text,
      newText,
    );
    const share = (value: string) =>
      categorical.train.filter((other) => other === value).length / categorical.train.length;
    expect(s_frequency).toEqual(categorical.new.map((value) => Math.fround(share(value))));
    const { n_frequency } = await encode(
      [{ kind: 'frequency', columns: ['n'], maxCategories: 2 }],
      digits,
      newDigits,
    );
    expect(n_frequency).toEqual([0.25, 0, 0, 0, 0.375, 0, 0, 0]);
  });
});
