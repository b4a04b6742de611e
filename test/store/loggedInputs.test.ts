import { describe, expect, test } from 'vitest';
import { decodeInputs, type AskedInputs } from '../../store/loggedInputs.ts';
import { bytesOf } from './someRecords.ts';

/** What is logged of a request is what it held. */
const columns = {
  __proto__: null,
  distance: Float64Array.of(1.5, NaN, -0, 1e300),
  airport: ['LAX', '', 'Z\u00fcrich \u2708 \u{1f6eb}', '\ud800\0'],
  n: Float64Array.of(Infinity, -Infinity, 2 ** 53, 5e-324),
} as unknown as Record<string, Float64Array | string[]>;

const readBack = (asked: AskedInputs) => decodeInputs(bytesOf(asked));

describe('inputs', () => {
  test('come back as they were, in their order, missing numbers as null and endless ones as texts', () => {
    const read = readBack({ batch: { rows: 4, columns } });
    expect(Object.keys(read)).toEqual(['distance', 'airport', 'n']);
    expect(read).toEqual({
      distance: [1.5, null, -0, 1e300],
      airport: ['LAX', '', 'Z\u00fcrich \u2708 \u{1f6eb}', '\ud800\0'],
      n: ['Infinity', '-Infinity', 2 ** 53, 5e-324],
    });
  });

  test('of some rows are those rows', () => {
    expect(readBack({ batch: { rows: 4, columns }, rowIndexes: [3, 0] })).toEqual({
      distance: [1e300, 1.5],
      airport: ['\ud800\0', 'LAX'],
      n: [5e-324, 'Infinity'],
    });
  });

  test('of models that take turns keep their own names and types, however many there are', () => {
    for (let round = 0; round < 3; round++)
      for (let model = 0; model < 40; model++) {
        const name = `column ${model % 20}`;
        const of = model < 20 ? Float64Array.of(model) : [`${model}`];
        expect(readBack({ batch: { rows: 1, columns: { [name]: of } } })).toEqual({ [name]: [...of] });
      }
  });

  test('of batches that share their names are as those that name their columns each for itself', () => {
    const names = ['distance', 'airport', 'n'];
    for (const rowIndexes of [undefined, [2, 1]]) {
      const shared = { batch: { rows: 4, columns, names }, rowIndexes };
      expect(bytesOf(shared)).toEqual(bytesOf({ batch: { rows: 4, columns }, rowIndexes }));
    }
    const next = { ...columns, distance: Float64Array.of(7), airport: ['SFO'], n: Float64Array.of(8) };
    const read = { distance: [7], airport: ['SFO'], n: [8] };
    expect(readBack({ batch: { rows: 1, columns: next, names } })).toEqual(read);
  });

  test('of columns with long names, and with names beyond latin letters, keep them', () => {
    const names = [
      'x'.repeat(32_767),
      'x'.repeat(32_766),
      '\u2708'.repeat(40_000),
      'Z\u00fcrich',
      '\ud800',
      '',
    ];
    const long = Object.fromEntries(names.map((name, i) => [name, i % 2 ? Float64Array.of(i) : [`${i}`]]));
    const read = readBack({ batch: { rows: 1, columns: long } });
    expect(Object.keys(read)).toEqual(names);
    expect(Object.values(read)).toEqual(names.map((_, i) => [i % 2 ? i : `${i}`]));
  });

  test('of a request without columns are none', () => {
    expect(readBack({ batch: { rows: 2, columns: {} } })).toEqual({});
  });

  test('that were logged as JSON are read, and those of a later version are not taken for this one', () => {
    expect(decodeInputs(Buffer.from('{"x":[1,null,"a"]}'))).toEqual({ x: [1, null, 'a'] });
    expect(() => decodeInputs(Buffer.of(3, 0, 0))).toThrow('inputs of version 3 were logged');
  });
});
