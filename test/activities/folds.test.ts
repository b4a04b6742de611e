import { describe, expect, test } from 'vitest';
import { decodeFeatures, encodeFeatures, type Features } from '../../activities/features.ts';
import { foldColumn, foldsOf, keepFoldColumn, refuseUnfitFolds } from '../../activities/folds.ts';
import { csv, defineLifecycle, logistic, type LifecycleInput } from '../../config/define.ts';
import { binMatrix } from '../../learning/binning.ts';
import { deriveSeed } from '../../learning/rng.ts';
import { plainFolds, stratifiedFolds } from '../../learning/split.ts';

/** From what a definition says of its folds to the rows of each. */

const ROWS = 60;
const define = (select: LifecycleInput['select'], more: Partial<LifecycleInput> = {}) =>
  defineLifecycle({
    name: 'x',
    sources: { f: csv('f.csv') },
    target: 'y',
    time: 'at',
    search: [logistic()],
    seed: 7,
    ...more,
    select,
  });

function features(y: number[], more: Partial<Features> = {}, classes?: string[]): Features {
  const x = Float32Array.from(y.keys());
  return {
    facts: {
      task: classes ? 'binary' : 'regression',
      classes,
      rows: y.length,
      columns: 1,
      encoders: { inputs: [], blocks: [], features: ['x'], dropped: [] },
    },
    x,
    y: Float64Array.from(y),
    binned: binMatrix(x, y.length, 1),
    ...more,
  };
}
const alternating = Array.from({ length: ROWS }, (_, i) => i % 2);
const numbers = Array.from({ length: ROWS }, (_, i) => i / 10);

describe('a definition that says nothing', () => {
  const definition = define({ folds: 4 });
  const seed = deriveSeed(7, 'folds');

  test('has stratified folds for classes and plain ones for numbers, as it always had', () => {
    const ofClasses = stratifiedFolds(alternating, 2, 4, seed).map((rows) => ({ test: rows }));
    expect(foldsOf(features(alternating, {}, ['a', 'b']), definition)).toEqual(ofClasses);
    const ofNumbers = plainFolds(ROWS, 4, seed).map((rows) => ({ test: rows }));
    expect(foldsOf(features(numbers), definition)).toEqual(ofNumbers);
    const said = define({ folds: 4, cv: { kind: 'stratified' } });
    expect(foldsOf(features(alternating, {}, ['a', 'b']), said)).toEqual(ofClasses);
  });

  test('needs no column, and its features have the bytes that they always had', () => {
    expect(foldColumn(definition)).toBeUndefined();
    expect(keepFoldColumn(definition.select, undefined)).toEqual({});
    const names = Object.keys(decodeFeatures(encodeFeatures(features(numbers))));
    const read = decodeFeatures(encodeFeatures(features(numbers)));
    expect(names).toContain('x');
    expect([read.times, read.groups]).toEqual([undefined, undefined]);
    const text = new TextDecoder('latin1').decode(encodeFeatures(features(numbers)));
    expect(text).not.toMatch(/"times"|"groups"/);
  });
});

test('times and groups come back from the features artifact', () => {
  const times = Float64Array.from(numbers);
  const groups = Int32Array.from(alternating);
  const read = decodeFeatures(encodeFeatures(features(numbers, { times, groups })));
  expect(read.times).toEqual(times);
  expect(read.groups).toEqual(groups);
});

test('groups are numbered as they appear, a missing value being one of them', () => {
  const { select } = define({ cv: { kind: 'group', column: 'who' } });
  expect(keepFoldColumn(select, ['b', '', 'a', 'b', ''])).toEqual({ groups: Int32Array.of(0, 1, 2, 0, 1) });
  expect(keepFoldColumn(select, Float64Array.of(3, NaN, 3, NaN, -0, 0))).toEqual({
    groups: Int32Array.of(0, 1, 0, 1, 2, 2),
  });
});

test('the column is that of the group, or the time', () => {
  expect(foldColumn(define({ cv: { kind: 'group', column: 'who' } }))).toBe('who');
  expect(foldColumn(define({ cv: { kind: 'time' } }))).toBe('at');
  expect(foldColumn(define({ cv: { kind: 'plain' } }))).toBeUndefined();
});

test('folds by time and by group are those of the kept column', () => {
  const times = Float64Array.from(numbers, (n) => n * 1_000);
  const byTime = foldsOf(
    features(numbers, { times }),
    define({ folds: 2, cv: { kind: 'time', gapMs: 150 } }),
  );
  expect(byTime.map(({ train = [], test: rows }) => [train.length, rows.length])).toEqual([[19, 20], [39, 20]]); // prettier-ignore
  const groups = Int32Array.from(numbers, (_, i) => Math.floor(i / 12));
  const definition = define({ folds: 5, cv: { kind: 'group', column: 'who' } });
  const byGroup = foldsOf(features(numbers, { groups }), definition);
  expect(byGroup.map(({ test: rows }) => new Set(Array.from(rows, (row) => groups[row])).size)).toEqual([
    1, 1, 1, 1, 1,
  ]);
});

describe('refused, with what would be right:', () => {
  const refusal = (code: string, field: string, message: RegExp) =>
    expect.objectContaining({ code, field, message: expect.stringMatching(message) as string }) as Error;

  test('fewer groups than folds', () => {
    const groups = Int32Array.from(alternating);
    const definition = define({ folds: 5, cv: { kind: 'group', column: 'who' } });
    expect(() => foldsOf(features(numbers, { groups }), definition)).toThrow(
      refusal(
        'DATASET_UNUSABLE',
        'select.cv.column',
        /"who".*2 value\(s\).*at least 5 values, or fewer folds/,
      ),
    );
  });

  test('fewer times than folds', () => {
    const times = new Float64Array(ROWS);
    expect(() => foldsOf(features(numbers, { times }), define({ cv: { kind: 'time' } }))).toThrow(
      refusal('DATASET_UNUSABLE', 'select.folds', /1 distinct time\(s\)/),
    );
  });

  test('a fold that has no row of a class to learn from', () => {
    const late = Array.from({ length: ROWS }, (_, i) => Number(i > 40));
    const times = Float64Array.from(numbers);
    expect(() => foldsOf(features(late, { times }, ['a', 'b']), define({ cv: { kind: 'time' } }))).toThrow(
      refusal(
        'DATASET_UNUSABLE',
        'select.cv',
        /Fold 0 learns from 10 rows, none of which is of the class "b"/,
      ),
    );
    const one = Array.from({ length: ROWS }, (_, i) => Number(i === 5));
    expect(() => foldsOf(features(one, {}, ['a', 'b']), define({ cv: { kind: 'plain' } }))).toThrow(
      /class "b"/,
    );
  });

  test('strata of a target that turned out to be a number', () => {
    const { select } = define({ cv: { kind: 'stratified' } });
    expect(() => refuseUnfitFolds(select, 'regression')).toThrow(
      refusal('INVALID_DEFINITION', 'select.cv.kind', /"stratified".*`plain`/),
    );
    expect(() => refuseUnfitFolds(select, 'binary')).not.toThrow();
  });
});
