import { describe, expect, test } from 'vitest';
import { predictionOf, read } from '../../../activities/watch/answers.ts';
import { GROUPS, metricOn, moments } from '../../../activities/watch/losses.ts';
import { Random } from '../../../learning/rng.ts';

const BINARY = { task: 'binary', classes: ['no', 'yes'], positive: 1 } as const;

describe('a metric on labelled rows', () => {
  function sample(rows: number, seed: number) {
    const random = new Random(seed);
    const scores = Float64Array.from({ length: rows }, () => random.unit());
    return {
      y: scores.map((p) => Number(random.unit() < p)),
      predictions: Float64Array.from([...scores].flatMap((p) => [1 - p, p])),
      groups: Uint8Array.from(scores, () => random.below(GROUPS)),
    };
  }
  const on = async (metric: 'f1' | 'rocAuc' | 'prAuc', rows: number, seed: number) => {
    const { y, predictions, groups } = sample(rows, seed);
    return metricOn(metric, { ...BINARY, classes: [...BINARY.classes] }, y, predictions, groups);
  };

  test.each(['f1', 'prAuc'] as const)('%s has the error that other samples show', async (metric) => {
    const many = await Promise.all(Array.from({ length: 60 }, (_, i) => on(metric, 400, i)));
    const { sd } = moments(many.map((one) => one?.value ?? NaN));
    const { mean } = moments(many.map((one) => one?.se ?? NaN));
    expect(mean / sd).toBeGreaterThan(0.75);
    expect(mean / sd).toBeLessThan(1.33);
  });

  test('is absent where the rows do not determine it', async () => {
    expect((await on('rocAuc', 300, 1))?.se).toBeGreaterThan(0);
    expect(await on('rocAuc', 0, 1)).toBeUndefined();
    const one = Float64Array.of(1, 1, 1);
    const said = Float64Array.of(0.5, 0.5, 0.5, 0.5, 0.5, 0.5);
    const model = { ...BINARY, classes: [...BINARY.classes] };
    expect(await metricOn('rocAuc', model, one, said, Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});

describe('the numbers of the log', () => {
  const classes = [false, true];
  test('of two classes are the positive one’s probability, whichever that is', () => {
    expect(predictionOf({ task: 'binary', classes, positive: 1 }, [0.75])).toEqual([0.25, 0.75]);
    expect(predictionOf({ task: 'binary', classes, positive: 0 }, [0.75])).toEqual([0.75, 0.25]);
  });

  test('that are not what the model answers are none', () => {
    expect(predictionOf({ task: 'binary', classes, positive: 1 }, [0.1, 0.9])).toBeUndefined();
    expect(predictionOf({ task: 'multiclass', classes: ['a', 'b', 'c'] }, [0.1])).toBeUndefined();
    expect(predictionOf({ task: 'regression' }, [NaN])).toBeUndefined();
    expect(predictionOf({ task: 'regression' }, undefined)).toBeUndefined();
    expect(predictionOf({ task: 'multiclass', classes: ['a', 'b'] }, [1.0000001, 0])).toEqual([1, 0]);
  });

  test('give score, answer and confidence', () => {
    const said = read(
      { task: 'multiclass', classes: ['a', 'b', 'c'] },
      Float64Array.of(0.2, 0.5, 0.3, 0.6, 0.2, 0.2),
    );
    expect([[...said.score], [...(said.labels ?? [])]]).toEqual([
      [0.5, 0.6],
      [1, 0],
    ]);
  });
});
