import { wrongSignature, type ForeignSignature } from '../../config/foreignSignature.ts';
import { encodeModel, encodeValueInfo } from '../../learning/onnx/encode.ts';
import type { Outline } from '../../learning/onnx/outline.ts';
import { renameNode, renameTensor } from '../../learning/onnx/rename.ts';
import { IR_VERSION, OPSETS } from '../../learning/onnx/schema.ts';
import { findAnswers, type ForeignAnswers } from './answers.ts';
import { placeColumns } from './columns.ts';
import { answer, feed, type Frame } from './frame.ts';
import { inspectModel } from './inspect.ts';

export interface AdoptedModel {
  /** A graph as this project's own are: columns in, `label` and `probabilities` or `prediction` out. */
  bytes: Uint8Array;
  answers: ForeignAnswers;
  outline: Outline;
}

/**
 * Puts this project's inputs and outputs around somebody else's graph: each raw column [N, 1] of text or float64 is made
 * what the graph takes, and what it answers is made class index and probabilities, or a value. The graph's own operators
 * and constants stay byte for byte, but for the names of their tensors; ZipMap is left out. The same file and signature
 * give the same bytes.
 *
 * @param metadata what the file says of itself beside inputs, target, task and classes
 * @throws PerennialError INVALID_INPUT where the file is refused, or does not fit the signature
 */
export function adoptModel(
  file: Uint8Array,
  signature: ForeignSignature,
  metadata: Record<string, string> = {},
): AdoptedModel {
  refuseTakenNames(signature);
  const outline = inspectModel(file);
  const answers = findAnswers(outline, signature);
  const inner = innerNames(signature);
  const frame: Frame = { nodes: [], constants: [] };
  for (const input of placeColumns(outline, signature)) feed(frame, input, inner);
  for (const node of outline.nodes)
    if (answers.task === 'regression' || node !== answers.leftOut)
      frame.nodes.push(renameNode(node.bytes, inner));
  frame.constants.push(...outline.initializers.map(({ bytes }) => renameTensor(bytes, inner)));
  const opsets = { ...OPSETS, ...outline.opsets };
  answer(frame, answers, inner, opsets['ai.onnx.ml']);
  const bytes = encodeModel({
    nodes: frame.nodes,
    initializers: frame.constants,
    inputs: signature.inputs.map(({ name, columnType }) =>
      encodeValueInfo(name, columnType === 'string' ? 'string' : 'double', ['N', 1]),
    ),
    outputs:
      answers.task === 'regression'
        ? [encodeValueInfo('prediction', 'float', ['N'])]
        : [
            encodeValueInfo('label', 'int64', ['N']),
            encodeValueInfo('probabilities', 'float', ['N', answers.classes.length]),
          ],
    irVersion: Math.max(outline.irVersion, IR_VERSION),
    opsets,
    metadata: { ...metadata, ...describe(signature, answers) },
  });
  return { bytes, answers, outline };
}

function refuseTakenNames({ inputs }: ForeignSignature): void {
  inputs.forEach(({ name }, i) => {
    if (['label', 'probabilities', 'prediction'].includes(name))
      throw wrongSignature(`inputs[${i}].name`, name, 'another name: the model answers under that one');
  });
}

/** Columns keep their names, so the graph's own tensors take others: none of them begins as a column does. */
function innerNames({ inputs }: ForeignSignature): (tensor: string) => string {
  let prefix = 'imported/';
  while (inputs.some(({ name }) => name.startsWith(prefix))) prefix = `_${prefix}`;
  return (tensor) => prefix + tensor;
}

/** As the graphs of this project say of themselves what they are. */
function describe({ target, inputs }: ForeignSignature, answers: ForeignAnswers): Record<string, string> {
  const said = {
    inputs: JSON.stringify(inputs.map(({ name, columnType }) => ({ name, columnType }))),
    target,
  };
  if (answers.task === 'regression') return { ...said, task: answers.task };
  const { task, classes, positive } = answers;
  return {
    ...{ ...said, task, classes: JSON.stringify(classes) },
    ...(positive === undefined ? {} : { positive: String(positive) }),
  };
}
