import { compile } from '../../kernels/compile.ts';
import { KernelMemory } from '../../kernels/memory.ts';
import { SOFTMAX_WASM } from '../../kernels/softmaxWasm.ts';
import { totalWeight } from '../weights.ts';
import { addPairs, BLOCK } from './plainSoftmaxLoss.ts';
import type { LabelledRows, SoftmaxLoss } from './softmaxLoss.ts';

/** learning/kernels/softmax.as.ts; numbers are addresses and lengths. */
interface Compiled {
  evaluate(
    x: number,
    y: number,
    rowWeights: number,
    blocks: number,
    columns: number,
    free: number,
    weights: number,
    z: number,
    scores: number,
    rest: number,
    sums: number,
  ): void;
  curvature(
    x: number,
    rowWeights: number,
    blocks: number,
    columns: number,
    free: number,
    weights: number,
    z: number,
    scores: number,
    rest: number,
    sums: number,
    scale: number,
    full: boolean,
  ): void;
  sumFeatures(x: number, rowWeights: number, blocks: number, columns: number, sums: number): void;
  sumSquares(
    x: number,
    rowWeights: number,
    blocks: number,
    columns: number,
    means: number,
    sums: number,
    varies: number,
  ): void;
}

/**
 * Copies the rows to the memory of the kernels.
 *
 * @param withBlocks whether there must be room for blocks of the Hessian
 * @returns undefined where the memory cannot hold it all
 */
export function compiledSoftmaxLoss(data: LabelledRows, withBlocks: boolean): SoftmaxLoss | undefined {
  const { columns, train, weights: rowWeights } = data;
  const size = columns + 1;
  const free = data.classes === 2 ? 1 : data.classes;
  const blocks = Math.ceil(train.length / BLOCK);
  const lengths = {
    float32: [blocks * columns * BLOCK, 4 * columns],
    float64: [
      ...[blocks * BLOCK, blocks * BLOCK], // y, weights of rows
      ...[free * size, size * BLOCK, free * BLOCK, 3 * BLOCK], // weights, z, scores, rest
      ...[2 * (free * size + 1), 2 * columns, 2 * columns], // sums, means and scales, squares
      2 * free * size * (withBlocks ? size : 1), // curvatures
    ],
  };
  const bytes = (count: number, each: number) => KernelMemory.sizeOf(count * each);
  const memory = KernelMemory.of(
    lengths.float32.reduce((sum, count) => sum + bytes(count, 4), 0) +
      lengths.float64.reduce((sum, count) => sum + bytes(count, 8), 0),
  );
  if (!memory) return undefined;
  const [x, varies] = lengths.float32.map(memory.float32);
  const [y, counts, point, z, scores, rest, sums, scale, squares, curvatures] = lengths.float64.map(
    memory.float64,
  );
  const at = (array: Float32Array | Float64Array) => memory.addressOf(array);
  const kernels = compile<Compiled>(SOFTMAX_WASM, memory);
  layRows(data, x);
  for (let i = 0; i < train.length; i++) y[i] = data.y[train[i]];
  for (let i = 0; i < train.length; i++) counts[i] = rowWeights ? rowWeights[train[i]] : 1;
  z.fill(1, columns * BLOCK);
  rest.fill(-1, 2 * BLOCK);

  return {
    free,
    moments() {
      const total = totalWeight(train, rowWeights);
      const features = squares.fill(0);
      kernels.sumFeatures(at(x), at(counts), blocks, columns, at(features));
      const means = addPairs(features).map((sum) => sum / total);
      scale.set(means);
      squares.fill(0);
      varies.fill(0);
      kernels.sumSquares(at(x), at(counts), blocks, columns, at(scale), at(squares), at(varies));
      const bits = new Int32Array(varies.buffer, varies.byteOffset, varies.length);
      const deviations = addPairs(squares).map((sum, f) =>
        bits.subarray(4 * f, 4 * f + 4).some((differs) => differs !== 0) ? Math.sqrt(sum / total) : 0,
      );
      return { means, deviations };
    },
    evaluate(weights, gradient) {
      point.set(weights);
      sums.fill(0);
      kernels.evaluate(
        ...([at(x), at(y), at(counts), blocks, columns, free] as const),
        ...([at(point), at(z), at(scores), at(rest), at(sums)] as const),
      );
      const all = addPairs(sums);
      gradient.set(all.subarray(0, weights.length));
      return all[weights.length];
    },
    curvature(weights, means, inverse, full) {
      point.set(weights);
      curvatures.fill(0);
      for (let f = 0; f < columns; f++) {
        scale[2 * f] = means[f];
        scale[2 * f + 1] = inverse[f];
      }
      kernels.curvature(
        ...([at(x), at(counts), blocks, columns, free] as const),
        ...([at(point), at(z), at(scores), at(rest), at(curvatures), at(scale), full] as const),
      );
      const each = full ? size * size : size;
      const all = addPairs(curvatures.subarray(0, 2 * free * each));
      return Array.from({ length: free }, (_, k) => all.slice(k * each, (k + 1) * each));
    },
  };
}

/** [blocks, columns, BLOCK]: of each block feature after feature, the last row repeated where a block has fewer. */
function layRows({ x, columns, train }: LabelledRows, into: Float32Array): void {
  const start = (i: number) => train[Math.min(i, train.length - 1)] * columns;
  for (let i = 0, to = 0; i < train.length; i += BLOCK) {
    const a = start(i);
    const b = start(i + 1);
    const c = start(i + 2);
    const d = start(i + 3);
    const e = start(i + 4);
    const f = start(i + 5);
    const g = start(i + 6);
    const h = start(i + 7);
    for (let column = 0; column < columns; column++, to += BLOCK) {
      into[to] = x[a + column];
      into[to + 1] = x[b + column];
      into[to + 2] = x[c + column];
      into[to + 3] = x[d + column];
      into[to + 4] = x[e + column];
      into[to + 5] = x[f + column];
      into[to + 6] = x[g + column];
      into[to + 7] = x[h + column];
    }
  }
}
