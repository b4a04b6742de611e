import { describe, expect, test } from 'vitest';
import {
  lossBound,
  needsBound,
  resolveLoss,
  rowLoss,
  type RowAnswer,
} from '../../decisions/canary/losses.ts';

/** Losses of one row, which the paired accuracy guard averages. */

const sure: RowAnswer = { label: 'yes', probabilities: { yes: 0.8, no: 0.2 } };

describe('a row of classes', () => {
  test('zeroOne counts a wrong class', () => {
    expect([rowLoss('zeroOne', sure, 'yes'), rowLoss('zeroOne', sure, 'no')]).toEqual([0, 1]);
  });

  test.each([
    { label: 'true', truth: true },
    { label: '1', truth: 1 },
    { label: 2, truth: '2' },
    { label: false, truth: 'false' },
  ])('a class is what it is called: $label and $truth', ({ label, truth }) => {
    expect(rowLoss('zeroOne', { label }, truth)).toBe(0);
    expect(rowLoss('zeroOne', { label }, 'else')).toBe(1);
  });

  test('logLoss is -ln of the probability of the truth, cut', () => {
    expect(rowLoss('logLoss', sure, 'yes')).toBeCloseTo(-Math.log(0.8), 14);
    expect(rowLoss('logLoss', sure, 'no')).toBeCloseTo(-Math.log(0.2), 14);
    expect(rowLoss('logLoss', sure, 'never seen')).toBe(10);
    expect(rowLoss('logLoss', sure, 'no', 1)).toBe(1);
    expect(rowLoss('logLoss', { label: 'yes', probabilities: { yes: 1 } }, 'yes')).toBe(0);
  });

  test('brier is the squared distance over all classes, 0 to 2', () => {
    expect(rowLoss('brier', sure, 'yes')).toBeCloseTo(0.04 + 0.04, 14);
    expect(rowLoss('brier', sure, 'no')).toBeCloseTo(0.64 + 0.64, 14);
    expect(rowLoss('brier', { label: 'a', probabilities: { a: 1, b: 0 } }, 'b')).toBe(2);
    expect(rowLoss('brier', { label: 'a', probabilities: { a: 0.5, b: 0.3, c: 0.2 } }, 'b')).toBeCloseTo(
      0.25 + 0.49 + 0.04,
      14,
    );
  });
});

describe('a row with a value', () => {
  test('absolute and squared are cut at the declared bound', () => {
    expect(rowLoss('absolute', { value: 7 }, 10, 60)).toBe(3);
    expect(rowLoss('absolute', { value: 7 }, '10', 60)).toBe(3);
    expect(rowLoss('absolute', { value: 1e9 }, 10, 60)).toBe(60);
    expect(rowLoss('squared', { value: 7 }, 10, 60)).toBe(9);
    expect(rowLoss('squared', { value: -7 }, 10, 60)).toBe(60);
    expect(rowLoss('absolute', { value: Infinity }, 10, 60)).toBe(60);
  });

  test('without a bound it is refused', () => {
    expect(() => rowLoss('absolute', { value: 7 }, 10)).toThrow(
      'The absolute loss has no bound of its own: the policy must state one.',
    );
    expect([needsBound('absolute'), needsBound('squared'), needsBound('logLoss')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test('an answer that lacks what the loss reads is refused', () => {
  expect(() => rowLoss('logLoss', { label: 'yes' }, 'yes')).toThrow('reads probabilities');
  expect(() => rowLoss('zeroOne', { value: 1 }, 1)).toThrow('reads a label');
  expect(() => rowLoss('absolute', { label: 'yes' }, 1, 5)).toThrow('reads a number');
  expect(() => rowLoss('absolute', { value: 1 }, 'late', 5)).toThrow('reads a number');
  expect(() => rowLoss('squared', { value: 1 }, ' ', 5)).toThrow('reads a number');
  expect(() => rowLoss('squared', { value: 1 }, true, 5)).toThrow('reads a number');
});

test('an answer that is no number costs the bound', () => {
  expect(rowLoss('absolute', { value: NaN }, 1, 5)).toBe(5);
  const broken = { label: 'a', probabilities: { a: NaN, b: NaN } };
  expect([rowLoss('brier', broken, 'a'), rowLoss('logLoss', broken, 'a')]).toEqual([2, 10]);
});

test('auto is zeroOne for classes and absolute for values', () => {
  expect(resolveLoss('auto', 'classification')).toBe('zeroOne');
  expect(resolveLoss('auto', 'regression')).toBe('absolute');
  expect(resolveLoss('brier', 'classification')).toBe('brier');
});

test('the most that a row can cost', () => {
  expect([lossBound('zeroOne'), lossBound('brier'), lossBound('logLoss'), lossBound('squared', 9)]).toEqual([
    1, 2, 10, 9,
  ]);
  // A bound above what the loss can reach changes nothing; one below cuts.
  expect([lossBound('brier', 50), lossBound('brier', 0.5)]).toEqual([2, 0.5]);
});
