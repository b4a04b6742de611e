import type { Definition } from '../config/definition.ts';
import type { Signature } from '../store/types.ts';
import type { FeatureFacts } from './features.ts';

/** Names, types and shapes of what the model file takes and gives. */
export function signatureOf(
  { target }: Definition,
  { task, classes, positive, encoders }: FeatureFacts,
): Signature {
  const outputs: Signature['outputs'] =
    task === 'regression'
      ? [{ name: 'prediction', type: 'float', shape: ['N'] }]
      : [
          { name: 'label', type: 'int64', shape: ['N'] },
          { name: 'probabilities', type: 'float', shape: ['N', classes?.length ?? 0] },
        ];
  return {
    inputs: encoders.inputs.map(({ name, columnType }) => ({
      name,
      type: columnType === 'string' ? 'string' : 'double',
      columnType,
      shape: ['N', 1],
    })),
    outputs,
    task,
    target,
    classes,
    positive,
    features: encoders.features,
  };
}
