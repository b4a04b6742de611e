import {
  constantOf,
  floatsOf,
  intOf,
  intsOf,
  stringOf,
  type GraphFile,
  type GraphNode,
  type TensorValues,
} from '../onnx/read.ts';
import { NotExplained } from './notExplained.ts';
import { readTrees, widthOf } from './readTrees.ts';
import type { TreeSet } from './treeSet.ts';

/** A tensor [N, width] as a weighted sum: constants, the sums of trees, and the features themselves. */
export interface Affine {
  width: number;
  constant: Float64Array;
  trees: { trees: TreeSet; features: string; /** [trees.width, width] */ weights: Float64Array }[];
  linear: { features: string; columns: number; /** [columns, width] */ weights: Float64Array }[];
}

/**
 * Reads a tensor of a graph backwards until it reaches trees or a product of the features with constant weights.
 *
 * @throws NotExplained where an operator on the way is none of a weighted sum
 */
export function readAffine(file: GraphFile, tensor: string): Affine {
  const node = file.writers.get(tensor);
  if (!node) throw new NotExplained(`its answer is the input ${tensor}`);
  const [first, second] = node.inputs;
  switch (node.op) {
    case 'Identity':
    case 'Cast':
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Reshape':
    case 'Flatten':
      return readAffine(file, first);
    case 'Concat':
      return joined(node.inputs.map((input) => readAffine(file, input)));
    case 'ReduceSum':
      return summed(readAffine(file, first));
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return combined(file, node);
    case 'Gather':
      return columnsOf(file, node);
    case 'MatMul': {
      const matrix = constantOf(file, second);
      if (!matrix) throw new NotExplained('it multiplies features with each other');
      const columns = matrix.dims[0] ?? 0;
      const features = beforeCasts(file, first);
      return product(features, columns, matrix.values, matrix.values.length / columns);
    }
    case 'LinearRegressor':
      return linearRegressor(node);
    case 'TreeEnsembleRegressor':
      return sumOfTrees(node);
    default:
      throw new NotExplained(`its answer goes through ${node.op}`);
  }
}

/** The scores of a classifier of ai.onnx.ml before its post_transform. */
export function sumOfTrees(node: GraphNode): Affine {
  const width = widthOf(node);
  const { trees, base } = readTrees(node, width);
  const weights = identity(width);
  return { width, constant: base, trees: [{ trees, features: node.inputs[0], weights }], linear: [] };
}

function linearRegressor(node: GraphNode): Affine {
  if ((stringOf(node, 'post_transform') ?? 'NONE') !== 'NONE')
    throw new NotExplained(`its LinearRegressor ends with ${stringOf(node, 'post_transform')}`);
  return scoresOfLinear(node, intOf(node, 'targets') ?? 1);
}

/** @param width targets, or rows of coefficients of a classifier */
export function scoresOfLinear(node: GraphNode, width: number): Affine {
  const coefficients = floatsOf(node, 'coefficients'); // [width, columns]
  const columns = coefficients.length / width;
  const weights = new Float64Array(coefficients.length);
  for (let k = 0; k < width; k++)
    for (let f = 0; f < columns; f++) weights[f * width + k] = coefficients[k * columns + f];
  const affine = product(node.inputs[0], columns, weights, width);
  affine.constant.set(floatsOf(node, 'intercepts').slice(0, width));
  return affine;
}

/** The same numbers through a matrix [affine.width, width]. */
export function through(affine: Affine, matrix: Float64Array, width: number): Affine {
  const before = affine.width;
  const multiply = (weights: Float64Array): Float64Array => {
    const rows = weights.length / before;
    const out = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < before; i++)
        for (let k = 0; k < width; k++) out[r * width + k] += weights[r * before + i] * matrix[i * width + k];
    return out;
  };
  return {
    width,
    constant: multiply(affine.constant),
    trees: affine.trees.map((part) => ({ ...part, weights: multiply(part.weights) })),
    linear: affine.linear.map((part) => ({ ...part, weights: multiply(part.weights) })),
  };
}

function product(features: string, columns: number, weights: Float64Array, width: number): Affine {
  const constant = new Float64Array(width);
  return { width, constant, trees: [], linear: [{ features, columns, weights }] };
}

/** Some of a tensor's columns, by constant numbers. */
function columnsOf(file: GraphFile, node: GraphNode): Affine {
  const columns = constantOf(file, node.inputs[1]);
  if (!columns || intOf(node, 'axis') !== 1) throw new NotExplained('its answer is looked up in a table');
  const affine = readAffine(file, node.inputs[0]);
  const outside = columns.values.find((column) => !(column >= 0 && column < affine.width));
  if (outside !== undefined) throw new NotExplained(`it has ${affine.width} columns and reads ${outside}`);
  const width = columns.values.length;
  const pick = new Float64Array(affine.width * width);
  columns.values.forEach((column, k) => (pick[column * width + k] = 1));
  return through(affine, pick, width);
}

/** Sums and differences of two such tensors, and each of the four operations with a constant. */
function combined(file: GraphFile, node: GraphNode): Affine {
  const [left, right] = node.inputs;
  const constant = constantOf(file, right);
  if (constant) return withConstant(node.op, readAffine(file, left), constant);
  const before = constantOf(file, left);
  if (before && node.op !== 'Div') {
    const affine = readAffine(file, right);
    const turned = node.op === 'Sub' ? scaled(affine, new Float64Array(affine.width).fill(-1)) : affine;
    return withConstant(node.op === 'Sub' ? 'Add' : node.op, turned, before);
  }
  if (node.op !== 'Add' && node.op !== 'Sub')
    throw new NotExplained(`its answer goes through ${node.op} of two numbers of the row`);
  const a = readAffine(file, left);
  const b = readAffine(file, right);
  if (a.width !== b.width) throw new NotExplained(`its answer adds ${a.width} and ${b.width} numbers`);
  const sign = node.op === 'Sub' ? -1 : 1;
  const other = scaled(b, new Float64Array(b.width).fill(sign));
  return {
    width: a.width,
    constant: a.constant.map((value, k) => value + other.constant[k]),
    trees: [...a.trees, ...other.trees],
    linear: [...a.linear, ...other.linear],
  };
}

function withConstant(op: string, affine: Affine, { values }: TensorValues): Affine {
  const width = Math.max(affine.width, values.length);
  if (values.length !== 1 && affine.width !== 1 && values.length !== affine.width)
    throw new NotExplained(`its answer combines ${affine.width} and ${values.length} numbers`);
  const value = (k: number): number => values[values.length === 1 ? 0 : k];
  const wide = affine.width === width ? affine : through(affine, new Float64Array(width).fill(1), width);
  if (op === 'Add' || op === 'Sub') {
    const sign = op === 'Sub' ? -1 : 1;
    return { ...wide, constant: wide.constant.map((before, k) => before + sign * value(k)) };
  }
  return scaled(
    wide,
    Float64Array.from({ length: width }, (_, k) => (op === 'Mul' ? value(k) : 1 / value(k))),
  );
}

function scaled(affine: Affine, factors: Float64Array): Affine {
  const { width } = affine;
  const diagonal = identity(width).map((value, i) => value * factors[i % width]);
  return through(affine, diagonal, width);
}

function summed(affine: Affine): Affine {
  return through(affine, new Float64Array(affine.width).fill(1), 1);
}

function joined(parts: Affine[]): Affine {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const joint: Affine = { width, constant: new Float64Array(width), trees: [], linear: [] };
  let at = 0;
  for (const part of parts) {
    const place = new Float64Array(part.width * width);
    for (let k = 0; k < part.width; k++) place[k * width + at + k] = 1;
    const placed = through(part, place, width);
    placed.constant.forEach((value, k) => (joint.constant[k] += value));
    joint.trees.push(...placed.trees);
    joint.linear.push(...placed.linear);
    at += part.width;
  }
  return joint;
}

function identity(width: number): Float64Array {
  return Float64Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0));
}

function beforeCasts(file: GraphFile, tensor: string): string {
  const node = file.writers.get(tensor);
  return node?.op === 'Cast' ? beforeCasts(file, node.inputs[0]) : tensor;
}

/** Class ids that a tree classifier's leaves name. */
export function classIdsOf(node: GraphNode): Set<number> {
  return new Set(intsOf(node, 'class_ids'));
}
