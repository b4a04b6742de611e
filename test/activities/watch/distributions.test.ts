import { expect, test } from 'vitest';
import {
  decodeDistributions,
  encodeDistributions,
  sampleRows,
  type Distributions,
} from '../../../activities/watch/distributions.ts';
import { encodeTensors } from '../../../activities/tensors.ts';

const SOME: Distributions = {
  of: { name: 'flights', version: 3, window: 7 },
  rows: 4,
  columns: [
    { name: 'x', type: 'number', missing: 0.25, min: -1, max: 2, numbers: Float64Array.of(-1, 0.1, 2) },
    { name: 'empty', type: 'number', missing: 1, numbers: new Float64Array(0) },
    { name: 'ü\u0000', type: 'string', missing: 0, categories: { top: [['a', 4]], other: 0, once: 0 } },
  ],
  score: Float64Array.of(0.25, 0.5),
  label: { categories: { top: [['yes', 4]], other: 0 } },
};

test('what is written is what is read, and the same bytes every time', () => {
  const bytes = encodeDistributions(SOME);
  expect(encodeDistributions(SOME)).toEqual(bytes);
  const { columns, score, ...rest } = decodeDistributions(bytes);
  expect(
    columns.map(({ numbers, ...column }) => ({ ...column, numbers: numbers && [...numbers] })),
  ).toMatchObject(
    SOME.columns.map(({ numbers, ...column }) => ({ ...column, numbers: numbers && [...numbers] })),
  );
  expect([...(score ?? [])]).toEqual([0.25, 0.5]);
  expect(rest).toMatchObject({ of: SOME.of, rows: 4, label: { categories: SOME.label?.categories } });
});

test('another file is refused', () => {
  const other = encodeTensors({ metadata: {}, tensors: {} });
  expect(() => decodeDistributions(other)).toThrow(
    expect.objectContaining({ code: 'ARTIFACT_CORRUPT' }) as Error,
  );
});

test('of many columns fewer rows are kept, never too few to compare', () => {
  expect([1, 20, 400, 2_000, 100_000].map((columns) => sampleRows(columns, 10_000))).toEqual([
    10_000, 10_000, 10_000, 2_000, 200,
  ]);
});
