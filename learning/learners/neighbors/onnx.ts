import type { GraphBuilder } from '../../onnx/graph.ts';
import { addLabel, ONNX_DOUBLE, ONNX_FLOAT } from '../outputs.ts';
import type { NeighborsModel } from './model.ts';
import { FULL_WEIGHT } from './weights.ts';

/**
 * Adds the search for neighbours: squared distances by three MatMuls whose sums are integers below 2^53, so that they are
 * exact however ONNX Runtime adds them up; TopK, which of equal distances takes the lowest index; and a vote.
 */
export function neighborsToOnnx(model: NeighborsModel, graph: GraphBuilder, features: string) {
  const { k, classes, byDistance, targets } = model;
  const squares = addSquares(model, graph, features);
  const [nearest, at] = graph.node(
    'TopK',
    [squares, graph.constant({ type: 'int64', dims: [1], values: [k] })],
    { axis: { int: 1 }, largest: { int: 0 }, sorted: { int: 1 } },
    { outputs: 2 },
  );
  const rows = targets.length;
  if (classes === 1) {
    const values = graph.constant({ type: 'double', dims: [rows], values: targets });
    const [found] = graph.node('Gather', [values, at], { axis: { int: 0 } });
    const [mean] = byDistance ? weighted(found, addWeights(graph, nearest)) : averaged(found);
    return { prediction: graph.node('Cast', [mean], { to: { int: ONNX_FLOAT } })[0] };
  }
  const labels = graph.constant({ type: 'int64', dims: [rows, 1], values: targets });
  const names = graph.constant({
    type: 'int64',
    dims: [classes],
    values: Array.from({ length: classes }, (_, c) => c),
  });
  // [N, k, 1] beside [classes]: a 1 where the neighbour is of the class.
  const [found] = graph.node('Gather', [labels, at], { axis: { int: 0 } });
  const [equal] = graph.node('Equal', [found, names]);
  const [ones] = graph.node('Cast', [equal], { to: { int: ONNX_DOUBLE } });
  const votes = byDistance
    ? sum(graph.node('Mul', [ones, unsqueezed(addWeights(graph, nearest))])[0])
    : sum(ones);
  const [total] = graph.node('ReduceSum', [votes, axis()], { keepdims: { int: 1 } });
  const [shares] = graph.node('Div', [votes, total]);
  const [probabilities] = graph.node('Cast', [shares], { to: { int: ONNX_FLOAT } });
  return { label: addLabel(graph, probabilities), probabilities };

  function axis(): string {
    return graph.constant({ type: 'int64', dims: [1], values: [1] });
  }

  function sum(tensor: string): string {
    return graph.node('ReduceSum', [tensor, axis()], { keepdims: { int: 0 } })[0];
  }

  function unsqueezed(tensor: string): string {
    return graph.node('Unsqueeze', [tensor, graph.constant({ type: 'int64', dims: [1], values: [2] })])[0];
  }

  function weighted(values: string, weights: string): string[] {
    return graph.node('Div', [sum(graph.node('Mul', [values, weights])[0]), sum(weights)]);
  }

  function averaged(values: string): string[] {
    return graph.node('Div', [sum(values), graph.constant({ type: 'double', dims: [], values: [k] })]);
  }
}

/** Squared distances [N, rows] in steps of the grid, put together in the order of `NeighborSearch`. */
function addSquares(
  { grid, high, low, columns }: NeighborsModel,
  graph: GraphBuilder,
  features: string,
): string {
  const scalar = (value: number) => graph.constant({ type: 'double', dims: [], values: [value] });
  const unit = 2 ** grid.bits;
  const [exact] = graph.node('Cast', [features], { to: { int: ONNX_DOUBLE } });
  const centres = graph.constant({ type: 'double', dims: [columns], values: grid.centres });
  const [centred] = graph.node('Sub', [exact, centres]);
  const [steps] = graph.node('Mul', [centred, scalar(grid.perUnit)]);
  const [clipped] = graph.node('Clip', [steps, scalar(-grid.limit), scalar(grid.limit)]);
  const [counts] = graph.node('Round', [clipped]);
  const [coarse] = graph.node('Mul', [counts, scalar(1 / unit)]);
  const [ownHigh] = graph.node('Round', [coarse]);
  const [wide] = graph.node('Mul', [ownHigh, scalar(unit)]);
  const [ownLow] = graph.node('Sub', [counts, wide]);

  const highs = term([ownHigh], product(ownHigh, ownHigh), [transposed(high, -2)], products(high, high));
  const crossed = term(
    [ownHigh, ownLow],
    product(ownHigh, ownLow),
    [transposed(low, -1), transposed(high, -1)],
    products(high, low),
  );
  const lows = term([ownLow], product(ownLow, ownLow), [transposed(low, -2)], products(low, low));
  const [first] = graph.node('Mul', [highs, scalar(unit * unit)]);
  const [second] = graph.node('Mul', [crossed, scalar(2 * unit)]);
  const [upper] = graph.node('Add', [first, second]);
  return graph.node('Add', [upper, lows])[0];

  /** Sum over the features of (a - c)(b - d), multiplied out: [own | a b] times [theirs; 1], and c d. */
  function term(own: string[], square: string, theirs: Float32Array[], squares: Float64Array): string {
    const rows = squares.length;
    const [left] = graph.node('Concat', [...own, square], { axis: { int: 1 } });
    const values = new Float32Array((theirs.length * columns + 1) * rows).fill(1);
    theirs.forEach((part, i) => values.set(part, i * part.length));
    // As float32, which holds integers up to 2^24, and half as long in the file.
    const right = graph.constant({ type: 'float', dims: [values.length / rows, rows], values });
    const [exactRight] = graph.node('Cast', [right], { to: { int: ONNX_DOUBLE } });
    const [sums] = graph.node('MatMul', [left, exactRight]);
    return graph.node('Add', [sums, graph.constant({ type: 'double', dims: [rows], values: squares })])[0];
  }

  function product(a: string, b: string): string {
    const ones = graph.constant({
      type: 'double',
      dims: [columns, 1],
      values: new Float64Array(columns).fill(1),
    });
    return graph.node('MatMul', [graph.node('Mul', [a, b])[0], ones])[0];
  }

  /** [columns, rows], times a number. */
  function transposed(values: Float32Array, factor: number): Float32Array {
    const rows = values.length / columns;
    return Float32Array.from(values, (_, i) => factor * values[(i % rows) * columns + Math.floor(i / rows)]);
  }

  function products(a: Float32Array, b: Float32Array): Float64Array {
    return Float64Array.from({ length: a.length / columns }, (_, row) => {
      let sum = 0;
      for (let f = 0, at = row * columns; f < columns; f++, at++) sum += a[at] * b[at];
      return sum;
    });
  }
}

/** As `weigh`: [N, k] integers. */
function addWeights(graph: GraphBuilder, squares: string): string {
  const scalar = (value: number) => graph.constant({ type: 'double', dims: [], values: [value] });
  const zero = scalar(0);
  const [nearest] = graph.node(
    'Gather',
    [squares, graph.constant({ type: 'int64', dims: [1], values: [0] })],
    { axis: { int: 1 } },
  );
  const [ratio] = graph.node('Div', [nearest, squares]);
  const [root] = graph.node('Sqrt', [ratio]);
  const [long] = graph.node('Mul', [root, scalar(FULL_WEIGHT)]);
  const [byDistance] = graph.node('Round', [long]);
  const [same] = graph.node('Cast', [graph.node('Equal', [squares, zero])[0]], { to: { int: ONNX_DOUBLE } });
  return graph.node('Where', [graph.node('Equal', [nearest, zero])[0], same, byDistance])[0];
}
