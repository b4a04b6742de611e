import type { GraphBuilder } from '../onnx/graph.ts';
import type { Fill } from './fitted.ts';

/** The few sums that several encoders share, as nodes. All tensors are double unless said otherwise. */

/** A number, broadcast over everything. */
export function scalar(graph: GraphBuilder, value: number): string {
  return graph.constant({ type: 'double', dims: [], values: [value] });
}

/** One number a column: [1, values.length], broadcast over the rows. */
export function perColumn(graph: GraphBuilder, values: number[]): string {
  return graph.constant({ type: 'double', dims: [1, values.length], values });
}

/**
 * `x` where it is a finite number, else `fill`. An infinity counts as missing, so that one overflowed value upstream
 * cannot poison a model. A fill of null leaves NaN. One comparison does both: |NaN| <= limit and |Infinity| <= limit are false.
 */
export function filled(
  graph: GraphBuilder,
  x: string,
  fill: readonly Fill[],
  limit = Number.MAX_VALUE,
): string {
  const [there] = isWithin(graph, x, limit);
  const values = fill.map((value) => value ?? NaN);
  return graph.node('Where', [there, x, perColumn(graph, values)])[0];
}

/** Bool: |x| <= limit; false where x is NaN. */
export function isWithin(graph: GraphBuilder, x: string, limit: number): string[] {
  const [size] = graph.node('Abs', [x]);
  return graph.node('LessOrEqual', [size, scalar(graph, limit)]);
}

/** (x - shift) / width by column; 0 for the columns whose width is 0. */
export function scaled(graph: GraphBuilder, x: string, shift: number[], width: number[]): string {
  // A finite number by an infinite one is 0; a shift of 0 keeps it finite.
  const shifts = shift.map((value, i) => (width[i] === 0 ? 0 : value));
  const widths = width.map((value) => (value === 0 ? Infinity : value));
  const [moved] = graph.node('Sub', [x, perColumn(graph, shifts)]);
  return graph.node('Div', [moved, perColumn(graph, widths)])[0];
}

/** Float32 of the same shape; what lies beyond the range of float32 becomes its largest number. */
export function toFloat(graph: GraphBuilder, x: string): string {
  const [clipped] = graph.node('Clip', [x, scalar(graph, -MAX_FLOAT), scalar(graph, MAX_FLOAT)]);
  return castToFloat(graph, clipped);
}

/** Float32 of a bool or of numbers that are known to fit. */
export function castToFloat(graph: GraphBuilder, x: string): string {
  return graph.node('Cast', [x], { to: { int: FLOAT } })[0];
}

/** Reshapes [N, ...] to [N, columns], also where N is 0. */
export function flat(graph: GraphBuilder, x: string, columns: number): string {
  // A 0 in Reshape's shape copies the dimension; -1 cannot be inferred from an empty tensor.
  return graph.node('Reshape', [x, graph.constant({ type: 'int64', dims: [2], values: [0, columns] })])[0];
}

const FLOAT = 1;
const MAX_FLOAT = 3.4028234663852886e38;
