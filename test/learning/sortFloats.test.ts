import { expect, test } from 'vitest';
import { Random } from '../../learning/rng.ts';
import { sortFloats } from '../../learning/sortFloats.ts';

/** The counting sort orders as Float32Array.sort does, whatever the numbers. */
test.each([0, 1, 4095, 4096, 30_000])('%d numbers', (length) => {
  const random = new Random(length);
  const kinds = [
    () => [NaN, -0, 0, Infinity, -Infinity, 3.4028234663852886e38, 1e-45][random.below(7)],
    () => random.unit() - 0.5,
    () => (random.unit() - 0.5) * 1e30,
    () => (random.unit() - 0.5) * 1e-40,
    () => random.below(5),
  ];
  // Some of a larger buffer, with other numbers about it.
  const around = Float32Array.from({ length: length + 2 }, () => kinds[random.below(kinds.length)]());
  around[0] = 5;
  around[length + 1] = -5;
  const values = around.subarray(1, length + 1);
  // NaN with the sign set, as a processor gives for 0 / 0.
  if (length > 10) new Uint32Array(around.buffer)[7] = 0xffc0_0000;
  const sorted = values.slice().sort();
  sortFloats(values);
  const bitsOf = (array: Float32Array) => Array.from(array, (value) => (Object.is(value, -0) ? '-0' : value));
  expect(bitsOf(values)).toEqual(bitsOf(sorted));
  expect([around[0], around[length + 1]]).toEqual([5, -5]);
});
