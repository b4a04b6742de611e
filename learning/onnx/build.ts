import { encodeModel, encodeNode, encodeTensor, encodeValueInfo, rawBytes } from './encode.ts';
import type { Attribute, Constant, ElementType, GraphBuilder } from './graph.ts';

/**
 * A new, empty ONNX graph (opset 17, ai.onnx.ml 3, IR 8). The same calls give the same bytes.
 *
 * @throws RangeError from its methods on a tensor that does not exist, a name used twice, or a constant whose number
 *   of values is not the product of its dims.
 */
export function createGraphBuilder(): GraphBuilder {
  const nodes: Uint8Array[] = [];
  const initializers: Uint8Array[] = [];
  const inputs: Uint8Array[] = [];
  const outputs: Uint8Array[] = [];
  const names = new Set<string>();
  const shared = new Map<string, string>();

  function claim(name: string, what: string): string {
    if (name === '') throw new RangeError(`${what} needs a name`);
    if (names.has(name))
      throw new RangeError(`${what} "${name}": the graph has a tensor of that name already`);
    names.add(name);
    return name;
  }

  /** Inputs carry the names of somebody's columns, so names made here step aside. */
  function invent(stem: string): string {
    let name = stem;
    while (names.has(name)) name += '_';
    names.add(name);
    return name;
  }

  function known(tensor: string, reader: string): string {
    if (!names.has(tensor))
      throw new RangeError(`${reader} reads "${tensor}", which is no tensor of this graph`);
    return tensor;
  }

  function identity(tensor: string, output: string): void {
    nodes.push(
      encodeNode({
        op: 'Identity',
        domain: '',
        inputs: [tensor],
        outputs: [output],
        name: `Identity_${nodes.length}`,
        attributes: {},
      }),
    );
  }

  return {
    input(name, type) {
      claim(name, 'input');
      inputs.push(encodeValueInfo(name, type, ['N', 1]));
      return name;
    },

    constant(value) {
      refuseMisshapen(value);
      const key = sharingKey(value);
      const existing = key === undefined ? undefined : shared.get(key);
      if (existing !== undefined) return existing;
      const name = invent(`c${initializers.length}`);
      initializers.push(encodeTensor(name, value));
      if (key !== undefined) shared.set(key, name);
      return name;
    },

    node(op, reads, attributes: Record<string, Attribute> = {}, options = {}) {
      const name = `${op}_${nodes.length}`;
      for (const tensor of reads) if (tensor !== '') known(tensor, name); // '' leaves an optional input out
      const count = options.outputs ?? 1;
      const written = Array.from({ length: count }, (_, i) => invent(count === 1 ? name : `${name}_${i}`));
      nodes.push(
        encodeNode({ op, domain: options.domain ?? '', inputs: reads, outputs: written, name, attributes }),
      );
      return written;
    },

    embed(make) {
      let prefix = 'external/';
      while ([...names].some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
      const inner = (tensor: string): string => prefix + tensor;
      const part = make(inner);
      part.tensors.forEach((tensor) => claim(tensor, 'tensor'));
      nodes.push(...part.nodes);
      initializers.push(...part.initializers);
      return inner;
    },

    output(name: string, tensor: string, type: ElementType, dims: (number | 'N')[]) {
      known(tensor, `output "${name}"`);
      claim(name, 'output');
      identity(tensor, name);
      outputs.push(encodeValueInfo(name, type, dims));
    },

    build(metadata) {
      if (outputs.length === 0) throw new RangeError('the graph has no output');
      return encodeModel({ nodes, initializers, inputs, outputs, metadata });
    },
  };
}

function refuseMisshapen({ type, dims, values }: Constant): void {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size !== values.length) {
    throw new RangeError(
      `a ${type} constant of shape [${dims.join(', ')}] holds ${size} values, not ${values.length}`,
    );
  }
}

const MAX_SHARED_VALUES = 64;

/** Equal small constants are written once; comparing large ones would cost more than it saves. */
function sharingKey({ type, dims, values }: Constant): string | undefined {
  if (values.length > MAX_SHARED_VALUES) return undefined;
  const body =
    type === 'string' ? JSON.stringify(values) : String(rawBytes(type, values as ArrayLike<number>));
  return `${type} ${dims.join()} ${body}`;
}
