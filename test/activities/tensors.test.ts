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

  it('that was cut short is refused', () => {
    const bytes = encodeTensors({ metadata: {}, tensors: { x: new Float64Array(100) } });
    expect(() => decodeTensors(bytes.subarray(0, bytes.length - 8))).toThrow(/entry x is not readable/);
  });
});

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
