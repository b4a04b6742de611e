import { describe, expect, test } from 'vitest';
import { decodeInputs, encodeInputs } from '../../store/loggedInputs.ts';

/** What is logged of a request is what it held. */
const columns = {
  __proto__: null,
  distance: Float64Array.of(1.5, NaN, -0, 1e300),
  airport: ['LAX', '', 'Z\u00fcrich \u2708 \u{1f6eb}', '\ud800\0'],
  n: Float64Array.of(Infinity, -Infinity, 2 ** 53, 5e-324),
} as unknown as Record<string, Float64Array | string[]>;

describe('inputs', () => {
  test('come back as they were, in their order, missing numbers as null and endless ones as texts', () => {
    const read = decodeInputs(encodeInputs({ rows: 4, columns }));
    expect(Object.keys(read)).toEqual(['distance', 'airport', 'n']);
    expect(read).toEqual({
      distance: [1.5, null, -0, 1e300],
      airport: ['LAX', '', 'Z\u00fcrich \u2708 \u{1f6eb}', '\ud800\0'],
      n: ['Infinity', '-Infinity', 2 ** 53, 5e-324],
    });
  });

  test('of some rows are those rows', () => {
    expect(decodeInputs(encodeInputs({ rows: 4, columns }, [3, 0]))).toEqual({
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
        expect(decodeInputs(encodeInputs({ rows: 1, columns: { [name]: of } }))).toEqual({ [name]: [...of] });
      }
  });

  test('of a request without columns are none', () => {
    expect(decodeInputs(encodeInputs({ rows: 2, columns: {} }))).toEqual({});
  });

  test('that were logged as JSON are read, and those of a later version are not taken for this one', () => {
    expect(decodeInputs(Buffer.from('{"x":[1,null,"a"]}'))).toEqual({ x: [1, null, 'a'] });
    expect(() => decodeInputs(Buffer.of(2, 0, 0))).toThrow('inputs of version 2 were logged');
  });
});
