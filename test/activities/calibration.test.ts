import { afterAll, describe, expect, test } from 'vitest';
import { fitCalibration, refuseUnfitCalibration } from '../../activities/calibration.ts';
import type { Features } from '../../activities/features.ts';
import { createPool } from '../../compute/pool.ts';
import { csv, defineLifecycle, tree } from '../../config/define.ts';
import { expandSearch } from '../../config/search.ts';
import { binMatrix } from '../../learning/binning.ts';

/** What cannot be calibrated is refused by the name of what would be right, before anything is fitted. */

const pool = createPool({ threads: 1 });
afterAll(() => pool.close());

describe('a target of numbers', () => {
  test('is refused, where calibration is asked for', () => {
    expect(() => refuseUnfitCalibration('isotonic', 'regression')).toThrow(
      'calibrate is "isotonic", and the target\'s task is regression; expected none: a regression has no probabilities.',
    );
    refuseUnfitCalibration(undefined, 'regression');
    refuseUnfitCalibration('isotonic', 'binary');
  });
});

test('a class that no fold is tested on is refused', async () => {
  const rows = 60;
  const search = [tree()];
  const definition = defineLifecycle({
    ...{ name: 'x', sources: { f: csv('f.csv') }, target: 'y', time: 'at', search },
    select: { folds: 2, cv: { kind: 'time' } },
  });
  const x = Float32Array.from({ length: rows }, (_, i) => i % 7);
  const features: Features = {
    facts: {
      ...{ task: 'multiclass', classes: ['old', 'even', 'odd'], rows, columns: 1 },
      encoders: { inputs: [], blocks: [], features: ['x'], dropped: [] },
    },
    x,
    // The first third is learned from and never tested.
    y: Float64Array.from({ length: rows }, (_, i) => (i < 5 ? 0 : 1 + (i % 2))),
    binned: binMatrix(x, rows, 1),
    times: Float64Array.from({ length: rows }, (_, i) => i * 1000),
  };
  const [spec] = expandSearch(search, 1);
  const { signal } = new AbortController();
  const fitted = fitCalibration(pool, { definition, features, spec, method: 'sigmoid', signal });
  await expect(fitted).rejects.toMatchObject({
    code: 'DATASET_UNUSABLE',
    message:
      'select.cv tests 40 rows, none of which is of the class "old"; expected folds that are tested on rows of every class, or no calibrate.',
    field: 'select.cv',
  });
});
