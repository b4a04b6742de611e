import { describe, expect, it } from 'vitest';
import { decodeFeatures, encodeFeatures, featureReader, type Features } from '../../activities/features.ts';
import { decodeTensors, encodeTensors } from '../../activities/tensors.ts';
import { binMatrix } from '../../learning/binning.ts';
import type { ArtifactStore } from '../../store/types.ts';

describe('a tensor file', () => {
  it('gives back what was put in, on shared memory, whatever the lengths', () => {
    const tensors = {
      a: Float32Array.of(1.5, NaN, -Infinity),
      b: Uint8Array.of(1, 2, 3, 4, 5),
      c: Float64Array.of(Math.PI),
      d: Int32Array.of(-1, 2 ** 31 - 1),
      empty: new Float32Array(0),
    };
    const file = decodeTensors(encodeTensors({ metadata: { what: 'é "quoted"' }, tensors }));
    expect(file.metadata).toEqual({ what: 'é "quoted"' });
    expect(file.tensors).toEqual(tensors);
    expect(file.tensors.a?.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('is laid out as the safetensors format says', () => {
    const bytes = encodeTensors({ metadata: {}, tensors: { x: Float32Array.of(1, 2) } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as object;
    expect(header).toMatchObject({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } });
    expect(bytes.length).toBe(8 + length + 8);
  });

  it('of any number of dimensions comes flat, row by row, with its shape', () => {
    const values = Float64Array.of(0.1, 0.9, 0.2, 0.8, 0.3, 0.7);
    const file = decodeTensors(
      rawFile({ fold_0: { dtype: 'F64', shape: [3, 2], data_offsets: [0, 48] } }, values),
    );
    expect(file.tensors.fold_0).toEqual(values);
    expect(file.shapes).toEqual({ fold_0: [3, 2] });
  });

  it('that another program wrote without alignment is read', () => {
    const bytes = new Uint8Array(4 + 16);
    bytes.set(new Uint8Array(Float32Array.of(1.5).buffer));
    bytes.set(new Uint8Array(Float64Array.of(Math.PI, -1).buffer), 4);
    const header = {
      a: { dtype: 'F32', shape: [1, 1], data_offsets: [0, 4] },
      b: { dtype: 'F64', shape: [2], data_offsets: [4, 20] },
    };
    const { tensors, metadata } = decodeTensors(rawFile(header, bytes));
    expect(tensors).toEqual({ a: Float32Array.of(1.5), b: Float64Array.of(Math.PI, -1) });
    expect(tensors.b?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(metadata).toEqual({});
  });

  it.each([
    [
      'a type that is none',
      { dtype: 'BF16', shape: [1], data_offsets: [0, 2] },
      /x\.dtype .*"BF16".*F32, F64/,
    ],
    ['no shape', { dtype: 'F32', data_offsets: [0, 4] }, /x\.shape .*missing.*list of lengths/],
    ['a shape below 0', { dtype: 'F32', shape: [-1], data_offsets: [0, 4] }, /x\.shape .*\[-1\]/],
    [
      'fewer bytes than its shape',
      { dtype: 'F32', shape: [2, 2], data_offsets: [0, 8] },
      /x\.data_offsets .*\[0,8\].*16 bytes for F32 \[2, 2\]/,
    ],
    [
      'bytes beyond the file',
      { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
      /x\.data_offsets .*of the 8/,
    ],
    ['no entry', null, /x\.dtype .*missing/],
  ])('with %s is refused by name', (_, entry, message) => {
    expect(() => decodeTensors(rawFile({ x: entry }, Float32Array.of(1, 2)))).toThrow(message);
  });

  it('that was cut short, or has no header, is refused', () => {
    const bytes = encodeTensors({ metadata: {}, tensors: { x: new Float64Array(100) } });
    expect(() => decodeTensors(bytes.subarray(0, bytes.length - 8))).toThrow(
      /x\.data_offsets is not readable/,
    );
    expect(() => decodeTensors(bytes.subarray(0, 20))).toThrow(/header is not readable: .*20 bytes/);
    expect(() => decodeTensors(bytes.subarray(0, 3))).toThrow(/header is not readable/);
    expect(() => decodeTensors(rawFile('no object', new Uint8Array(0)))).toThrow(/a JSON object/);
  });
});

/** As another program may write it: a header of one's own before the arrays' bytes. */
function rawFile(header: unknown, values: Float32Array | Float64Array | Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + values.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 8 + text.length);
  return bytes;
}

describe('features', () => {
  const x = Float32Array.of(1, 10, 2, 10, 3, 30, 4, 40);
  const features: Features = {
    facts: {
      task: 'binary',
      classes: ['no', 'yes'],
      positive: 1,
      rows: 4,
      columns: 2,
      encoders: { inputs: [], blocks: [], features: ['a', 'b'], dropped: [] },
    },
    x,
    y: Float64Array.of(0, 1, 0, 1),
    binned: binMatrix(x, 4, 2),
  };

  it('come back with their bins, edge for edge', () => {
    const back = decodeFeatures(encodeFeatures(features));
    expect(back.facts).toEqual(features.facts);
    expect(back.binned.edges.map((e) => [...e])).toEqual(features.binned.edges.map((e) => [...e]));
    expect([...back.binned.bins]).toEqual([...features.binned.bins]);
  });

  it('are the same bytes every time', () => {
    expect(encodeFeatures(features)).toEqual(encodeFeatures(features));
  });

  it('are read once by all candidates of a search, and again after a failed read', async () => {
    let reads = 0;
    const get = (): Promise<Uint8Array> =>
      ++reads === 1
        ? Promise.reject(new Error('connection lost'))
        : Promise.resolve(encodeFeatures(features));
    const read = featureReader({ get } as unknown as ArtifactStore);
    await expect(read('d1')).rejects.toThrow('connection lost');
    const [a, b] = await Promise.all([read('d1'), read('d1')]);
    expect(a).toBe(b);
    expect(reads).toBe(2);
  });
});
