import { describe, expect, it } from 'vitest';
import { describeFeatures, gapsOf } from '../../learning/encoders/describe.ts';
import type { Feature } from '../../learning/encoders/spec.ts';
import { booleans, encode, fit, numbers, strings, times, type Columns } from './encodersRun.ts';

/** Whatever the data holds, the features are finite, and a missing value is read as the definition says. */
const train: Columns = {
  n: numbers(1, 2, NaN, 10, Infinity),
  flag: booleans(0, 1, 1, NaN, 1),
  s: strings('x', '', 'y', 'x', ''),
  at: times(0, 1e12, NaN, 1e12, 1e12),
  same: numbers(0.1, 0.1, 0.1, 0.1, NaN),
};

const EVERY: Feature[] = [
  { kind: 'passthrough', columns: ['n', 'flag', 'at', 'same'] },
  { kind: 'standardize', columns: ['n', 'flag', 'at', 'same'] },
  { kind: 'minMax', columns: ['n', 'flag', 'at', 'same'] },
  { kind: 'log', columns: ['n', 'flag', 'same'], offset: 1, standardize: true },
  { kind: 'log', columns: ['n'], offset: 0, standardize: false },
  { kind: 'bucket', columns: ['n', 'flag', 'at', 'same'], bins: 4 },
  { kind: 'oneHot', columns: ['n', 'flag', 's'], maxCategories: 100 },
  { kind: 'ordinal', columns: ['n', 'flag', 's'] },
  { kind: 'frequency', columns: ['n', 'flag', 's'], maxCategories: 100 },
  { kind: 'category', columns: ['n', 'flag', 's'], maxCategories: 100 },
  { kind: 'cyclic', columns: ['at'], part: 'dayOfYear' },
];

describe('missing values', () => {
  it('are read as the median by numeric encoders, infinities too', async () => {
    const { n } = await encode([{ kind: 'passthrough', columns: ['n'] }], train);
    expect(n).toEqual([1, 2, 2, 10, 2]);
  });

  it('are no category, -1 and 0 for the encoders of categories', async () => {
    const rows: Columns = { n: numbers(NaN, Infinity, 1), s: strings('', 'z', 'x') };
    const columns = await encode(
      [
        { kind: 'oneHot', columns: ['n', 's'], maxCategories: 10 },
        { kind: 'ordinal', columns: ['n', 's'] },
        { kind: 'frequency', columns: ['n', 's'], maxCategories: 10 },
      ],
      train,
      rows,
    );
    expect(columns).toMatchObject({
      'n=1': [0, 0, 1],
      'n=2': [0, 0, 0],
      's=x': [0, 0, 1],
      's=y': [0, 0, 0],
      n_ordinal: [-1, -1, 0],
      s_ordinal: [-1, -1, 0],
      n_frequency: [0, 0, Math.fround(0.2)],
      s_frequency: [0, 0, Math.fround(0.4)],
    });
  });

  it('are what `impute` says for every other encoder of the column, wherever it stands', async () => {
    const columns = await encode(
      [
        { kind: 'oneHot', columns: ['s', 'flag'], maxCategories: 10 },
        { kind: 'frequency', columns: ['s'], maxCategories: 10 },
        { kind: 'passthrough', columns: ['n'] },
        { kind: 'impute', columns: ['s'], strategy: 'constant', value: 'none' },
        { kind: 'impute', columns: ['n'], strategy: 'constant', value: -7 },
        { kind: 'impute', columns: ['flag'], strategy: 'constant', value: false },
      ],
      train,
    );
    expect(columns).toEqual({
      // Imputed before it is counted, so the replacement is a category of its own.
      's=none': [0, 1, 0, 0, 1],
      's=x': [1, 0, 0, 1, 0],
      's=y': [0, 0, 1, 0, 0],
      'flag=0': [1, 0, 0, 1, 0],
      'flag=1': [0, 1, 1, 0, 1],
      s_frequency: [0.4, 0.4, 0.2, 0.4, 0.4].map(Math.fround),
      n: [1, 2, -7, 10, -7],
    });
  });

  it('stay missing where `impute` says none, infinities too', async () => {
    const features: Feature[] = [
      { kind: 'impute', columns: ['n', 'flag', 'at', 'same'], strategy: 'none' },
      ...EVERY.filter(({ kind }) => kind !== 'log'),
      { kind: 'log', columns: ['n'], offset: 0, standardize: true },
    ];
    const columns = await encode(features, train, { ...train, n: numbers(NaN, Infinity, 1, -5, 1e300) });
    const missing = (name: string) => columns[name].map((value) => (Number.isNaN(value) ? 1 : 0)).join('');
    for (const name of ['n', 'n_standardize', 'n_minMax', 'n_bucket'])
      expect(missing(name), name).toBe('11000');
    for (const name of ['flag', 'flag_standardize', 'flag_minMax', 'flag_bucket'])
      expect(missing(name)).toBe('00010');
    for (const name of ['at', 'at_standardize', 'at_minMax', 'at_bucket'])
      expect(missing(name)).toBe('00100');
    expect(missing('same_standardize')).toBe('00001');
    // What has no logarithm is missing.
    expect(missing('n_log')).toBe('11010');
    const whole = Object.entries(columns).filter(([name]) =>
      /=|_ordinal|_frequency|_category|dayOfYear/.test(name),
    );
    expect(whole.length).toBeGreaterThan(10);
    for (const [name, values] of whole) expect(values.some(Number.isNaN), name).toBe(false);
    const fitted = fit(features, train);
    const gaps = gapsOf(fitted) as Uint8Array;
    expect(fitted.features.filter((_, i) => gaps[i] === 1)).toEqual(
      fitted.features.filter((name) => !/=|_ordinal|_frequency|_category|dayOfYear/.test(name)),
    );
    expect(describeFeatures(fitted).find(({ name }) => name === 'n_bucket')).toEqual({
      name: 'n_bucket',
      column: 'n',
      rises: true,
    });
    expect(describeFeatures(fitted).at(-1)).toMatchObject({ name: 'n_log', column: 'n' });
    expect(gapsOf(fit(EVERY, train))).toBeUndefined();
  });

  it('are an unseen value where the imputed text was never a category', async () => {
    const features: Feature[] = [
      { kind: 'impute', columns: ['s'], strategy: 'constant', value: 'none' },
      { kind: 'oneHot', columns: ['s'], maxCategories: 10 },
    ];
    const columns = await encode(features, { s: strings('a', 'b') }, { s: strings('', 'a') });
    expect(columns).toEqual({ 's=a': [0, 1], 's=b': [0, 0] });
  });
});

describe('every encoder', () => {
  const extremes = [NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, -0, 1e39, 3.5e38, -2, -1, 0];

  it('gives finite float32 for any double and any text', async () => {
    const rows: Columns = {
      n: numbers(...extremes),
      flag: booleans(...extremes),
      at: times(...extremes),
      same: numbers(...extremes),
      s: strings(...extremes.map((_, i) => ['', '\u0000', '🙂', 'x'.repeat(10_000), '\ud800', 'x'][i % 6])),
    };
    const columns = await encode(EVERY, train, rows);
    for (const [name, values] of Object.entries(columns)) {
      expect(
        values.filter((value) => !Number.isFinite(value)),
        name,
      ).toEqual([]);
    }
    expect(Math.max(...columns.n)).toBe(3.4028234663852886e38);
    expect(columns.same_standardize).toEqual(extremes.map(() => expect.closeTo(0, 300) as number));
    expect(columns.same_minMax).toEqual(extremes.map(() => expect.closeTo(0, 300) as number));
  });

  it('names every output column once and differently', () => {
    const { features } = fit(EVERY, train);
    expect(new Set(features).size).toBe(features.length);
    expect(features.slice(0, 6)).toEqual(['n', 'flag', 'at', 'same', 'n_standardize', 'flag_standardize']);
  });

  it('reads exactly the raw columns that it uses', () => {
    const { inputs } = fit(
      [
        { kind: 'oneHot', columns: ['s'], maxCategories: 3 },
        { kind: 'minMax', columns: ['n'] },
      ],
      train,
    );
    expect(inputs).toEqual([
      { name: 's', columnType: 'string' },
      { name: 'n', columnType: 'number' },
    ]);
  });

  it('is plain JSON when fitted', () => {
    const fitted = fit(EVERY, train);
    expect(JSON.parse(JSON.stringify(fitted))).toEqual(fitted);
  });
});

describe('log', () => {
  it('reads values without a logarithm as the median of those that have one', async () => {
    const rain: Columns = { mm: numbers(0, 0, 0, 0, 0, 0, 4, 4, 4, 8) };
    const { mm_log } = await encode([{ kind: 'log', columns: ['mm'], offset: 0, standardize: false }], rain);
    expect(mm_log.slice(5)).toEqual([4, 4, 4, 4, 8].map((value) => Math.fround(Math.log(value))));
  });

  it('says that no value has a logarithm', () => {
    expect(() => fit([{ kind: 'log', columns: ['n'], offset: -100, standardize: true }], train)).toThrow(
      'column "n": no training value is above 100, so none has a logarithm; choose a larger offset',
    );
  });
});
