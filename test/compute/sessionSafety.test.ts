import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { refuseUnsafeModel } from '../../compute/safety.ts';
import { openSession } from '../../compute/session.ts';
import { createGraphBuilder } from '../../learning/onnx/build.ts';

/** A hostile file is refused before ONNX Runtime sees a byte of it. Files are written by hand, field by field. */
type Field = [number, Uint8Array | string | number];

function message(...fields: Field[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, value] of fields) {
    if (typeof value === 'number') writer.uint32(field * 8).int64(value);
    else if (typeof value === 'string') writer.uint32(field * 8 + 2).string(value);
    else writer.uint32(field * 8 + 2).bytes(value);
  }
  return writer.finish();
}

const model = (...graph: Field[]) => message([1, 8], [7, message(...graph)], [8, message([1, ''], [2, 17])]);
const node = (...fields: Field[]): Field => [1, message([4, 'Identity'], ...fields)];
const subgraph = message([1, 'body'], [6, message()], [20, 5]);

const hostile: [string, Uint8Array, string][] = [
  ['a Loop', model([1, message([4, 'Loop'])]), 'holds the operator "Loop"'],
  ['an If', model([1, message([4, 'If'])]), 'holds the operator "If"'],
  ['random numbers', model([1, message([4, 'RandomNormal'])]), 'holds the operator "RandomNormal"'],
  ['a custom domain', model(node([7, 'com.microsoft'])), 'uses the operator domain "com.microsoft"'],
  ['a custom opset', message([8, message([1, 'evil'], [2, 1])]), 'uses the operator domain "evil"'],
  ['a subgraph under a harmless name', model(node([5, subgraph])), 'holds a subgraph'],
  ['an operator named twice', model([1, message([4, 'Loop'], [4, 'Identity'])]), 'holds the operator "Loop"'],
  [
    'a second graph',
    message([7, message()], [7, message([1, message([4, 'Scan'])])]),
    'holds the operator "Scan"',
  ],
  ['an external initializer', model([5, message([14, 1])]), 'holds external data'],
  [
    'an external location',
    model([5, message([13, message([1, 'location'], [2, '/etc/passwd'])])]),
    'holds external data',
  ],
  ['external data in an attribute', model(node([5, message([5, message([14, 1])])])), 'holds external data'],
  ['a sparse initializer', model([15, message()]), 'holds a sparse initializer'],
  ['functions', message([25, message()]), 'holds functions'],
  ['a training graph', message([20, message()]), 'holds a training graph'],
  ['a field of a later format', model(node([99, 'x'])), 'holds field 99 of NodeProto'],
  ['a graph in the wrong wire type', message([7, 1]), 'holds field 7 of ModelProto'],
  ['text', new TextEncoder().encode('{"not": "onnx"}'), 'The model '],
  ['half a file', createModel().subarray(0, 60), 'The model '],
];

function createModel(): Uint8Array {
  const graph = createGraphBuilder();
  graph.output('features', graph.node('Abs', [graph.input('x', 'double')])[0], 'double', ['N', 1]);
  return graph.build({});
}

describe('refuseUnsafeModel', () => {
  it.each(hostile)('refuses %s', async (_name, bytes, found) => {
    expect(() => refuseUnsafeModel(bytes)).toThrow(found);
    await expect(openSession(bytes)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'model' });
  });

  it('passes what this project writes', () => {
    refuseUnsafeModel(createModel());
  });

  it('says so where ONNX Runtime cannot load a harmless file', async () => {
    await expect(openSession(model(node([1, 'nowhere'], [2, 'y'])))).rejects.toThrow(
      'ONNX Runtime cannot load the model',
    );
    await expect(openSession(new Uint8Array(0))).rejects.toThrow('ONNX Runtime cannot load the model');
  });
});
