/**
 * The loops of a linear softmax model, on plain memory: eight rows at a time, two to a vector. Each does, bit for bit, what
 * the method of PlainSoftmaxLoss (learning/learners/linear/plainSoftmaxLoss.ts) that is named with it does in TypeScript;
 * a test holds them to it. Addresses are in bytes; arrays lie one after another, and nothing here has data of its own.
 *
 * Arrays: `x` float32 [blocks, columns, 8]; `y` and `rowWeights` float64 [blocks, 8]; `weights` float64
 * [free, columns + 1]; scratch, all float64: `z` [columns + 1, 8], the last 8 of
 * them 1; `scores` [free, 8]; `rest` [3, 8], the last 8 of them -1.
 */
import { exp } from './exp.as';
import { log } from './log.as';

/** evaluate. @param sums float64 [free, columns + 1, 2], all 0; then the loss, [2] */
export function evaluate(
  x: usize,
  y: usize,
  rowWeights: usize,
  blocks: i32,
  columns: i32,
  free: i32,
  weights: usize,
  z: usize,
  scores: usize,
  rest: usize,
  sums: usize,
): void {
  const row = (<usize>(columns + 1)) << 6;
  const end = scores + ((<usize>free) << 6);
  const losses = sums + ((<usize>free * <usize>(columns + 1)) << 4);
  for (let block = 0; block < blocks; block++, y += 64, rowWeights += 64) {
    x = widen(x, columns, z);
    score(z, row, weights, scores, end);
    share(scores, end, y, rowWeights, rest);
    let loss = v128.load(losses);
    for (let pair = rest; pair < rest + 64; pair += 16) {
      const value = f64x2.add(v128.load(pair), log(v128.load(pair, 64)));
      loss = f64x2.add(loss, f64x2.mul(v128.load(rowWeights + (pair - rest)), value));
    }
    v128.store(losses, loss);
    let into = sums;
    for (let at = scores; at < end; at += 64) {
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      for (let from = z; from < z + row; from += 64, into += 16) {
        const ab = f64x2.add(f64x2.mul(a, v128.load(from)), f64x2.mul(b, v128.load(from, 16)));
        const cd = f64x2.add(f64x2.mul(c, v128.load(from, 32)), f64x2.mul(d, v128.load(from, 48)));
        v128.store(into, f64x2.add(v128.load(into), f64x2.add(ab, cd)));
      }
    }
  }
}

/**
 * curvature.
 *
 * @param scale float64 [columns, 2]: means and 1 / deviations of the features
 * @param sums float64, all 0: [free, columns + 1, columns + 1, 2], or where it is not `full` [free, columns + 1, 2]
 */
export function curvature(
  x: usize,
  rowWeights: usize,
  blocks: i32,
  columns: i32,
  free: i32,
  weights: usize,
  z: usize,
  scores: usize,
  rest: usize,
  sums: usize,
  scale: usize,
  full: bool,
): void {
  const row = (<usize>(columns + 1)) << 6;
  const line = full ? (<usize>(columns + 1)) << 4 : 16;
  const end = scores + ((<usize>free) << 6);
  const one = f64x2.splat(1);
  for (let block = 0; block < blocks; block++, rowWeights += 64) {
    x = widen(x, columns, z);
    score(z, row, weights, scores, end);
    share(scores, end, rest + 128, z + row - 64, rest);
    for (let at = scores; at < end; at += 16) {
      const p = v128.load(at);
      const weight = v128.load(rowWeights + ((at - scores) & 48));
      v128.store(at, f64x2.mul(f64x2.mul(weight, p), f64x2.sub(one, p)));
    }
    let own = scale;
    for (let at = z; at < z + row - 64; at += 64, own += 16) {
      const mean = v128.load64_splat(own);
      const inverse = v128.load64_splat(own, 8);
      v128.store(at, f64x2.mul(f64x2.sub(v128.load(at), mean), inverse));
      v128.store(at, f64x2.mul(f64x2.sub(v128.load(at, 16), mean), inverse), 16);
      v128.store(at, f64x2.mul(f64x2.sub(v128.load(at, 32), mean), inverse), 32);
      v128.store(at, f64x2.mul(f64x2.sub(v128.load(at, 48), mean), inverse), 48);
    }
    let into = sums;
    for (let at = scores; at < end; at += 64) {
      for (let from = z; from < z + row; from += 64, into += line) {
        const a = f64x2.mul(v128.load(at), v128.load(from));
        const b = f64x2.mul(v128.load(at, 16), v128.load(from, 16));
        const c = f64x2.mul(v128.load(at, 32), v128.load(from, 32));
        const d = f64x2.mul(v128.load(at, 48), v128.load(from, 48));
        for (let other = full ? z : from, to = into; other <= from; other += 64, to += 16) {
          const ab = f64x2.add(f64x2.mul(a, v128.load(other)), f64x2.mul(b, v128.load(other, 16)));
          const cd = f64x2.add(f64x2.mul(c, v128.load(other, 32)), f64x2.mul(d, v128.load(other, 48)));
          v128.store(to, f64x2.add(v128.load(to), f64x2.add(ab, cd)));
        }
      }
    }
  }
}

/** The first sums of moments: of the features. @param sums float64 [columns, 2], all 0 */
export function sumFeatures(x: usize, rowWeights: usize, blocks: i32, columns: i32, sums: usize): void {
  const end = sums + ((<usize>columns) << 4);
  for (let block = 0; block < blocks; block++, rowWeights += 64) {
    const a = v128.load(rowWeights);
    const b = v128.load(rowWeights, 16);
    const c = v128.load(rowWeights, 32);
    const d = v128.load(rowWeights, 48);
    for (let into = sums; into < end; into += 16, x += 32) {
      const ab = f64x2.add(f64x2.mul(a, two(x)), f64x2.mul(b, two(x + 8)));
      const cd = f64x2.add(f64x2.mul(c, two(x + 16)), f64x2.mul(d, two(x + 24)));
      v128.store(into, f64x2.add(v128.load(into), f64x2.add(ab, cd)));
    }
  }
}

/**
 * The second sums of moments: of the squared distances from the means.
 *
 * @param means float64 [columns]
 * @param sums float64 [columns, 2], all 0
 * @param varies float32 [columns, 4], all 0; some bit of a column whose values are not all those of the first row is set
 */
export function sumSquares(
  x: usize,
  rowWeights: usize,
  blocks: i32,
  columns: i32,
  means: usize,
  sums: usize,
  varies: usize,
): void {
  const first = x;
  const end = sums + ((<usize>columns) << 4);
  for (let block = 0; block < blocks; block++, rowWeights += 64) {
    const a = v128.load(rowWeights);
    const b = v128.load(rowWeights, 16);
    const c = v128.load(rowWeights, 32);
    const d = v128.load(rowWeights, 48);
    let start = first;
    let mean = means;
    let differs = varies;
    for (let into = sums; into < end; into += 16, x += 32, start += 32, mean += 8, differs += 16) {
      const m = v128.load64_splat(mean);
      const e = f64x2.sub(two(x), m);
      const f = f64x2.sub(two(x + 8), m);
      const g = f64x2.sub(two(x + 16), m);
      const h = f64x2.sub(two(x + 24), m);
      const ab = f64x2.add(f64x2.mul(f64x2.mul(a, e), e), f64x2.mul(f64x2.mul(b, f), f));
      const cd = f64x2.add(f64x2.mul(f64x2.mul(c, g), g), f64x2.mul(f64x2.mul(d, h), h));
      v128.store(into, f64x2.add(v128.load(into), f64x2.add(ab, cd)));
      const value = v128.load32_splat(start);
      const other = v128.or(f32x4.ne(v128.load(x), value), f32x4.ne(v128.load(x, 16), value));
      v128.store(differs, v128.or(v128.load(differs), other));
    }
  }
}

/** Two float32 as float64. */
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** A block's features as float64. @returns where the next block is */
function widen(x: usize, columns: i32, z: usize): usize {
  const end = x + ((<usize>columns) << 5);
  for (; x < end; x += 32, z += 64) {
    v128.store(z, two(x));
    v128.store(z, two(x + 8), 16);
    v128.store(z, two(x + 16), 32);
    v128.store(z, two(x + 24), 48);
  }
  return end;
}

/** The scores of a block's rows, class after class. */
function score(z: usize, row: usize, weights: usize, scores: usize, end: usize): void {
  for (; scores < end; scores += 64) {
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let from = z; from < z + row; from += 64, weights += 8) {
      const weight = v128.load64_splat(weights);
      a = f64x2.add(a, f64x2.mul(v128.load(from), weight));
      b = f64x2.add(b, f64x2.mul(v128.load(from, 16), weight));
      c = f64x2.add(c, f64x2.mul(v128.load(from, 32), weight));
      d = f64x2.add(d, f64x2.mul(v128.load(from, 48), weight));
    }
    v128.store(scores, a);
    v128.store(scores, b, 16);
    v128.store(scores, c, 32);
    v128.store(scores, d, 48);
  }
}

/**
 * Turns a block's scores into probability less truth, times weight. Of -log p(truth), which is a + log b, it leaves a and b
 * in `rest`.
 */
function share(scores: usize, end: usize, y: usize, rowWeights: usize, rest: usize): void {
  const one = f64x2.splat(1);
  const two = end - scores === 64;
  for (let pair: usize = 0; pair < 64; pair += 16) {
    const truth = v128.load(y + pair);
    const first = v128.load(scores + pair);
    let highest = first;
    let own = v128.and(first, f64x2.eq(truth, two ? one : f64x2.splat(0)));
    if (two) {
      highest = v128.and(first, f64x2.ge(first, f64x2.splat(0)));
      // The sign says later on whose share it is.
      v128.store(scores + pair, f64x2.neg(f64x2.abs(first)));
      v128.store(rest + pair, first, 64);
    } else {
      for (let at = scores + pair + 64; at < end; at += 64) highest = f64x2.pmax(highest, v128.load(at));
      let k = f64x2.splat(0);
      for (let at = scores + pair; at < end; at += 64) {
        const value = v128.load(at);
        own = v128.bitselect(value, own, f64x2.eq(truth, k));
        v128.store(at, f64x2.sub(value, highest));
        k = f64x2.add(k, one);
      }
    }
    v128.store(rest + pair, f64x2.sub(highest, own));
  }
  // One place that asks for exponentials: there the compiler can set the loop's constants up before it.
  for (let at = scores; at < end; at += 16) v128.store(at, exp(v128.load(at)));
  for (let pair: usize = 0; pair < 64; pair += 16) {
    const truth = v128.load(y + pair);
    const weight = v128.load(rowWeights + pair);
    if (two) {
      const small = v128.load(scores + pair);
      const sum = f64x2.add(one, small);
      const positive = f64x2.ge(v128.load(rest + pair, 64), f64x2.splat(0));
      const p = f64x2.div(v128.bitselect(one, small, positive), sum);
      const less = v128.and(f64x2.eq(truth, one), one);
      v128.store(scores + pair, f64x2.mul(weight, f64x2.sub(p, less)));
      v128.store(rest + pair, sum, 64);
      continue;
    }
    let sum = f64x2.splat(0);
    for (let at = scores + pair; at < end; at += 64) sum = f64x2.add(sum, v128.load(at));
    v128.store(rest + pair, sum, 64);
    const inverse = f64x2.div(one, sum);
    let k = f64x2.splat(0);
    for (let at = scores + pair; at < end; at += 64) {
      const less = v128.and(f64x2.eq(truth, k), one);
      v128.store(at, f64x2.mul(weight, f64x2.sub(f64x2.mul(v128.load(at), inverse), less)));
      k = f64x2.add(k, one);
    }
  }
}
