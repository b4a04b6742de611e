import { RandomForestClassifier, RandomForestRegression } from 'ml-random-forest';
import { z } from 'zod';
import { deriveSeed } from '../rng.ts';
import type { Learner, Problem } from '../types.ts';
import { EnsembleBuilder } from './trees/ensemble.ts';
import { leafScale, writeValue, type LeafScale } from './trees/leaves.ts';
import { joinModels, predictTrees, treesToOnnx, type TreeModel } from './trees/model.ts';

const params = z.strictObject({
  trees: z.int().min(1).max(500).default(20),
  /** Share of the features that a tree sees: one draw a tree, not one a cut as in `forest`. */
  maxFeatures: z.number().gt(0).lte(1).default(1),
  maxDepth: z
    .union([z.int().min(1).max(64), z.null()], 'must be an integer from 1 to 64, or null for no limit')
    .default(null),
});
type Params = z.output<typeof params>;

const MAX_ROWS = 2_000;
/** Measured: 10 trees on 3 features take 1.2 s for 1,000 rows and 18 s for 4,000, so time is trees * features * rows^2. */
const SECONDS_PER_STEP = 4e-8;
const MAX_SECONDS = 300;

/**
 * The npm package ml-random-forest, one of its forests of one tree a unit, each with its own seed. Its trees are read
 * into this project's ensemble, so that they answer the same here and in ONNX; a tree's vote is its leaf's class.
 */
export const baselineForest: Learner<Params, TreeModel> = {
  name: 'baselineForest',
  title: 'Random forest (ml-random-forest, baseline)',
  tasks: ['binary', 'multiclass', 'regression'],
  params,
  refuses,
  units: (p) => p.trees,
  fit,
  join: joinModels,
  predict: predictTrees,
  toOnnx: treesToOnnx,
};

function refuses(
  { rows, columns }: { rows: number; columns: number },
  { trees, maxFeatures }: Params,
): string | undefined {
  if (rows > MAX_ROWS) {
    return `ml-random-forest takes time quadratic in the rows (10 trees on 3 features: 1.2 s for 1,000 rows, 18 s for 4,000), so it is given at most ${MAX_ROWS} rows, not ${rows}; use forest`;
  }
  const seconds = Math.round(
    trees * Math.max(1, Math.floor(maxFeatures * columns)) * rows ** 2 * SECONDS_PER_STEP,
  );
  return seconds > MAX_SECONDS
    ? `ml-random-forest would take about ${seconds} s a fit for ${trees} trees on ${rows} rows and ${columns} features, and is given at most ${MAX_SECONDS} s; use forest, or fewer trees`
    : undefined;
}

/** What this file reads of a node of ml-cart, whose cuts send x < splitValue to the left. */
interface CartNode {
  left?: CartNode;
  right?: CartNode;
  splitColumn: number;
  splitValue: number;
  /** Of a leaf: a mean, or a matrix of one row of class shares. */
  distribution: number | { maxRowIndex(row: number): [row: number, column: number] };
}

function fit(
  { task, classes, x, y, columns, train }: Problem,
  p: Params,
  seed: number,
  from: number,
  to: number,
): TreeModel {
  if (train.length === 0) throw new RangeError('There are no rows to learn from.');
  const regression = task === 'regression';
  const rows = Array.from(train, (row) => Array.from(x.subarray(row * columns, (row + 1) * columns)));
  const targets = Array.from(train, (row) => y[row]);
  const scale = regression ? leafScale(p.trees, lowest(targets), highest(targets)) : undefined;
  const into = new EnsembleBuilder(regression ? 2 : classes);
  for (let tree = from; tree < to; tree++) {
    const forest = new (regression ? RandomForestRegression : RandomForestClassifier)({
      nEstimators: 1,
      seed: deriveSeed(seed, 'tree', tree) | 0,
      maxFeatures: shareOf(p.maxFeatures, columns),
      replacement: false,
      useSampleBagging: true,
      noOOB: true,
      treeOptions: { maxDepth: p.maxDepth ?? Infinity },
    });
    forest.train(rows, targets);
    const { estimators, indexes } = forest as unknown as {
      estimators: { root: CartNode }[];
      indexes: number[][];
    };
    copyTree(estimators[0].root, indexes[0], into, scale);
  }
  const ensemble = into.finish();
  return scale ? { ensemble, trees: p.trees, scale } : { ensemble, trees: p.trees, votes: p.trees };
}

/** The package takes a share and rounds it down, maybe to 0; half a feature more makes it the wanted number. */
function shareOf(share: number, columns: number): number {
  const wanted = Math.max(1, Math.floor(share * columns));
  return wanted === columns ? 1 : (wanted + 0.5) / columns;
}

function copyTree(
  root: CartNode,
  columns: readonly number[],
  into: EnsembleBuilder,
  scale?: LeafScale,
): void {
  const waiting: [CartNode, number][] = [[root, into.root()]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, position] = next;
    if (node.left && node.right) {
      const left = into.split(position, columns[node.splitColumn], below(node.splitValue));
      waiting.push([node.right, left + 1], [node.left, left]);
      continue;
    }
    const at = into.leaf(position);
    if (typeof node.distribution !== 'number') into.values[at + node.distribution.maxRowIndex(0)[1]] = 1;
    else if (scale) writeValue(node.distribution, scale, into.values, at);
  }
}

/** The largest float32 below a float64: for float32 values, x < value is x <= below(value). */
function below(value: number): number {
  const rounded = new Float32Array([value]);
  if (rounded[0] < value) return rounded[0];
  if (rounded[0] === 0) return -1.401298464324817e-45;
  const bits = new Int32Array(rounded.buffer);
  bits[0] += rounded[0] > 0 ? -1 : 1;
  return rounded[0];
}

function lowest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function highest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
