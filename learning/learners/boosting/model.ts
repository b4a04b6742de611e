import type { GraphBuilder } from '../../onnx/graph.ts';
import { valueOfCut } from '../../binning.ts';
import type { BinnedMatrix } from '../../types.ts';
import { addShares, ONNX_FLOAT } from '../outputs.ts';
import { toShares } from '../softmax.ts';
import { EnsembleBuilder, type TreeEnsemble } from '../trees/ensemble.ts';
import { leafBits, writeValue, type LeafScale } from '../trees/leaves.ts';
import { addEnsemble, addUnits } from '../trees/onnx.ts';
import { sumLeaves } from '../trees/predictor.ts';
import type { GrownTree } from './grownTree.ts';
import type { Boosted } from './rounds.ts';

export interface BoostingModel {
  /** 1 for regression. */
  classes: number;
  /** Rounds that were kept. */
  rounds: number;
  /** [scores], what a row has before any tree. */
  start: Float64Array;
  /** [scores], the trees of each; two classes have one score, the log odds of class 1. */
  ensembles: TreeEnsemble[];
  /** How a sum of leaves is read as a score. */
  scale: LeafScale;
}

/** Writes the leaves as integers, so that their sums are exact here and in ONNX. */
export function toModel(
  { start, rounds }: Boosted,
  classes: number,
  { edges, gaps }: BinnedMatrix,
): BoostingModel {
  const scale = scaleOf(rounds, start.length);
  const ensembles = Array.from(start, (_, k) => {
    const into = new EnsembleBuilder(2, gaps !== undefined);
    for (const trees of rounds) copyTree(trees[k], edges, scale, into);
    return into.finish();
  });
  return { classes, rounds: rounds.length, start, ensembles, scale };
}

/** Classification: [rows, classes] probabilities. Regression: [rows] values. Both float32 numbers. */
export function predictBoosted(
  model: BoostingModel,
  x: Float32Array,
  columns: number,
  index?: Int32Array,
): Float64Array {
  const { classes, start, ensembles } = model;
  const { unit, bits } = model.scale;
  const rows = index ? index.length : x.length / columns;
  const out = new Float64Array(rows * classes);
  // The one score of two classes is that of class 1; class 0 has 0.
  const first = classes - ensembles.length;
  ensembles.forEach((ensemble, k) => {
    const sums = sumLeaves(ensemble, x, columns, index);
    for (let i = 0; i < rows; i++) {
      out[i * classes + first + k] = sums[2 * i] * (2 ** bits * unit) + sums[2 * i + 1] * unit + start[k];
    }
  });
  if (classes === 1) return out.map(Math.fround);
  for (let i = 0; i < rows; i++) toShares(out, i * classes, classes);
  return out;
}

/** The same arithmetic as predictBoosted, operation by operation. */
export function boostedToOnnx(
  { classes, start, ensembles, scale }: BoostingModel,
  graph: GraphBuilder,
  features: string,
): { label: string; probabilities: string } | { prediction: string } {
  const double = (values: ArrayLike<number>) =>
    graph.constant({ type: 'double', dims: [values.length], values });
  const sums = ensembles.map((of) => addUnits(graph, addEnsemble(of, graph, features), scale));
  if (classes === 1) {
    const [value] = graph.node('Add', [sums[0], double(start)]);
    return { prediction: graph.node('Cast', [value], { to: { int: ONNX_FLOAT } })[0] };
  }
  const axis = graph.constant({ type: 'int64', dims: [1], values: [1] });
  const wide = sums.map((sum) => graph.node('Unsqueeze', [sum, axis])[0]);
  const [all] = wide.length === 1 ? wide : graph.node('Concat', wide, { axis: { int: 1 } });
  const [scores] = graph.node('Add', [all, double(start)]);
  return addShares(graph, classes === 2 ? graph.node('Mul', [scores, double([0, 1])])[0] : scores);
}

/** Of the largest sum there can be, 2^-(22 + leafBits(rounds)) is told: with 100 rounds, 39 bits. */
function scaleOf(rounds: readonly GrownTree[][], scores: number): LeafScale {
  const bits = leafBits(rounds.length);
  let reach = 0;
  for (let k = 0; k < scores; k++) {
    let sum = 0;
    for (const trees of rounds)
      sum += trees[k].value.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    reach = Math.max(reach, sum);
  }
  // The high parts of all trees together stay below 2^23 + rounds, and the low ones below 2^24.
  const unit = reach === 0 ? 1 : 2 ** (Math.ceil(Math.log2(reach)) - 23 - bits);
  return { base: 0, unit, bits };
}

function copyTree(
  tree: GrownTree,
  edges: readonly Float32Array[],
  scale: LeafScale,
  into: EnsembleBuilder,
): void {
  const waiting: [node: number, position: number][] = [[0, into.root()]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, position] = next;
    const column = tree.column[node];
    if (column < 0) {
      const at = into.leaf(position);
      writeValue(tree.value[node], scale, into.values, at);
      continue;
    }
    const missingLeft = tree.gap !== undefined && tree.gap[node] >= 0;
    const members = tree.members?.[node];
    const left = members
      ? into.splitBySet(position, column, members)
      : into.split(position, column, valueOfCut(edges[column], tree.cut[node]), missingLeft);
    waiting.push([tree.left[node] + 1, left + 1], [tree.left[node], left]);
  }
}
