import { addLabel, ONNX_DOUBLE, ONNX_FLOAT } from '../learners/outputs.ts';
import { fitSigmoid } from '../learners/svm/platt.ts';
import type { GraphBuilder } from '../onnx/graph.ts';
import { fitIsotonic } from './isotonic.ts';
import { addHeights, heightAt, linesOf, type Lines } from './lines.ts';
import { addSigmoidShares, putSigmoidShares, type Sigmoids } from './sigmoids.ts';

export type CalibrationMethod = 'sigmoid' | 'isotonic';

/** Turns a model's probabilities into ones that come true. Of two classes it has one function, for the second. */
export type Calibrator = ({ method: 'sigmoid' } & Sigmoids) | ({ method: 'isotonic' } & Lines);

/** Rows that the model did not learn from, and what it said of them. */
export interface HeldOut {
  classes: number;
  /** [rows, classes] */
  probabilities: Float64Array;
  /** [rows], class indices */
  y: ArrayLike<number>;
  /** [rows]; absent: all count alike */
  weights?: Float64Array;
}

/**
 * Each class against the rest, as scikit-learn's CalibratedClassifierCV does with a classifier that answers
 * probabilities: `sigmoid` (Platt 1999) or `isotonic` (Zadrozny and Elkan 2002).
 *
 * @throws RangeError where there are no rows
 */
export function fitCalibrator(method: CalibrationMethod, held: HeldOut): Calibrator {
  const { classes, probabilities, y, weights } = held;
  const rows = probabilities.length / classes;
  if (rows === 0) throw new RangeError('There are no rows to fit probabilities to.');
  const parts = membersOf(classes).map((member) => ({
    scores: Float64Array.from({ length: rows }, (_, i) => probabilities[i * classes + member]),
    belongs: Uint8Array.from({ length: rows }, (_, i) => (y[i] === member ? 1 : 0)),
  }));
  if (method === 'isotonic') {
    const functions = parts.map(({ scores, belongs }) => fitIsotonic(scores, belongs, weights));
    return { method, ...linesOf(functions) };
  }
  const sigmoids = parts.map(({ scores, belongs }) => fitSigmoid(scores, belongs, weights));
  return {
    method,
    slopes: Float64Array.from(sigmoids, ({ slope }) => slope),
    offsets: Float64Array.from(sigmoids, ({ offset }) => offset),
  };
}

/**
 * Calibrated probabilities, float32 numbers. Of several classes they are brought to a sum of 1; where all are 0, which
 * `isotonic` may answer, all classes are equally likely.
 *
 * @param probabilities [rows, classes], of the model
 * @returns [rows, classes]
 */
export function calibrate(
  calibrator: Calibrator,
  probabilities: Float64Array,
  classes: number,
): Float64Array {
  const members = membersOf(classes);
  const rows = probabilities.length / classes;
  const out = new Float64Array(probabilities.length);
  const scores = new Float64Array(members.length);
  for (let i = 0; i < rows; i++) {
    const at = i * classes;
    members.forEach((member, k) => (scores[k] = probabilities[at + member]));
    if (calibrator.method === 'sigmoid') putSigmoidShares(calibrator, scores, out, at, classes);
    else putHeights(calibrator, scores, out, at, classes);
  }
  return out;
}

/** Adds the same to a graph. @param probabilities float32 [N, classes], of the model */
export function addCalibrator(
  calibrator: Calibrator,
  graph: GraphBuilder,
  probabilities: string,
  classes: number,
): { label: string; probabilities: string } {
  const members = membersOf(classes);
  if (calibrator.method === 'isotonic') {
    const shares = addHeightShares(calibrator, graph, probabilities, members);
    const [calibrated] = graph.node('Cast', [shares], { to: { int: ONNX_FLOAT } });
    return { label: addLabel(graph, calibrated), probabilities: calibrated };
  }
  const [exact] = graph.node('Cast', [probabilities], { to: { int: ONNX_DOUBLE } });
  if (classes > 2) return addSigmoidShares(calibrator, graph, exact);
  const second = graph.constant({ type: 'int64', dims: [1], values: members });
  const [score] = graph.node('Gather', [exact, second], { axis: { int: 1 } });
  return addSigmoidShares(calibrator, graph, score);
}

/** The classes that have a function of their own. */
function membersOf(classes: number): number[] {
  return classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
}

function putHeights(
  lines: Lines,
  scores: Float64Array,
  out: Float64Array,
  at: number,
  classes: number,
): void {
  if (classes === 2) {
    const height = heightAt(lines, 0, scores[0]);
    out[at] = Math.fround(1 - height);
    out[at + 1] = Math.fround(height);
    return;
  }
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    out[at + k] = heightAt(lines, k, scores[k]);
    sum += out[at + k];
  }
  for (let k = 0; k < classes; k++) out[at + k] = Math.fround(sum === 0 ? 1 / classes : out[at + k] / sum);
}

/** float64 [N, classes] */
function addHeightShares(
  lines: Lines,
  graph: GraphBuilder,
  probabilities: string,
  members: readonly number[],
): string {
  const scalar = (value: number) => graph.constant({ type: 'double', dims: [], values: [value] });
  const heights = addHeights(lines, graph, probabilities, members);
  if (members.length === 1) {
    const [rest] = graph.node('Sub', [scalar(1), heights]);
    return graph.node('Concat', [rest, heights], { axis: { int: 1 } })[0];
  }
  const axis = graph.constant({ type: 'int64', dims: [1], values: [1] });
  const [sum] = graph.node('ReduceSum', [heights, axis], { keepdims: { int: 1 } });
  const [none] = graph.node('Equal', [sum, scalar(0)]);
  const [divisor] = graph.node('Where', [none, scalar(1), sum]);
  const [shares] = graph.node('Div', [heights, divisor]);
  return graph.node('Where', [none, scalar(1 / members.length), shares])[0];
}
