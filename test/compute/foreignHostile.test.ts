import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { adoptModel } from '../../compute/foreign/adopt.ts';
import { inspectModel } from '../../compute/foreign/inspect.ts';
import { openForeign } from '../../compute/foreign/open.ts';
import { parseForeignSignature } from '../../config/foreignSignature.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';
import { encodeModel, encodeNode, encodeTensor, encodeValueInfo } from '../../learning/onnx/encode.ts';
import type { GraphBuilder } from '../../learning/onnx/graph.ts';
import { foreignCases, foreignFile } from './foreignFixtures.ts';

/** A file that means harm, or is broken, is refused: before ONNX Runtime sees it, or with the process that opened it. */

const signature = parseForeignSignature({ target: 'y', inputs: [{ name: 'x', columnType: 'number' }] });

/** A graph from `x` [N, 1] to one number. */
function graphOf(body: (graph: GraphBuilder, x: string) => string): Uint8Array {
  const graph = createGraphBuilder();
  const made = body(graph, graph.node('Cast', [graph.input('x', 'double')], { to: { int: 1 } })[0]);
  graph.output('y', made, 'float', ['N']);
  return graph.build({});
}

const ints = (graph: GraphBuilder, ...values: number[]): string =>
  graph.constant({ type: 'int64', dims: [values.length], values });

describe('before it is opened', () => {
  test('at whatever byte it is cut off', () => {
    const whole = foreignFile('flats');
    const { signature: flats } = foreignCases.flats;
    const steps = Array.from({ length: 60 }, (_, i) => Math.floor((whole.length * i) / 60));
    for (const length of steps)
      expect(() => adoptModel(whole.subarray(0, length), flats), `${length} bytes`).toThrow(/The model/);
  });

  test('whatever byte is another', () => {
    const whole = foreignFile('logisticZipMap');
    const { signature: flower } = foreignCases.logisticZipMap;
    for (let at = 0; at < whole.length; at += 3) {
      const broken = whole.slice();
      broken[at] ^= 0xff;
      try {
        adoptModel(broken, flower);
      } catch (error) {
        // What a changed name or number makes of it may be a model; what is refused says so in the project's words.
        expect(error, `byte ${at}`).toMatchObject({ name: 'PerennialError', code: 'INVALID_INPUT' });
      }
    }
  });

  test.each([
    ['text', new TextEncoder().encode('{"model": 1}')],
    ['nothing', new Uint8Array()],
    ['no operators', encodeModel({ nodes: [], initializers: [], inputs: [], outputs: [], metadata: {} })],
  ])('%s', (_, bytes) => {
    expect(() => inspectModel(bytes)).toThrow(
      /The model (is not an ONNX file|is cut off|has no operators|holds field)/,
    );
  });

  test.each(['If', 'Loop', 'Scan', 'SequenceMap', 'RandomNormal', 'NonMaxSuppression'])(
    'the operator %s',
    (op) => {
      const bytes = graphOf((graph, x) => graph.node(op, [x])[0]);
      expect(() => inspectModel(bytes)).toThrow(`holds the operator "${op}", which is not allowed`);
    },
  );

  test('a subgraph in an attribute of an operator that has none', () => {
    const node = encodeNode({
      op: 'Identity',
      domain: '',
      inputs: ['x'],
      outputs: ['y'],
      name: 'n',
      attributes: {},
    });
    // AttributeProto: name "body", g (field 6): an empty GraphProto.
    const attribute = Uint8Array.of(0x0a, 4, ...new TextEncoder().encode('body'), 0x32, 0);
    const withBody = Uint8Array.of(...node, 0x2a, attribute.length, ...attribute);
    expect(() => inspectModel(modelOf([withBody]))).toThrow('holds a subgraph');
  });

  test('an operator of another domain', () => {
    const node = encodeNode({
      op: 'Identity',
      domain: 'com.evil',
      inputs: ['x'],
      outputs: ['y'],
      name: 'n',
      attributes: {},
    });
    expect(() => inspectModel(modelOf([node]))).toThrow('operator domain "com.evil"');
  });

  test('external data', () => {
    const tensor = encodeTensor('c', { type: 'float', dims: [1], values: [1] });
    const external = Uint8Array.of(...tensor, 0x70, 1); // data_location: EXTERNAL
    expect(() => inspectModel(modelOf([identity], [external]))).toThrow('holds external data');
  });

  test('a constant that announces more than it holds', () => {
    const graph = (dims: number[]) => {
      const tensor = encodeTensor('c', { type: 'float', dims, values: [1, 2] });
      return modelOf([identity], [tensor]);
    };
    expect(() => inspectModel(graph([2]))).not.toThrow();
    expect(() => inspectModel(graph([1_000_000, 1_000_000]))).toThrow(
      /shape \[1000000, 1000000\] in \d+ bytes/,
    );
    expect(() => inspectModel(graph([-1]))).toThrow(/shape \[-1\]/);
  });

  test('an operator that makes a size out of nothing', () => {
    const of = (op: string, ...sizes: number[]) =>
      graphOf((graph, x) =>
        op === 'ConstantOfShape'
          ? graph.node(op, [ints(graph, ...sizes)])[0]
          : graph.node(op, [x, ints(graph, ...sizes)])[0],
      );
    expect(() => inspectModel(of('ConstantOfShape', 1000, 1000))).not.toThrow();
    expect(() => inspectModel(of('ConstantOfShape', 1_000_000, 1_000_000))).toThrow(
      /ConstantOfShape that makes 1000000000000 values/,
    );
    expect(() => inspectModel(of('Expand', 100_000, 100_000))).toThrow(/Expand that makes/);
    expect(() => inspectModel(of('Tile', 1, 100_000_000))).toThrow(/Tile that makes/);
  });

  test('a size that a row of data decides, directly or through other operators', () => {
    const direct = graphOf((graph, x) => {
      const [size] = graph.node('Cast', [graph.node('Abs', [x])[0]], { to: { int: 7 } });
      return graph.node('ConstantOfShape', [graph.node('Reshape', [size, ints(graph, -1)])[0]])[0];
    });
    expect(() => inspectModel(direct)).toThrow(/ConstantOfShape as large as the values of "x" say/);
    const ofShape = graphOf((graph, x) => graph.node('ConstantOfShape', [graph.node('Shape', [x])[0]])[0]);
    expect(() => inspectModel(ofShape)).not.toThrow();
  });

  test('more operators than anybody exports; a long chain of them does not exhaust the stack', () => {
    const chain = (length: number) =>
      graphOf((graph, x) => {
        let [size] = graph.node('Shape', [x]);
        for (let i = 0; i < length; i++) [size] = graph.node('Identity', [size]);
        return graph.node('ConstantOfShape', [size])[0];
      });
    expect(() => inspectModel(chain(19_000))).not.toThrow();
    expect(() => inspectModel(chain(20_000))).toThrow(/operators; expected at most 20000/);
  });

  test('an input of three dimensions, or without the number of rows', () => {
    const of = (...dims: (number | 'N')[]) =>
      encodeModel({
        nodes: [identity],
        initializers: [],
        inputs: [encodeValueInfo('x', 'float', dims)],
        outputs: [encodeValueInfo('y', 'float', ['N'])],
        metadata: {},
      });
    expect(() => adoptModel(of('N', 1, 1), signature)).toThrow(/reads "x" of shape \[N, 1, 1\]/);
    expect(() => adoptModel(of(7, 1), signature)).toThrow(/first dimension of None/);
  });
});

describe('in a process of its own', () => {
  test('a model that computes for ever is killed at its deadline, and nothing of it is left', async () => {
    const endless = graphOf((graph, x) => {
      const [one] = graph.node('ReduceSum', [graph.node('Mul', [x, x])[0]], { keepdims: { int: 0 } });
      let [square] = graph.node('Expand', [one, ints(graph, 3000, 3000)]);
      for (let i = 0; i < 200; i++) [square] = graph.node('MatMul', [square, square]);
      const [sum] = graph.node('ReduceSum', [square], { keepdims: { int: 0 } });
      return graph.node('Add', [graph.node('Reshape', [x, ints(graph, -1)])[0], sum])[0];
    });
    const began = Date.now();
    await expect(openForeign(endless, signature, { deadlineMs: 4_000 })).rejects.toThrow(
      /opened in a process of its own, which gave no answer: no answer within 4000 ms/,
    );
    expect(Date.now() - began).toBeLessThan(15_000);
    await expect.poll(children).toEqual([]);
  });

  test('a model that makes much of little is killed where it takes too much memory', async () => {
    const large = graphOf((graph, x) => {
      const outer = (tensor: string): string => {
        const [upright] = graph.node('Reshape', [tensor, ints(graph, -1, 1)]);
        const [flat] = graph.node('Reshape', [tensor, ints(graph, 1, -1)]);
        return graph.node('MatMul', [upright, flat])[0];
      };
      const [sum] = graph.node('ReduceSum', [outer(outer(x))], { keepdims: { int: 0 } });
      return graph.node('Add', [graph.node('Reshape', [x, ints(graph, -1)])[0], sum])[0];
    });
    // 200 rows: 1.6e9 values of 4 bytes. Where the machine does not have them, ONNX Runtime says so itself.
    await expect(openForeign(large, signature)).rejects.toThrow(
      /took more than \d+ bytes of memory|Failed to allocate|bad allocation|bad_alloc/i,
    );
    await expect.poll(children).toEqual([]);
  });

  test('a process that crashes is a refusal', async () => {
    const slow = foreignFile('flats');
    const opening = openForeign(slow, foreignCases.flats.signature);
    const refused = expect(opening).rejects.toThrow(/gave no answer: the process ended with SIG(KILL|SEGV)/);
    await expect
      .poll(() => children().some((pid) => process.kill(pid, 'SIGSEGV')), { timeout: 10_000 })
      .toBe(true);
    await refused;
  });

  test('a graph that cannot be run is refused with ONNX Runtime’s words', async () => {
    const wrong = graphOf(
      (graph, x) =>
        graph.node('MatMul', [x, graph.constant({ type: 'float', dims: [3, 1], values: [1, 2, 3] })])[0],
    );
    await expect(openForeign(wrong, signature)).rejects.toThrow(/The model cannot be run: .*MatMul/s);
  });

  test('one answer for all rows, and an answer that depends on the other rows', async () => {
    const one = graphOf((graph, x) => graph.node('ReduceSum', [x], { keepdims: { int: 0 } })[0]);
    await expect(openForeign(one, signature)).rejects.toThrow(/is of shape \[1\] for 200 rows/);
    const mixed = graphOf((graph, x) => graph.node('Sub', [x, graph.node('ReduceMean', [x])[0]])[0]);
    await expect(openForeign(mixed, signature)).rejects.toThrow(/otherwise when it is alone/);
  });

  test('no number', async () => {
    const none = graphOf(
      (graph, x) => graph.node('Sqrt', [graph.node('Neg', [graph.node('Abs', [x])[0]])[0]])[0],
    );
    await expect(openForeign(none, signature)).rejects.toThrow(/answers a row with no number/);
  });
});

const identity = encodeNode({
  op: 'Identity',
  domain: '',
  inputs: ['x'],
  outputs: ['y'],
  name: 'n',
  attributes: {},
});

function modelOf(nodes: Uint8Array[], initializers: Uint8Array[] = []): Uint8Array {
  const inputs = [encodeValueInfo('x', 'float', ['N', 1])];
  const outputs = [encodeValueInfo('y', 'float', ['N', 1])];
  return encodeModel({ nodes, initializers, inputs, outputs, metadata: {} });
}

/** Processes of this one that have a model open. */
function children(): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), '-f', 'parity.mjs'], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean).map(Number);
}
