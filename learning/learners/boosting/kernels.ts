import { KernelMemory } from '../../kernels/memory.ts';
import { compileKernels } from './compiledKernels.ts';
import { histogramLength } from './histogram.ts';
import { wordsOf, type Columns, type PackedRows } from './packedBins.ts';
import type { Steps } from './packedGradients.ts';
import { plainKernels } from './plainKernels.ts';
import type { Side } from './scan.ts';

/**
 * The loops in which a fit spends its time, once in TypeScript (plainKernels.ts) and once compiled
 * (compiledKernels.ts), with the same results to the last bit. Each stands, explained, in the file that is named here.
 * Arrays that a kernel is given come from `uint8`, `int32` and `float64`, which make them of zeros.
 */
export interface Kernels {
  uint8(length: number): Uint8Array;
  int32(length: number): Int32Array;
  float64(length: number): Float64Array;
  /** histogram.ts */
  fillHistogram(
    bins: PackedRows,
    rows: Int32Array,
    from: number,
    to: number,
    packed: Float64Array,
    histogram: Float64Array,
  ): void;
  /** partition.ts */
  partition(
    columns: Columns,
    column: number,
    cut: number,
    rows: Int32Array,
    from: number,
    to: number,
    scratch: Int32Array,
  ): number;
  /** scan.ts */
  scanBoth(
    bins: PackedRows,
    first: Float64Array,
    parent: Float64Array,
    l2: number,
    one: Side,
    two: Side,
  ): void;
  /** packedGradients.ts; `rows` may be any array. */
  sumSizes(gradients: Float64Array, hessians: Float64Array, offset: number, rows: Int32Array): Steps;
  /** packedGradients.ts */
  packAll(
    gradients: Float64Array,
    hessians: Float64Array,
    offset: number,
    count: number,
    steps: Steps,
    into: Float64Array,
  ): void;
  /** newton.ts */
  sumSlopes(
    gradients: Float64Array,
    hessians: Float64Array,
    offset: number,
    rows: Int32Array,
    from: number,
    to: number,
    hessian: number,
  ): { gradient: number; hessian: number };
  /** newton.ts */
  addTo(
    scores: Float64Array,
    offset: number,
    rows: Int32Array,
    from: number,
    to: number,
    value: number,
  ): void;
  /** classLoss.ts */
  deriveLogistic(
    y: Float64Array,
    scores: Float64Array,
    rows: number,
    stride: number,
    gradients: Float64Array,
    hessians: Float64Array,
  ): void;
  /** classLoss.ts */
  deriveSoftmax(
    y: Float64Array,
    scores: Float64Array,
    classes: number,
    rows: number,
    stride: number,
    gradients: Float64Array,
    hessians: Float64Array,
  ): void;
}

/** What a fit's arrays depend on. */
export interface FitShape {
  rows: number;
  columns: number;
  scores: number;
  /** Most histograms at the same time. */
  histograms: number;
}

/** The compiled kernels, or where a fit is too large for their memory those in TypeScript, which take their time. */
export function kernelsFor(shape: FitShape): Kernels {
  const memory = KernelMemory.of(bytesFor(shape));
  return memory ? compileKernels(memory) : plainKernels;
}

/** Of the arrays of rounds.ts and leafWise.ts, one by one. */
function bytesFor({ rows, columns, scores, histograms }: FitShape): number {
  const words = wordsOf(columns);
  const arrays = [
    rows * columns, // bins by column
    4 * rows * words, // bins by row
    4 * columns,
    8 * rows, // y
    ...[8 * rows * scores, 8 * rows * scores, 8 * rows * scores], // scores, gradients, Hessians
    8 * rows, // packed
    ...[4 * rows, 4 * rows, 4 * rows], // positions, scratch of the partition, rows that lie elsewhere
    ...Array.from({ length: histograms }, () => 8 * histogramLength(columns)),
    128, // pairs for and of the scan
  ];
  return arrays.reduce((sum, bytes) => sum + KernelMemory.sizeOf(bytes), 0);
}
