import { describe, expect, it } from 'vitest';
import { openSession } from '../../compute/session.ts';
import type { Feature } from '../../learning/encoders/spec.ts';
import { assembleEncoders, assembleModel } from '../../learning/onnx/assemble.ts';
import { decodeModel } from '../../learning/onnx/decode.ts';
import type { Learner } from '../../learning/types.ts';
import { batchOf, fit, numbers, strings, times } from './encodersRun.ts';

/** Encoders and model are one graph, and its encoders are those that training read. */
const columns = {
  n: numbers(1, 2, NaN, 10),
  s: strings('x', '', 'y', 'x'),
  at: times(0, 1e12, NaN, 1.1e12),
};
const features: Feature[] = [
  { kind: 'standardize', columns: ['n'] },
  { kind: 'oneHot', columns: ['s'], maxCategories: 10 },
  { kind: 'cyclic', columns: ['at'], part: 'month' },
];

/** Hands the features through as probabilities: what the model sees. */
const mirror: Pick<Learner<object, { width: number }>, 'name' | 'toOnnx'> = {
  name: 'mirror',
  toOnnx(_model, graph, tensor) {
    const [label] = graph.node('ArgMax', [tensor], { axis: { int: 1 }, keepdims: { int: 0 } });
    return { label, probabilities: tensor };
  },
};
const learner = mirror as Learner<object, { width: number }>;
const classes = JSON.stringify(['a', 'b', 'c', 'd', 'e']);

describe('assembled graphs', () => {
  const fitted = fit(features, columns);
  const model = () => assembleModel(fitted, learner, { width: 5 }, { task: 'multiclass', classes });

  it('share the nodes and constants of the encoders', () => {
    const encoders = decodeModel(assembleEncoders(fitted));
    const whole = decodeModel(model());
    const shared = encoders.nodes.slice(0, -1); // the last one names the output
    expect(whole.nodes.slice(0, shared.length)).toEqual(shared);
    expect(whole.initializers.slice(0, encoders.initializers.length)).toEqual(encoders.initializers);
    expect(whole.inputs).toEqual(encoders.inputs);
  });

  it('compute the very same features, bit by bit', async () => {
    const batch = batchOf(columns);
    const [encoders, whole] = [await openSession(assembleEncoders(fitted)), await openSession(model())];
    const { probabilities } = await whole.predict(batch);
    expect(probabilities).toEqual(await encoders.encode(batch));
  });

  it('are equal bytes for equal encoders, also when these were kept as JSON', () => {
    const kept = JSON.parse(JSON.stringify(fit(features, columns))) as typeof fitted;
    expect(assembleEncoders(kept)).toEqual(assembleEncoders(fitted));
    expect(model()).toEqual(model());
  });

  it('say their inputs, features, learner and classes', () => {
    expect(decodeModel(model()).metadata).toEqual({
      inputs: JSON.stringify(fitted.inputs),
      features: JSON.stringify(fitted.features),
      learner: 'mirror',
      task: 'multiclass',
      classes,
    });
  });

  it('are refused without classes', () => {
    expect(() => assembleModel(fitted, learner, { width: 5 }, { task: 'binary' })).toThrow('found nothing');
  });

  it('take a column whose name is any text', async () => {
    const odd = {
      '__proto__ x': numbers(1, 3),
      'a"b\n\\': numbers(1, 3),
      Concat_0: numbers(1, 3),
      '日本 %': strings('u', 'v'),
    };
    const encoders = fit(
      [
        { kind: 'minMax', columns: ['__proto__ x', 'a"b\n\\', 'Concat_0'] },
        { kind: 'ordinal', columns: ['日本 %'] },
      ],
      odd,
    );
    const session = await openSession(assembleEncoders(encoders));
    expect(await session.encode(batchOf(odd))).toEqual(Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1));
  });
});
