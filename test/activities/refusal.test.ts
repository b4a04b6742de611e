import { expect, test } from 'vitest';
import { asRefusal } from '../../activities/refusal.ts';
import { stratifiedFolds } from '../../learning/split.ts';

// What learning says of the data is told once and not tried again: it would say the same.

test('a class with one row is the data’s fault, and the folds are what to change', () => {
  const cut = () => asRefusal(() => stratifiedFolds([0, 0, 0, 1], 2, 2, 1), 'select.folds');
  expect(cut).toThrow(expect.objectContaining({ code: 'DATASET_UNUSABLE', field: 'select.folds' }));
  expect(cut).toThrow(/Class 1 has 1 row/);
});

test('a defect stays a defect', () => {
  const defect = new TypeError('x is not a function');
  expect(() =>
    asRefusal(() => {
      throw defect;
    }),
  ).toThrow(defect);
});
