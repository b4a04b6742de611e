import type { ModelVersionRow } from '../../store/types.ts';

/** A model's inputs and outputs, in the protocol's words; -1 stands for any number of rows. */
export function modelMetadata(model: ModelVersionRow, versions: readonly number[]) {
  const { inputs, outputs } = model.signature;
  return {
    name: model.name,
    versions: versions.map(String),
    platform: 'onnx_onnxruntime',
    inputs: inputs.map(({ name, type }) => ({
      name,
      datatype: type === 'string' ? 'BYTES' : 'FP64',
      shape: [-1, 1],
    })),
    outputs: outputs.map(({ name, type, shape }) => ({
      name,
      datatype: type === 'int64' ? 'INT64' : 'FP32',
      shape: shape.map((size) => (size === 'N' ? -1 : size)),
    })),
  };
}
