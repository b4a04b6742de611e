import { expect, test } from 'vitest';
import { truthOf } from '../../activities/truth.ts';

/** Labels come from other systems than the training data. */

const classes = (...values: (string | number | boolean)[]) => ({
  task: 'multiclass' as const,
  classes: values,
});

test.each([
  { label: true, of: classes(false, true), truth: true },
  { label: 'TRUE', of: classes(false, true), truth: true },
  { label: 1, of: classes(false, true), truth: true },
  { label: '0', of: classes(false, true), truth: false },
  { label: true, of: classes(0, 1), truth: 1 },
  { label: '1.0', of: classes(0, 1, 2), truth: 1 },
  { label: 2, of: classes('0', '1', '2'), truth: '2' },
  { label: ' High ', of: classes('high', 'low'), truth: 'high' },
  // Where the classes themselves differ in that alone, only the exact one is it.
  { label: 'low', of: classes('LOW', 'low'), truth: 'low' },
  { label: '', of: classes(0, 1), truth: undefined },
  { label: 'perhaps', of: classes(false, true), truth: undefined },
  { label: 3, of: classes(0, 1, 2), truth: undefined },
])('$label is $truth of $of.classes', ({ label, of, truth }) => {
  expect(truthOf(of, label)).toBe(truth);
});

test.each([
  { label: '12.5', truth: 12.5 },
  { label: 7, truth: 7 },
  { label: true, truth: 1 },
  { label: '', truth: undefined },
  { label: 'many', truth: undefined },
  { label: '1e999', truth: undefined },
])('$label as a quantity is $truth', ({ label, truth }) => {
  expect(truthOf({ task: 'regression' }, label)).toBe(truth);
});
