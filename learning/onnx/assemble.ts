import { compileEncoders } from '../encoders/compile.ts';
import type { FittedEncoders } from '../encoders/fitted.ts';
import type { Fitted, Learner } from '../types.ts';
import { createGraphBuilder } from './build.ts';

/** The encoders alone: from the raw columns to the output `features`, float32 [N, columns]. */
export function assembleEncoders(fitted: FittedEncoders): Uint8Array {
  const graph = createGraphBuilder();
  const features = compileEncoders(fitted, graph);
  graph.output('features', features, 'float', ['N', fitted.features.length]);
  return graph.build(encoderMetadata(fitted));
}

/**
 * Encoders and model as one graph: from the raw columns to `label` (int64 [N]) and `probabilities` (float32
 * [N, classes]), or to `prediction` (float32 [N]). The encoders' nodes are those of `assembleEncoders`. The file says how
 * the fit of a learner that iterates ended.
 *
 * @param metadata what the file says of itself: task, target, for classification `classes` as a JSON array. No run,
 *   time or place, so that equal models are equal bytes.
 * @throws RangeError where a classification model does not say its classes
 */
export function assembleModel<P extends object, M extends Fitted>(
  fitted: FittedEncoders,
  learner: Pick<Learner<P, M>, 'name' | 'toOnnx' | 'convergence'>,
  model: M,
  metadata: Record<string, string>,
): Uint8Array {
  const graph = createGraphBuilder();
  const outputs = learner.toOnnx(model, graph, compileEncoders(fitted, graph));
  if ('label' in outputs) {
    graph.output('label', outputs.label, 'int64', ['N']);
    graph.output('probabilities', outputs.probabilities, 'float', ['N', countClasses(metadata)]);
  } else {
    graph.output('prediction', outputs.prediction, 'float', ['N']);
  }
  const end = learner.convergence?.(model);
  return graph.build({
    ...encoderMetadata(fitted),
    learner: learner.name,
    ...(end && { convergence: JSON.stringify(end) }),
    ...metadata,
  });
}

function encoderMetadata(fitted: FittedEncoders): Record<string, string> {
  return { inputs: JSON.stringify(fitted.inputs), features: JSON.stringify(fitted.features) };
}

function countClasses({ classes }: Record<string, string>): number {
  const names: unknown = JSON.parse(classes ?? 'null');
  if (!Array.isArray(names) || names.length < 2) {
    throw new RangeError(
      `the metadata of a classification model hold \`classes\`, a JSON array of at least two; found ${classes ?? 'nothing'}`,
    );
  }
  return names.length;
}
