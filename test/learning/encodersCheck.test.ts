import { describe, expect, it } from 'vitest';
import { checkFeatureTypes, FeatureError } from '../../learning/encoders/check.ts';
import { fitEncoders } from '../../learning/encoders/fit.ts';
import type { Feature } from '../../learning/encoders/spec.ts';
import { profileOf } from './encodersProfile.ts';
import { fit, numbers, strings, times } from './encodersRun.ts';

/** A feature that its column cannot bear is refused by name, before anything runs. */
const columns = [
  { name: 'n', type: 'number', sqlType: 'DOUBLE' },
  { name: 'carrier', type: 'string', sqlType: 'VARCHAR' },
  { name: 'flag', type: 'boolean', sqlType: 'BOOLEAN' },
  { name: 'at', type: 'timestamp', sqlType: 'TIMESTAMP' },
  { name: 'tags', type: 'other', sqlType: 'VARCHAR[]' },
  { name: 'label', type: 'number', sqlType: 'INTEGER' },
] as const;

const wrong: [Feature, string, string][] = [
  [{ kind: 'standardize', columns: ['n', 'carrier'] }, 'features[0].columns[1]', 'of type string (VARCHAR)'],
  [
    { kind: 'cyclic', columns: ['carrier'], part: 'hour' },
    'features[0].columns[0]',
    'expected a column of type timestamp for cyclic',
  ],
  [{ kind: 'cyclic', columns: ['n'], part: 'hour' }, 'features[0].columns[0]', 'of type number (DOUBLE)'],
  [
    { kind: 'oneHot', columns: ['at'], maxCategories: 10 },
    'features[0].columns[0]',
    'of type timestamp (TIMESTAMP)',
  ],
  [{ kind: 'passthrough', columns: ['tags'] }, 'features[0].columns[0]', 'of type other (VARCHAR[])'],
  [{ kind: 'bucket', columns: ['carrier'], bins: 3 }, 'features[0].columns[0]', 'of type string (VARCHAR)'],
  [
    { kind: 'passthrough', columns: ['nn'] },
    'features[0].columns[0]',
    'expected one of n, carrier, flag, at, tags, label',
  ],
  [
    { kind: 'passthrough', columns: ['label'] },
    'features[0].columns[0]',
    'the name of an output of the model',
  ],
  [
    { kind: 'impute', columns: ['carrier'], strategy: 'mean' },
    'features[0].columns[0]',
    'of type string (VARCHAR)',
  ],
  [
    { kind: 'impute', columns: ['at'], strategy: 'mostFrequent' },
    'features[0].columns[0]',
    'expected a column of type number or boolean or string for impute by mostFrequent',
  ],
  [
    { kind: 'impute', columns: ['n'], strategy: 'constant', value: 'a' },
    'features[0].value',
    'a number for a number column',
  ],
  [
    { kind: 'impute', columns: ['n'], strategy: 'constant', value: Infinity },
    'features[0].value',
    'a number for a number column',
  ],
  [
    { kind: 'impute', columns: ['carrier'], strategy: 'constant', value: '' },
    'features[0].value',
    'a string that is not empty',
  ],
  [
    { kind: 'impute', columns: ['flag'], strategy: 'constant', value: 1 },
    'features[0].value',
    'true or false',
  ],
  [
    { kind: 'ordinal', columns: ['carrier'], categories: ['a', 'b', 'a'] },
    'features[0].categories[2]',
    'twice',
  ],
  [
    { kind: 'ordinal', columns: ['carrier'], categories: ['a', ''] },
    'features[0].categories[1]',
    'which means missing',
  ],
  [
    { kind: 'ordinal', columns: ['n'], categories: ['1', 'two'] },
    'features[0].categories[1]',
    'a number as text',
  ],
];

describe('checkFeatureTypes', () => {
  it.each(wrong)('refuses %j', (feature, field, text) => {
    const error = thrown(() => checkFeatureTypes([feature], columns));
    expect(error).toBeInstanceOf(FeatureError);
    expect((error as FeatureError).field).toBe(field);
    expect((error as FeatureError).message).toContain(text);
  });

  it('refuses a second impute of one column', () => {
    const impute: Feature = { kind: 'impute', columns: ['n'], strategy: 'mean' };
    expect(() => checkFeatureTypes([impute, { ...impute, strategy: 'median' }], columns)).toThrow(
      'features[1].columns[0] is "n", imputed by features[0] already; expected one impute a column.',
    );
  });

  it('passes what fits', () => {
    checkFeatureTypes(
      [
        { kind: 'impute', columns: ['n', 'carrier', 'flag'], strategy: 'mostFrequent' },
        { kind: 'impute', columns: ['at'], strategy: 'median' },
        { kind: 'standardize', columns: ['n', 'flag', 'at'] },
        { kind: 'ordinal', columns: ['flag'], categories: ['false', 'true'] },
        { kind: 'frequency', columns: ['carrier', 'n'], maxCategories: 5 },
      ],
      columns,
    );
  });
});

describe('fitEncoders', () => {
  it('refuses a column that is empty in training, by its place and name', () => {
    const train = { a: numbers(1, 2), b: numbers(NaN, NaN), c: strings('', ''), d: numbers(NaN, Infinity) };
    expect(() => fit([{ kind: 'standardize', columns: ['a', 'b'] }], train)).toThrow(
      'features[0].columns[1] is "b", all values missing in training; expected a column with values.',
    );
    expect(() => fit([{ kind: 'oneHot', columns: ['c'], maxCategories: 5 }], train)).toThrow(
      'all values missing in training',
    );
    expect(() => fit([{ kind: 'passthrough', columns: ['d'] }], train)).toThrow(
      'no finite value in training',
    );
  });

  it('refuses an ordinal whose values the profile cannot list', () => {
    const train = { id: strings(...Array.from({ length: 1001 }, (_, i) => `v${i}`)) };
    expect(() => fit([{ kind: 'ordinal', columns: ['id'] }], train)).toThrow(
      'column "id": ordinal needs all of its 1001 values in order and the profile lists 1000; declare `categories`, or use frequency',
    );
  });

  it('refuses statistics that overflow', () => {
    const train = { n: numbers(-1.7e308, 0, 1.7e308) };
    expect(() => fit([{ kind: 'minMax', columns: ['n'] }], train)).toThrow(
      'its range is beyond 64-bit numbers',
    );
    expect(() => fit([{ kind: 'standardize', columns: ['n'] }], train)).toThrow(
      'the std of its training values is Infinity',
    );
  });

  it('refuses a definition that yields no column', () => {
    expect(() => fit([{ kind: 'impute', columns: ['n'], strategy: 'mean' }], { n: numbers(1) })).toThrow(
      'No feature is left',
    );
    expect(() => fit('auto', { n: numbers(NaN) })).toThrow(
      'No feature is left to learn from ("n": all values missing in training).',
    );
  });
});

describe('features: auto', () => {
  const many = Array.from({ length: 40 }, (_, i) => `v${i}`);
  const profiles = [
    profileOf('id', 'number', [1, 2]),
    profileOf('seen', 'timestamp', [0, 1]),
    profileOf('y', 'boolean', [0, 1]),
    profileOf('at', 'timestamp', [0, 1]),
    profileOf('city', 'string', many),
    profileOf('kind', 'string', ['a', 'b']),
    profileOf('n', 'number', [1, 2]),
    profileOf('flag', 'boolean', [0, 1]),
    profileOf('tags', 'other', ['x', 'y']),
    profileOf('empty', 'number', [NaN, NaN]),
    profileOf('label', 'number', [1, 2]),
  ];

  it('takes every column but target, key and time, each by its type', () => {
    const fitted = fitEncoders('auto', profiles, { target: 'y', key: ['id'], time: 'seen' });
    expect(fitted.features).toEqual([
      'n',
      'flag',
      'at_hour_sin',
      'at_hour_cos',
      'at_weekday_sin',
      'at_weekday_cos',
      'kind=a',
      'kind=b',
      'city_frequency',
    ]);
    expect(fitted.dropped).toEqual([
      { column: 'tags', reason: 'BLOB columns can be no feature' },
      { column: 'empty', reason: 'all values missing in training' },
      { column: 'label', reason: 'its name is that of an output of the model' },
    ]);
  });

  it('encodes a constant column, as 0', () => {
    expect(fit('auto', { n: numbers(5, 5), t: times(0, 0) }).blocks[0]).toMatchObject({
      kind: 'standardize',
      std: [0],
    });
  });
});

function thrown(body: () => void): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
}
