import type { GraphBuilder } from '../onnx/graph.ts';
import { ONNX_DOUBLE, ONNX_INT64 } from '../learners/outputs.ts';
import { EnsembleBuilder } from '../learners/trees/ensemble.ts';
import { addEnsemble } from '../learners/trees/onnx.ts';
import type { Isotonic } from './isotonic.ts';

/**
 * The straight lines of isotonic functions, one after the other in one table: each function with a level line below its
 * first point, one for each pair of points, and a level one above its last.
 */
export interface Lines {
  /** [functions]: of each its first line. */
  starts: Int32Array;
  /** [lines]: where a line begins, its height there, and its slope. */
  x: Float64Array;
  y: Float64Array;
  slope: Float64Array;
}

export function linesOf(functions: readonly Isotonic[]): Lines {
  const starts = new Int32Array(functions.length);
  const x: number[] = [];
  const y: number[] = [];
  const slope: number[] = [];
  functions.forEach((points, k) => {
    starts[k] = x.length;
    const last = points.x.length - 1;
    for (let i = -1; i <= last; i++) {
      const at = Math.max(i, 0);
      x.push(points.x[at]);
      y.push(points.y[at]);
      const inner = i >= 0 && i < last;
      slope.push(inner ? (points.y[i + 1] - points.y[i]) / (points.x[i + 1] - points.x[i]) : 0);
    }
  });
  return {
    starts,
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    slope: Float64Array.from(slope),
  };
}

/** The height of a function at a score, 0 to 1. */
export function heightAt({ starts, x, y, slope }: Lines, index: number, score: number): number {
  const first = starts[index];
  // Points of the function: first + 1 to the end of its lines. Counts those below the score.
  let low = first;
  let high = endOf({ starts, x }, index) - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score <= x[middle + 1]) high = middle;
    else low = middle + 1;
  }
  return Math.min(y[low] + slope[low] * (score - x[low]), 1);
}

/**
 * Adds the heights, float64 [N, functions]. The line of a score is found by a tree, whose leaves are the numbers of lines:
 * float32 scores compare with float32 points exactly, and no tensor of rows times points is needed.
 *
 * @param scores float32 [N, columns]
 * @param columns of each function the column of its score
 */
export function addHeights(
  lines: Lines,
  graph: GraphBuilder,
  scores: string,
  columns: readonly number[],
): string {
  const { x, y, slope } = lines;
  const double = (values: ArrayLike<number>) =>
    graph.constant({ type: 'double', dims: [values.length], values });
  const indices = graph.constant({ type: 'int64', dims: [columns.length], values: columns });
  const [own] = graph.node('Gather', [scores, indices], { axis: { int: 1 } });
  const [exact] = graph.node('Cast', [own], { to: { int: ONNX_DOUBLE } });
  const number = addEnsemble(treesOf(lines, columns), graph, scores);
  const [line] = graph.node('Cast', [number], { to: { int: ONNX_INT64 } });
  const along = (values: Float64Array) =>
    graph.node('Gather', [double(values), line], { axis: { int: 0 } })[0];
  const [distance] = graph.node('Sub', [exact, along(x)]);
  const [rise] = graph.node('Mul', [along(slope), distance]);
  const [height] = graph.node('Add', [along(y), rise]);
  return graph.node('Min', [height, double([1])])[0];
}

/** A balanced tree for each function, which adds the number of the score's line to the function's sum. */
function treesOf(lines: Lines, columns: readonly number[]) {
  const { starts, x } = lines;
  const builder = new EnsembleBuilder(starts.length);
  starts.forEach((start, k) => {
    grow(builder.root(), start, endOf(lines, k) - 1);

    /** Below `node` lie the lines low..high. */
    function grow(node: number, low: number, high: number): void {
      if (low === high) {
        const at = builder.leaf(node);
        builder.values[at + k] = low;
        return;
      }
      const middle = (low + high) >> 1;
      const left = builder.split(node, columns[k], x[middle + 1]);
      grow(left, low, middle);
      grow(left + 1, middle + 1, high);
    }
  });
  return builder.finish();
}

function endOf({ starts, x }: Pick<Lines, 'starts' | 'x'>, index: number): number {
  return index + 1 < starts.length ? starts[index + 1] : x.length;
}
