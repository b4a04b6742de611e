import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { decodeModel } from '../../learning/onnx/decode.ts';
import type { GraphBuilder } from '../../learning/onnx/graph.ts';

/** The builder writes files that ONNX Runtime reads as they were meant, and the same file for the same calls. */
function shifted(graph: GraphBuilder): Uint8Array {
  const x = graph.input('größe', 'double');
  const shift = graph.constant({ type: 'double', dims: [1, 2], values: [1, -0.5] });
  graph.output('y', graph.node('Add', [x, shift])[0], 'double', ['N', 2]);
  return graph.build({ target: 'ü', classes: '[]', apple: '1' });
}

describe('createGraphBuilder', () => {
  it('writes what ONNX Runtime computes', async () => {
    const session = await InferenceSession.create(shifted(createGraphBuilder()));
    const { y } = await session.run({ größe: new Tensor('float64', Float64Array.of(1, NaN), [2, 1]) });
    expect(y.dims).toEqual([2, 2]);
    expect(Array.from(y.data as Float64Array)).toEqual([2, 0.5, NaN, NaN]);
  });

  it('gives the same bytes for the same calls', () => {
    expect(shifted(createGraphBuilder())).toEqual(shifted(createGraphBuilder()));
  });

  it('writes opset 17, ai.onnx.ml 3, IR 8 and no version of this program', () => {
    const model = decodeModel(shifted(createGraphBuilder()));
    expect(model).toMatchObject({ irVersion: 8, producer: 'perennial', opsets: { '': 17, 'ai.onnx.ml': 3 } });
    expect(Object.entries(model.metadata)).toEqual([
      ['apple', '1'],
      ['classes', '[]'],
      ['target', 'ü'],
    ]);
    expect(model.inputs).toEqual([{ name: 'größe', type: 'double', dims: ['N', 1] }]);
    expect(model.outputs).toEqual([{ name: 'y', type: 'double', dims: ['N', 2] }]);
    expect(model.nodes.map(({ op }) => op)).toEqual(['Add', 'Identity']);
  });

  it('carries every kind of attribute', () => {
    const graph = createGraphBuilder();
    const x = graph.input('x', 'string');
    const attributes = {
      a: { int: -3 },
      b: { float: 0.5 },
      c: { string: 'ü' },
      d: { ints: [0, 127, 128, -1, 2 ** 40, Number.MIN_SAFE_INTEGER] },
      e: { floats: Float32Array.of(1.5, -0, Infinity) },
      f: { strings: ['', 'a', '🙂'] },
      g: { ints: [] },
    };
    graph.output('y', graph.node('Any', [x], attributes, { domain: 'ai.onnx.ml' })[0], 'float', ['N']);
    const [node] = decodeModel(graph.build({})).nodes;
    expect(node.domain).toBe('ai.onnx.ml');
    expect(node.attributes).toEqual({
      a: -3,
      b: 0.5,
      c: 'ü',
      d: [0, 127, 128, -1, 2 ** 40, Number.MIN_SAFE_INTEGER],
      e: [1.5, -0, Infinity],
      f: ['', 'a', '🙂'],
      g: [],
    });
  });

  it('carries every type of constant to ONNX Runtime', async () => {
    const graph = createGraphBuilder();
    const constants = {
      float: [1.5, -2],
      double: [0.1, 1e300],
      int64: [-1, 2 ** 53 - 1],
      bool: [0, 1],
      string: ['', 'ü'],
    } as const;
    for (const [type, values] of Object.entries(constants)) {
      const name = type as keyof typeof constants;
      graph.output(`${type} out`, graph.constant({ type: name, dims: [2], values }), name, [2]);
    }
    const outputs = await (await InferenceSession.create(graph.build({}))).run({});
    const found = Object.keys(constants).map((type) =>
      Array.from(outputs[`${type} out`].data as ArrayLike<unknown>),
    );
    expect(found).toEqual([
      [1.5, -2],
      [0.1, 1e300],
      [-1n, 9007199254740991n],
      [0, 1],
      ['', 'ü'],
    ]);
  });

  it('writes equal small constants once, and keeps 0 and -0 apart', () => {
    const graph = createGraphBuilder();
    const zero = graph.constant({ type: 'double', dims: [], values: [0] });
    expect(graph.constant({ type: 'double', dims: [], values: [0] })).toBe(zero);
    expect(graph.constant({ type: 'double', dims: [], values: [-0] })).not.toBe(zero);
    expect(graph.constant({ type: 'float', dims: [], values: [0] })).not.toBe(zero);
    expect(graph.constant({ type: 'double', dims: [1], values: [0] })).not.toBe(zero);
  });

  it('gives its own tensors other names than somebody’s columns have', () => {
    const graph = createGraphBuilder();
    graph.input('c0', 'double');
    graph.input('Add_0', 'double');
    const one = graph.constant({ type: 'double', dims: [], values: [1] });
    const [sum] = graph.node('Add', ['c0', one]);
    expect(new Set(['c0', 'Add_0', one, sum]).size).toBe(4);
  });

  it('refuses what would be no graph', () => {
    const graph = createGraphBuilder();
    graph.input('x', 'double');
    expect(() => graph.input('x', 'string')).toThrow(
      'input "x": the graph has a tensor of that name already',
    );
    expect(() => graph.output('x', 'x', 'double', ['N', 1])).toThrow('output "x"');
    expect(() => graph.node('Abs', ['z'])).toThrow('Abs_0 reads "z", which is no tensor of this graph');
    expect(() => graph.constant({ type: 'float', dims: [2, 2], values: [1] })).toThrow(
      'holds 4 values, not 1',
    );
    expect(() => graph.constant({ type: 'int64', dims: [1], values: [0.5] })).toThrow(
      '0.5 is not an integer',
    );
    expect(() => graph.build({})).toThrow('the graph has no output');
  });

  it('encodes the arrays of a large forest within seconds', () => {
    const n = 1_000_000;
    const graph = createGraphBuilder();
    const x = graph.input('x', 'double');
    const ids = Int32Array.from({ length: n }, (_, i) => i % 8192);
    const attributes = {
      nodes_values: { floats: new Float32Array(n).fill(0.5) },
      nodes_featureids: { ints: ids },
      nodes_truenodeids: { ints: ids },
      nodes_modes: { strings: Array.from(ids, (i) => (i % 2 ? 'LEAF' : 'BRANCH_LEQ')) },
    };
    const started = performance.now();
    graph.output(
      'y',
      graph.node('TreeEnsembleRegressor', [x], attributes, { domain: 'ai.onnx.ml' })[0],
      'float',
      ['N'],
    );
    const bytes = graph.build({});
    expect(performance.now() - started).toBeLessThan(5_000); // 0.3 s on 2 busy cores
    expect(bytes.length).toBeGreaterThan(16 * n);
  });
});
