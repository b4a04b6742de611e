import type { GraphBuilder } from '../../onnx/graph.ts';
import { addShares, ONNX_DOUBLE } from '../outputs.ts';
import type { CategoryShares, NaiveBayesModel } from './model.ts';

/** Scores as predictNaiveBayes has them, those of categories added in the same order. */
export function naiveBayesToOnnx(model: NaiveBayesModel, graph: GraphBuilder, features: string) {
  const { classes, means, offsets, categories = [] } = model;
  const own = graph.constant({ type: 'double', dims: [classes], values: offsets });
  let scores: string | undefined;
  if (means.length > 0) scores = graph.node('Add', [addDensities(model, graph, features), own])[0];
  for (const shares of categories) {
    const one = addCategory(shares, classes, graph, features);
    scores = graph.node('Add', [scores ?? own, one])[0];
  }
  if (scores === undefined) throw new RangeError('Naive Bayes has no column to go by.');
  return addShares(graph, scores);
}

/** [N, classes], class by class, so that no tensor is larger than the rows themselves; expanded squares would cost digits. */
function addDensities(
  { classes, sizes, means, slopes, lacking }: NaiveBayesModel,
  graph: GraphBuilder,
  features: string,
): string {
  const columns = means.length / classes;
  const double = (values: Float64Array, dims: number[]) => graph.constant({ type: 'double', dims, values });
  const [exact] = graph.node('Cast', [sizes ? pick(graph, features, sizes) : features], {
    to: { int: ONNX_DOUBLE },
  });
  const gaps = lacking && graph.node('IsNaN', [exact])[0];
  const missing = gaps && graph.node('Cast', [gaps], { to: { int: ONNX_DOUBLE } })[0];
  const sums = Array.from({ length: classes }, (_, k) => {
    const of = (values: Float64Array) => values.subarray(k * columns, (k + 1) * columns);
    const [distance] = graph.node('Sub', [exact, double(of(means), [columns])]);
    let [square] = graph.node('Mul', [distance, distance]);
    if (gaps) [square] = graph.node('Where', [gaps, double(Float64Array.of(0), []), square]);
    const [sum] = graph.node('MatMul', [square, double(of(slopes), [columns, 1])]);
    if (!lacking || !missing) return sum;
    const [taken] = graph.node('MatMul', [missing, double(of(lacking), [columns, 1])]);
    return graph.node('Add', [sum, taken])[0];
  });
  return graph.node('Concat', sums, { axis: { int: 1 } })[0];
}

/** [N, classes]: a row of the table for the category, and 0 for what is none. All but one of the sum's parts are 0, so it is exact. */
function addCategory(
  { column, logs }: CategoryShares,
  classes: number,
  graph: GraphBuilder,
  features: string,
): string {
  const count = logs.length / classes;
  const numbers = Float32Array.from({ length: count }, (_, i) => i + 1);
  const own = pick(graph, features, Int32Array.of(column));
  const [is] = graph.node('Equal', [own, graph.constant({ type: 'float', dims: [count], values: numbers })]);
  const [chosen] = graph.node('Cast', [is], { to: { int: ONNX_DOUBLE } });
  const table = graph.constant({ type: 'double', dims: [count, classes], values: logs });
  return graph.node('MatMul', [chosen, table])[0];
}

function pick(graph: GraphBuilder, features: string, columns: Int32Array): string {
  const at = graph.constant({ type: 'int64', dims: [columns.length], values: columns });
  return graph.node('Gather', [features, at], { axis: { int: 1 } })[0];
}
