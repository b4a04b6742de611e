import { BOOSTING_WASM } from '../../kernels/boostingWasm.ts';
import { compile } from '../../kernels/compile.ts';
import type { KernelMemory } from '../../kernels/memory.ts';
import { deriveLogistic, deriveSoftmax } from './classLoss.ts';
import type { Kernels } from './kernels.ts';
import { packAll } from './packedGradients.ts';
import { finish, type Side } from './scan.ts';

/** learning/kernels/boosting.as.ts; numbers are addresses, lengths and float64 values. */
interface Compiled {
  fillHistogram(
    bins: number,
    words: number,
    rows: number,
    count: number,
    packed: number,
    histogram: number,
  ): void;
  partition(column: number, cut: number, rows: number, count: number, scratch: number): number;
  scanBoth(binsOf: number, places: number, first: number, parent: number, l2: number, sides: number): void;
  sumSizes(gradients: number, hessians: number, rows: number, count: number, sums: number): void;
  packAll(
    gradients: number,
    hessians: number,
    count: number,
    gradientSteps: number,
    hessianSteps: number,
    into: number,
  ): void;
  sumSlopes(gradients: number, hessians: number, rows: number, count: number, sums: number): void;
  addTo(scores: number, rows: number, count: number, value: number): void;
  deriveLogistic(y: number, scores: number, count: number, gradients: number, hessians: number): void;
  deriveSoftmax(
    y: number,
    scores: number,
    classes: number,
    count: number,
    stride: number,
    gradients: number,
    hessians: number,
  ): void;
}

/** @param memory for one fit: the arrays of these kernels are never given back to it one by one */
export function compileKernels(memory: KernelMemory): Kernels {
  const compiled = compile<Compiled>(BOOSTING_WASM, memory);
  const at = (array: Uint8Array | Int32Array | Float64Array) => memory.addressOf(array);
  const pairs = memory.float64(16);
  let elsewhere: Int32Array | undefined;

  return {
    uint8: memory.uint8,
    int32: memory.int32,
    float64: memory.float64,
    fillHistogram: ({ bins, words }, rows, from, to, packed, histogram) =>
      compiled.fillHistogram(at(bins), words, at(rows) + 4 * from, to - from, at(packed), at(histogram)),
    partition: ({ bins, length }, column, cut, rows, from, to, scratch) =>
      from + compiled.partition(at(bins) + column * length, cut, at(rows) + 4 * from, to - from, at(scratch)),
    scanBoth({ binsOf }, first, parent, l2, one, two) {
      setPair(0, one.gradient, two.gradient);
      setPair(1, one.hessian + 2 * l2, two.hessian + 2 * l2);
      setPair(2, one.least + l2, two.least + l2);
      compiled.scanBoth(at(binsOf), binsOf.length, at(first), at(parent), l2, at(pairs));
      take(one, 0);
      take(two, 1);
      finish(one, pairs[6], l2, first, binsOf);
      finish(two, pairs[7], l2, parent, binsOf);
    },
    sumSizes(gradients, hessians, offset, rows) {
      const start = 8 * offset;
      compiled.sumSizes(at(gradients) + start, at(hessians) + start, reach(rows), rows.length, at(pairs));
      return { gradient: pairs[0], hessian: pairs[1] };
    },
    packAll(gradients, hessians, offset, count, steps, into) {
      if (count < 2) return packAll(gradients, hessians, offset, count, steps, into);
      const { gradient, hessian } = steps;
      byTwo(count, (from, rows) => {
        const start = 8 * (offset + from);
        compiled.packAll(
          at(gradients) + start,
          at(hessians) + start,
          rows,
          gradient,
          hessian,
          at(into) + 8 * from,
        );
      });
    },
    sumSlopes(gradients, hessians, offset, rows, from, to, hessian) {
      const start = 8 * offset;
      pairs[1] = hessian;
      compiled.sumSlopes(
        at(gradients) + start,
        at(hessians) + start,
        at(rows) + 4 * from,
        to - from,
        at(pairs),
      );
      return { gradient: pairs[0], hessian: pairs[1] };
    },
    addTo: (scores, offset, rows, from, to, value) =>
      compiled.addTo(at(scores) + 8 * offset, at(rows) + 4 * from, to - from, value),
    deriveLogistic(y, scores, rows, stride, gradients, hessians) {
      if (rows < 2) return deriveLogistic(y, scores, rows, stride, gradients, hessians);
      byTwo(rows, (from, count) => {
        const start = 8 * from;
        compiled.deriveLogistic(
          at(y) + start,
          at(scores) + start,
          count,
          at(gradients) + start,
          at(hessians) + start,
        );
      });
    },
    deriveSoftmax(y, scores, classes, rows, stride, gradients, hessians) {
      if (rows < 2) return deriveSoftmax(y, scores, classes, rows, stride, gradients, hessians);
      byTwo(rows, (from, count) => {
        const start = 8 * from;
        compiled.deriveSoftmax(
          at(y) + start,
          at(scores) + start,
          classes,
          count,
          stride,
          at(gradients) + start,
          at(hessians) + start,
        );
      });
    },
  };

  function setPair(pair: number, one: number, two: number): void {
    pairs[2 * pair] = one;
    pairs[2 * pair + 1] = two;
  }

  function take(side: Side, lane: number): void {
    if (pairs[6 + lane] === 0) return;
    side.place = pairs[8 + lane];
    side.cut = pairs[10 + lane];
    side.leftGradient = pairs[12 + lane];
    side.leftHessian = pairs[14 + lane];
  }

  /** The address of rows that may lie elsewhere. */
  function reach(rows: Int32Array): number {
    if (rows.buffer === memory.memory.buffer) return at(rows);
    if (!elsewhere || elsewhere.length < rows.length) elsewhere = memory.int32(rows.length);
    elsewhere.set(rows);
    return at(elsewhere);
  }
}

/** Kernels that write two at once: of an odd number the last but one is written twice, the same both times. */
function byTwo(count: number, write: (from: number, count: number) => void): void {
  write(0, count - (count % 2));
  if (count % 2 === 1) write(count - 2, 2);
}
