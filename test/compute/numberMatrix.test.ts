import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { withNumberMatrix } from '../../compute/numberMatrix.ts';
import { openSession } from '../../compute/session.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { decodeModel } from '../../learning/onnx/decode.ts';
import type { GraphBuilder } from '../../learning/onnx/graph.ts';
import { Random } from '../../learning/rng.ts';

/** A model that reads a matrix answers what it answered when it read columns, bit by bit. */
const ROWS = 50;

/** `features` of these columns, by a graph of the test's own. */
function model(
  columns: readonly string[],
  compile: (graph: GraphBuilder) => string,
  width: number,
): Uint8Array {
  const graph = createGraphBuilder();
  for (const name of columns) graph.input(name, name.startsWith('text') ? 'string' : 'double');
  const [features] = graph.node('Cast', [compile(graph)], { to: { int: 1 } });
  graph.output('features', features, 'float', ['N', width]);
  return graph.build({});
}

const join = (graph: GraphBuilder, ...tensors: string[]) =>
  graph.node('Concat', tensors, { axis: { int: 1 } })[0];
const twice = (graph: GraphBuilder, tensor: string) => graph.node('Add', [tensor, tensor])[0];

const shapes: [string, string[], (graph: GraphBuilder) => string, number][] = [
  ['all columns side by side', ['a', 'b', 'c'], (graph) => join(graph, 'a', 'b', 'c'), 3],
  ['in another order', ['a', 'b', 'c'], (graph) => join(graph, 'c', 'a', 'b'), 3],
  [
    'two groups and one alone',
    ['a', 'b', 'c', 'd', 'e'],
    (graph) => join(graph, twice(graph, join(graph, 'e', 'b')), twice(graph, 'c'), join(graph, 'a', 'd')),
    5,
  ],
  [
    'a column in two groups',
    ['a', 'b', 'c'],
    (graph) => join(graph, join(graph, 'a', 'b'), join(graph, 'b', 'c')),
    4,
  ],
  ['a column twice in one', ['a', 'b'], (graph) => join(graph, 'a', 'b', 'a'), 3],
  [
    'columns named like what this adds',
    ['numbers', 'widths'],
    (graph) => join(graph, twice(graph, 'numbers'), 'widths'),
    2,
  ],
  [
    'text beside them',
    ['a', 'text', 'b'],
    (graph) => {
      const attributes = {
        keys_strings: { strings: ['x'] },
        values_floats: { floats: [1] },
        default_float: { float: 0 },
      };
      const [isX] = graph.node('LabelEncoder', ['text'], attributes, { domain: 'ai.onnx.ml' });
      return join(graph, join(graph, 'a', 'b'), graph.node('Cast', [isX], { to: { int: 11 } })[0]);
    },
    3,
  ],
];

describe('a model of columns becomes one of a matrix', () => {
  it.each(shapes)('%s', async (_, names, compile, width) => {
    const bytes = model(names, compile, width);
    const made = withNumberMatrix(bytes);
    const numbers = names.filter((name) => !name.startsWith('text'));
    expect(made?.published).toEqual(names);
    expect([...(made?.columns ?? [])].sort()).toEqual([...numbers].sort());
    expect(decodeModel(made?.bytes ?? bytes).inputs).toHaveLength(names.length - numbers.length + 1);

    const random = new Random(3);
    const columns = Object.fromEntries(
      names.map((name) => [
        name,
        name.startsWith('text')
          ? Array.from({ length: ROWS }, () => 'xyz'[random.below(3)])
          : Float64Array.from({ length: ROWS }, (_row, i) => (i % 7 === 0 ? NaN : random.unit() * 1e6)),
      ]),
    );
    const plain = await InferenceSession.create(bytes);
    const feeds = Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        name,
        column instanceof Float64Array
          ? new Tensor('float64', column, [ROWS, 1])
          : new Tensor('string', column, [ROWS, 1]),
      ]),
    );
    const expected = (await plain.run(feeds)).features.data as Float32Array;
    const session = await openSession(bytes);
    expect(session.inputs.map(({ name }) => name)).toEqual(names);
    const slices = await session.encode({ rows: ROWS, columns }, { sliceRows: 16 });
    expect(Buffer.from(slices.buffer).equals(Buffer.from(Float32Array.from(expected).buffer))).toBe(true);
    await Promise.all([plain.release(), session.release()]);
  });

  it('where there is more than one column to put together', () => {
    expect(withNumberMatrix(model(['a'], (graph) => twice(graph, 'a'), 1))).toBeUndefined();
  });
});
