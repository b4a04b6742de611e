import type { Problem } from '../learning/types.ts';

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The array on a SharedArrayBuffer, which threads see without a copy; itself where it is there already. */
export function share<A extends Numbers>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const bytes = new SharedArrayBuffer(array.byteLength);
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => A)(bytes);
  copy.set(array);
  return copy;
}

export function shareProblem(problem: Problem): Problem {
  const { x, y, train, binned, weights } = problem;
  return {
    ...problem,
    x: share(x),
    y: share(y),
    train: share(train),
    ...(weights ? { weights: share(weights) } : {}),
    binned: { ...binned, bins: share(binned.bins) },
  };
}
