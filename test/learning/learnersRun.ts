import { expect } from 'vitest';
import { openSession } from '../../compute/session.ts';
import { argmax } from '../../learning/metrics/argmax.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import type { Fitted, Problem } from '../../learning/types.ts';
import { find } from './learnersData.ts';

/** What ONNX Runtime answers for rows [N, columns] behind the learner alone. */
export async function answer(name: string, model: Fitted, x: Float32Array, columns: number) {
  const session = await openSession(compile(name, model, columns));
  const rows = x.length / columns;
  const batch = Object.fromEntries(
    Array.from({ length: columns }, (_, c) => [
      `c${c}`,
      Float64Array.from({ length: rows }, (_, row) => x[row * columns + c]),
    ]),
  );
  try {
    return await session.predict({ rows, columns: batch });
  } finally {
    await session.release();
  }
}

/** ONNX Runtime answers for rows [N, columns] as boosting does: numbers and labels to the bit. */
export async function expectBoostingAnswers(
  model: Fitted,
  { task, classes, columns }: Problem,
  x: Float32Array,
): Promise<void> {
  const own = find('boosting').predict(model, x, columns);
  const answers = await answer('boosting', model, x, columns);
  if (task === 'regression') {
    expect(answers.prediction).toEqual(Float32Array.from(own));
    return;
  }
  expect(answers.labels).toEqual(argmax(own, classes));
  // Where the sums are equal the exponential function of ONNX Runtime may differ in its last bit, and so a float32.
  expect(worstOf(own, answers.probabilities)).toBeLessThan(1.2e-7);
}

/** The largest difference, relative to 1 or the answer's size. */
export function worstOf(own: Float64Array, given: Float32Array = new Float32Array()): number {
  expect(given.length).toBe(own.length);
  return own.reduce(
    (most, value, i) => Math.max(most, Math.abs(given[i] - value) / Math.max(1, Math.abs(value))),
    0,
  );
}

/** The learner alone: columns c0, c1 ... put together as the encoders would. */
export function compile(name: string, model: Fitted, columns: number): Uint8Array {
  const graph = createGraphBuilder();
  const inputs = Array.from({ length: columns }, (_, c) => graph.input(`c${c}`, 'double'));
  const [wide] = graph.node('Concat', inputs, { axis: { int: 1 } });
  const [features] = graph.node('Cast', [wide], { to: { int: 1 } });
  const outputs = find(name).toOnnx(model, graph, features);
  if ('prediction' in outputs) graph.output('prediction', outputs.prediction, 'float', ['N']);
  else {
    graph.output('label', outputs.label, 'int64', ['N']);
    graph.output('probabilities', outputs.probabilities, 'float', [
      'N',
      'classes' in model ? Number(model.classes) : outputsOf(model),
    ]);
  }
  return graph.build({});
}

function outputsOf(model: Fitted): number {
  return 'ensemble' in model ? (model.ensemble as { outputs: number }).outputs : 0;
}
