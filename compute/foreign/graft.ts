import type { Learner, Task } from '../../learning/types.ts';
import { addLabel } from '../../learning/learners/outputs.ts';
import { OPSETS } from '../../learning/onnx/schema.ts';
import { renameNode, renameTensor } from '../../learning/onnx/rename.ts';
import type { Outline } from '../../learning/onnx/outline.ts';
import { findAnswers, type ForeignAnswers } from './answers.ts';
import { inspectModel } from './inspect.ts';
import { refuseFile } from './refuse.ts';
import { DOUBLE, FLOAT, TYPE_NAMES } from './types.ts';

/** Somebody else's graph in the place of a learner's: from the encoders' features to label and probabilities, or a value. */
export interface Graft {
  outline: Outline;
  answers: ForeignAnswers;
  toOnnx: (...[, graph, features]: Parameters<Learner['toOnnx']>) => ReturnType<Learner['toOnnx']>;
}

/** The oldest operator set whose operators are, as far as they are allowed, those of the encoders' set. */
const MIN_OPSET = 13;

/**
 * Inspects a model file whose one input are the features that this project's encoders make, so that both can be one
 * graph. Its operators and constants stay byte for byte, but for the names of their tensors. Its label is not read: the
 * label is the class of the largest probability, the first of equal ones, as of every model here.
 *
 * @param columns features
 * @param classes number of them; the file calls them 0, 1, 2 ... in the order of its probabilities
 * @throws PerennialError INVALID_INPUT where the file is refused, or reads or answers something else
 */
export function graftModel(
  file: Uint8Array,
  { task, columns, classes }: { task: Task; columns: number; classes: number },
): Graft {
  const outline = inspectModel(file);
  refuseOtherOperators(outline);
  const input = featuresOf(outline, columns);
  const indices = Array.from({ length: classes }, (_, k) => k);
  const named = task === 'regression' ? {} : { classes: indices };
  const answers = findAnswers(outline, { target: '', inputs: [], task, ...named });
  const leftOut = answers.task === 'regression' ? undefined : answers.leftOut;
  const nodes = outline.nodes.filter((node) => node !== leftOut);
  return {
    outline,
    answers,
    toOnnx(_, graph, features) {
      const whole = input.dataType === FLOAT ? features : graph.node('Cast', [features], TO_DOUBLE)[0];
      const inner = graph.embed((inner) => {
        const rename = (tensor: string): string => (tensor === input.name ? whole : inner(tensor));
        return {
          nodes: nodes.map(({ bytes }) => renameNode(bytes, rename)),
          initializers: outline.initializers.map(({ bytes }) => renameTensor(bytes, inner)),
          tensors: [
            ...nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== '')),
            ...outline.initializers.map(({ name }) => name),
          ].map(inner),
        };
      });
      if (answers.task === 'regression') {
        const row = graph.constant({ type: 'int64', dims: [1], values: [-1] });
        const [value] = graph.node('Reshape', [inner(answers.prediction), row]);
        return { prediction: graph.node('Cast', [value], TO_FLOAT)[0] };
      }
      const [probabilities] = graph.node('Cast', [inner(answers.probabilities)], TO_FLOAT);
      return { label: addLabel(graph, probabilities), probabilities };
    },
  };
}

const TO_FLOAT = { to: { int: FLOAT } };
const TO_DOUBLE = { to: { int: DOUBLE } };

function featuresOf({ inputs }: Outline, columns: number): Outline['inputs'][number] {
  const [input] = inputs;
  const found = inputs.map(
    ({ name, dataType = 0, dims = [] }) =>
      `"${name}" (${TYPE_NAMES[dataType] ?? 'another type'} [${dims.map((dim) => dim ?? 'N').join(', ')}])`,
  );
  const width = input?.dims?.[1];
  const wide = input?.dims?.length === 2 && (width === undefined || width === columns);
  const rows = input?.dims?.[0];
  const numbers = input?.dataType === FLOAT || input?.dataType === DOUBLE;
  if (inputs.length === 1 && numbers && wide && rows === undefined) return input;
  throw refuseFile(
    `reads ${found.join(', ') || 'no inputs'}`,
    `one input, float [N, ${columns}]: the features`,
  );
}

/** A graph has one version of each set of operators, and the encoders' nodes are of theirs. */
function refuseOtherOperators({ opsets }: Outline): void {
  const standard = opsets[''] ?? OPSETS[''];
  if (standard < MIN_OPSET || standard > OPSETS[''])
    throw refuseFile(
      `is of operator set ${standard}`,
      `${MIN_OPSET} to ${OPSETS['']}: export it with target_opset={"": ${OPSETS['']}, "ai.onnx.ml": ${OPSETS['ai.onnx.ml']}}`,
    );
  const ml = opsets['ai.onnx.ml'];
  if (ml !== undefined && ml > OPSETS['ai.onnx.ml'])
    throw refuseFile(
      `is of version ${ml} of ai.onnx.ml`,
      `${OPSETS['ai.onnx.ml']}: export it with target_opset={"": ${OPSETS['']}, "ai.onnx.ml": ${OPSETS['ai.onnx.ml']}}`,
    );
}
