import { cutBefore } from '../onnx/cut.ts';
import { constantOf, intsOf, readGraph, stringOf, type GraphFile, type GraphNode } from '../onnx/read.ts';
import type { Task } from '../types.ts';
import { classIdsOf, readAffine, scoresOfLinear, sumOfTrees, through, type Affine } from './affine.ts';
import { NotExplained } from './notExplained.ts';
import { originsOf } from './origins.ts';
import type { TreeSet } from './treeSet.ts';

/**
 * What is explained: the last number of the model that its trees or weights are added up to.
 * `value` and `probability` are the answer itself. Of boosting and linear classifiers the answer is that number through
 * a curve, so it is `logOdds` (two classes: ln p / (1 - p) of the positive one; of several that are calibrated one by
 * one: of the class against the rest) or a class's `score` before the softmax.
 */
export type Explained = 'value' | 'probability' | 'logOdds' | 'score';

/** Between the numbers that are explained and the answer. */
export type Link = 'none' | 'logistic' | 'softmax' | 'sigmoids';

/** A model as sums over trees and weights, read from its ONNX file. */
export interface ExplainableModel {
  explained: Explained;
  link: Link;
  /** Numbers that are explained: one, or one a class where there are more than two. */
  outputs: number;
  /** [outputs] */
  constant: Float64Array;
  /** Each set of trees adds its `width` numbers to the listed outputs. */
  trees: { trees: TreeSet; outputs: number[] }[];
  /** [features, outputs]; absent where there are none. */
  weights?: Float64Array;
  /** The raw column of each feature. */
  origins: string[];
  /** The part of the file before the features, with the output `features`. */
  encoders: Uint8Array;
}

/**
 * @param bytes of an ONNX file with the outputs `prediction`, or `label` and `probabilities`
 * @param positive index of the class that is explained where there are two
 * @throws NotExplained saying what the model is that cannot be explained so
 */
export function readModel(bytes: Uint8Array, task: Task, positive = 1): ExplainableModel {
  const file = readGraph(bytes);
  const { link, affine } =
    task === 'regression'
      ? { link: 'none' as const, affine: readAffine(file, 'prediction') }
      : readClassifier(file, 'probabilities');
  const whole = task === 'binary' ? oneOfTwo(affine, link, positive) : { link, affine };
  const features = featuresOf(whole.affine);
  const origins = originsOf(file, features);
  return {
    explained: explainedBy(whole.link, task),
    link: whole.link,
    outputs: whole.affine.width,
    constant: whole.affine.constant,
    trees: whole.affine.trees
      .map(({ trees, weights }) => scaledTrees(trees, weights, whole.affine.width))
      .filter(({ outputs }) => outputs.length > 0),
    weights: weightsOf(whole.affine, origins.length),
    origins,
    encoders: cutBefore(file, features, origins.length),
  };
}

interface Read {
  link: Link;
  affine: Affine;
}

function readClassifier(file: GraphFile, tensor: string): Read {
  const node = file.writers.get(tensor);
  if (!node) throw new NotExplained(`it has no tensor ${tensor}`);
  switch (node.op) {
    case 'Identity':
    case 'Cast':
    case 'Normalizer': // By the sum, after shares that have one already.
      return readClassifier(file, node.inputs[0]);
    case 'Mul':
      if (constantOf(file, node.inputs[1])?.values.every((value) => value === 1))
        return readClassifier(file, node.inputs[0]);
      return { link: 'none', affine: readAffine(file, tensor) };
    case 'Softmax': {
      const inner = insideLogSigmoid(file, node.inputs[0]);
      return inner === undefined
        ? { link: 'softmax', affine: readAffine(file, node.inputs[0]) }
        : { link: 'sigmoids', affine: readAffine(file, inner) };
    }
    case 'TreeEnsembleClassifier':
      return readTransformed(node, sumOfTrees(node), classIdsOf(node).size === 1);
    case 'LinearClassifier': {
      const rows = intsOf(node, 'classlabels_ints').length;
      return readTransformed(node, scoresOfLinear(node, rows), false);
    }
    default:
      return { link: 'none', affine: readAffine(file, tensor) };
  }
}

/** By a classifier's own post_transform. @param alone leaves of one class, of two: the other has the rest */
function readTransformed(node: GraphNode, affine: Affine, alone: boolean): Read {
  const transform = stringOf(node, 'post_transform') ?? 'NONE';
  if (alone && affine.width === 2) {
    const [only] = classIdsOf(node);
    const one = through(affine, Float64Array.from([0, 1].map((k) => (k === only ? 1 : 0))), 1);
    if (transform === 'LOGISTIC') return { link: 'softmax', affine: through(one, Float64Array.of(0, 1), 2) };
    if (transform === 'NONE') {
      const both = through(one, Float64Array.of(-1, 1), 2);
      return {
        link: 'none',
        affine: { ...both, constant: both.constant.map((v, k) => v + (k === 0 ? 1 : 0)) },
      };
    }
  }
  if (transform === 'NONE') return { link: 'none', affine };
  if (transform === 'SOFTMAX') return { link: 'softmax', affine };
  if (transform === 'LOGISTIC') return { link: 'sigmoids', affine };
  throw new NotExplained(`its ${node.op} ends with ${transform}`);
}

/** min(x, 0) - ln(1 + exp(-|x|)), the logarithm of a sigmoid as this project's graphs have it; undefined where it is none. */
function insideLogSigmoid(file: GraphFile, tensor: string): string | undefined {
  const along = (from: string | undefined, op: string): string | undefined => {
    const node = from === undefined ? undefined : file.writers.get(from);
    return node?.op === op ? node.inputs[0] : undefined;
  };
  const difference = file.writers.get(tensor);
  if (difference?.op !== 'Sub') return undefined;
  const lower = along(difference.inputs[0], 'Min');
  const raised = along(along(along(along(along(difference.inputs[1], 'Log'), 'Add'), 'Exp'), 'Neg'), 'Abs');
  return lower === raised ? lower : undefined;
}

/** Two classes need one number: the positive one's probability, or its log odds. */
function oneOfTwo(affine: Affine, link: Link, positive: number): Read {
  const other = 1 - positive;
  const pick = new Float64Array(2);
  pick[positive] = 1;
  if (link === 'softmax') pick[other] = -1;
  // A sigmoid for each of two classes is one for both: that of the other is the rest.
  return { link: link === 'none' ? link : 'logistic', affine: through(affine, pick, 1) };
}

function explainedBy(link: Link, task: Task): Explained {
  if (link === 'none') return task === 'regression' ? 'value' : 'probability';
  return link === 'softmax' ? 'score' : 'logOdds';
}

function featuresOf({ trees, linear }: Affine): string {
  const names = new Set([...trees, ...linear].map(({ features }) => features));
  if (names.size !== 1) throw new NotExplained(`it reads ${names.size} tables of features`);
  return [...names][0];
}

/** Leaves in units of the outputs that they add to. */
function scaledTrees(trees: TreeSet, weights: Float64Array, outputs: number): ExplainableModel['trees'][0] {
  const used = Array.from({ length: outputs }, (_, k) => k).filter((k) =>
    weights.some((weight, i) => i % outputs === k && weight !== 0),
  );
  const leaves = trees.values.length / trees.width;
  const values = new Float64Array(leaves * used.length);
  for (let leaf = 0; leaf < leaves; leaf++) {
    used.forEach((k, to) => {
      let sum = 0;
      for (let i = 0; i < trees.width; i++)
        sum += trees.values[leaf * trees.width + i] * weights[i * outputs + k];
      values[leaf * used.length + to] = sum;
    });
  }
  return { trees: { ...trees, width: used.length, values }, outputs: used };
}

function weightsOf({ linear, width }: Affine, features: number): Float64Array | undefined {
  if (linear.length === 0) return undefined;
  const weights = new Float64Array(features * width);
  for (const part of linear) {
    if (part.weights.length !== weights.length)
      throw new NotExplained(`it weighs ${part.columns} features, and has ${features}`);
    part.weights.forEach((weight, i) => (weights[i] += weight));
  }
  return weights;
}

/** The model of one of its outputs alone. */
export function selectOutput(model: ExplainableModel, output: number): ExplainableModel {
  if (model.outputs === 1) return model;
  const { outputs, weights } = model;
  return {
    ...model,
    outputs: 1,
    constant: model.constant.slice(output, output + 1),
    trees: model.trees.flatMap((part) => {
      const at = part.outputs.indexOf(output);
      if (at < 0) return [];
      const { width, values } = part.trees;
      const own = Float64Array.from(
        { length: values.length / width },
        (_, leaf) => values[leaf * width + at],
      );
      return [{ trees: { ...part.trees, width: 1, values: own }, outputs: [0] }];
    }),
    ...(weights && { weights: weights.filter((_, i) => i % outputs === output) }),
  };
}
