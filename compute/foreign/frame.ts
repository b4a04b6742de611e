import { encodeNode, encodeTensor } from '../../learning/onnx/encode.ts';
import type { Attribute, Constant } from '../../learning/onnx/graph.ts';
import type { ForeignAnswers } from './answers.ts';
import type { ForeignInput } from './columns.ts';
import { FLOAT, INT64, STRING } from './types.ts';

/** Nodes and constants that are put around somebody's graph; operators that every operator set from 7 on has. */
export interface Frame {
  nodes: Uint8Array[];
  constants: Uint8Array[];
}

/**
 * From the raw columns [N, 1] to what the graph's input is: joined, and of its type.
 *
 * @param inner the name that a tensor of the graph has in the new one
 */
export function feed(frame: Frame, input: ForeignInput, inner: (tensor: string) => string): void {
  const { name, dataType, columns, matrix } = input;
  const add = builder(frame, inner(`frame/${name}`));
  const joined = columns.length === 1 ? columns[0] : add.node('Concat', columns, { axis: { int: 1 } });
  const shaped = matrix ? joined : add.node('Reshape', [joined, add.constant(WHOLE_ROW)]);
  if (dataType === STRING) add.node('Identity', [shaped], {}, { output: inner(name) });
  else add.node('Cast', [shaped], { to: { int: dataType } }, { output: inner(name) });
}

/**
 * From what the graph answers to `label` int64 [N] and `probabilities` float [N, classes], or to `prediction` float [N].
 * A label that is none of the known ones is -1.
 *
 * @param mlVersion of the domain ai.onnx.ml
 */
export function answer(
  frame: Frame,
  answers: ForeignAnswers,
  inner: (tensor: string) => string,
  mlVersion: number,
): void {
  const add = builder(frame, inner('frame'));
  if (answers.task === 'regression') {
    const row = add.node('Reshape', [inner(answers.prediction), add.constant(WHOLE_ROW)]);
    add.node('Cast', [row], { to: { int: FLOAT } }, { output: 'prediction' });
    return;
  }
  const { labels, labelType } = answers;
  add.node('Cast', [inner(answers.probabilities)], { to: { int: FLOAT } }, { output: 'probabilities' });
  const label = add.node('Reshape', [inner(answers.label), add.constant(WHOLE_ROW)]);
  if (labelType === 'text') {
    const encoder = textIndex(labels.map(String), mlVersion);
    add.node('LabelEncoder', [label], encoder, { output: 'label', domain: 'ai.onnx.ml' });
    return;
  }
  // The row of which labels it is, times their places from 1 on; float32 is exact far above any number of classes.
  const places = labels.map((_, k) => k + 1);
  const number = add.node('Cast', [label], { to: { int: INT64 } });
  const upright = add.node('Reshape', [number, add.constant({ type: 'int64', dims: [2], values: [-1, 1] })]);
  const known = add.constant({ type: 'int64', dims: [1, labels.length], values: labels.map(Number) });
  const which = add.node('Cast', [add.node('Equal', [upright, known])], { to: { int: FLOAT } });
  const column = add.constant({ type: 'float', dims: [labels.length, 1], values: places });
  const place = add.node('Reshape', [add.node('MatMul', [which, column]), add.constant(WHOLE_ROW)]);
  const index = add.node('Sub', [place, add.constant({ type: 'float', dims: [], values: [1] })]);
  add.node('Cast', [index], { to: { int: INT64 } }, { output: 'label' });
}

const WHOLE_ROW: Constant = { type: 'int64', dims: [1], values: [-1] };

/** Until version 2 of the domain the operator had other attributes. */
function textIndex(labels: string[], mlVersion: number): Record<string, Attribute> {
  const none = { default_int64: { int: -1 } };
  if (mlVersion < 2) return { classes_strings: { strings: labels }, ...none };
  const indexes = { ints: labels.map((_, k) => k) };
  return { keys_strings: { strings: labels }, values_int64s: indexes, ...none };
}

function builder(frame: Frame, prefix: string) {
  return {
    node(
      op: string,
      inputs: string[],
      attributes: Record<string, Attribute> = {},
      options: { output?: string; domain?: string } = {},
    ): string {
      const { output = `${prefix}/${op}_${frame.nodes.length}`, domain = '' } = options;
      const name = `frame_${frame.nodes.length}`;
      frame.nodes.push(encodeNode({ op, domain, inputs, outputs: [output], name, attributes }));
      return output;
    },
    constant(value: Constant): string {
      const name = `${prefix}/c${frame.constants.length}`;
      frame.constants.push(encodeTensor(name, value));
      return name;
    },
  };
}
