/**
 * The loops of boosting, on plain memory. Each does, bit for bit, what the function of learning/learners/boosting that
 * is named with it does in TypeScript; a test holds them to it. Addresses are in bytes; arrays lie one after another, and
 * nothing here has data of its own, so all of the memory is the caller's. Bounds are the caller's too.
 */
import { exp } from './exp.as';

/** fillHistogram of histogram.ts; `packed` is by position here, not gathered. */
export function fillHistogram(
  bins: usize,
  words: i32,
  rows: usize,
  count: i32,
  packed: usize,
  histogram: usize,
): void {
  memory.fill(histogram, 0, (<usize>words) << 13);
  const end = rows + ((<usize>count) << 2);
  const length = (<usize>words) << 2;
  for (; rows < end; rows += 4) {
    const row = <usize>load<u32>(rows);
    const value = load<f64>(packed + (row << 3));
    let word = bins + row * length;
    const last = word + length;
    // A load for each bin, rather than shifts of a word: with 20 columns 0.46 ns an addition in place of 0.52, and
    // 0.57 in place of 0.83 where the rows lie far apart.
    for (let at = histogram; word < last; word += 4, at += 8192) {
      const a = at + ((<usize>load<u8>(word)) << 3);
      store<f64>(a, load<f64>(a) + value);
      const b = at + ((<usize>load<u8>(word, 1)) << 3);
      store<f64>(b, load<f64>(b, 2048) + value, 2048);
      const c = at + ((<usize>load<u8>(word, 2)) << 3);
      store<f64>(c, load<f64>(c, 4096) + value, 4096);
      const d = at + ((<usize>load<u8>(word, 3)) << 3);
      store<f64>(d, load<f64>(d, 6144) + value, 6144);
    }
  }
}

/** partition of partition.ts. @returns how many rows go left */
export function partition(column: usize, cut: i32, rows: usize, count: i32, scratch: usize): i32 {
  const end = rows + ((<usize>count) << 2);
  let left = rows;
  let right = scratch;
  for (let from = rows; from < end; from += 4) {
    const row = load<u32>(from);
    const goesRight = ((<u32>(cut - <i32>load<u8>(column + row))) >> 31) << 2;
    store<u32>(left, row);
    store<u32>(right, row);
    right += goesRight;
    left += 4 - goesRight;
  }
  memory.copy(left, scratch, right - scratch);
  return <i32>((left - rows) >> 2);
}

/**
 * The loop of scanBoth of scan.ts: the first child is lane 0, the second lane 1.
 *
 * @param sides pairs of float64, one of each child; in: gradient, Hessian + 2 l2, least Hessian + l2; out, from the
 *   fourth pair on: what the best cut saves (0 for none), its place, its bin, the sums to its left
 */
export function scanBoth(
  binsOf: usize,
  places: i32,
  first: usize,
  parent: usize,
  l2: f64,
  sides: usize,
): void {
  const shift = f64x2.splat(67108864);
  const unshift = f64x2.splat(1.4901161193847656e-8);
  const penalty = f64x2.splat(l2);
  const gradient = v128.load(sides);
  const total = v128.load(sides, 16);
  const least = v128.load(sides, 32);
  let best = f64x2.splat(0);
  for (let place = 0; place < places; place++) {
    const size = load<u32>(binsOf + ((<usize>place) << 2));
    let sum = f64x2.splat(0);
    for (let bin: u32 = 0; bin < size; bin++) {
      const at = (<usize>bin) << 3;
      const value = load<f64>(first + at);
      const other = load<f64>(parent + at) - value;
      store<f64>(parent + at, other);
      sum = f64x2.add(sum, f64x2.replace_lane(f64x2.splat(value), 1, other));
      const left = f64x2.floor(f64x2.mul(sum, unshift));
      const a = f64x2.add(f64x2.sub(sum, f64x2.mul(left, shift)), penalty);
      const b = f64x2.sub(total, a);
      const d = f64x2.sub(f64x2.mul(left, total), f64x2.mul(gradient, a));
      const square = f64x2.mul(d, d);
      const product = f64x2.mul(a, b);
      const better = v128.and(
        f64x2.gt(square, f64x2.mul(best, product)),
        v128.and(f64x2.ge(a, least), f64x2.ge(b, least)),
      );
      if (!v128.any_true(better)) continue;
      best = v128.bitselect(f64x2.div(square, product), best, better);
      keep(sides + 64, better, f64x2.splat(<f64>place));
      keep(sides + 80, better, f64x2.splat(<f64>bin));
      keep(sides + 96, better, left);
      keep(sides + 112, better, f64x2.sub(a, penalty));
    }
    first += 2048;
    parent += 2048;
  }
  v128.store(sides, best, 48);
}

function keep(pair: usize, where: v128, value: v128): void {
  v128.store(pair, v128.bitselect(value, v128.load(pair), where));
}

/** sumSizes of packedGradients.ts: of |gradient| and of Hessians, to `sums`. */
export function sumSizes(gradients: usize, hessians: usize, rows: usize, count: i32, sums: usize): void {
  const end = rows + ((<usize>count) << 2);
  let gradient: f64 = 0;
  let hessian: f64 = 0;
  for (; rows < end; rows += 4) {
    const at = (<usize>load<u32>(rows)) << 3;
    gradient += abs(load<f64>(gradients + at));
    hessian += load<f64>(hessians + at);
  }
  store<f64>(sums, gradient);
  store<f64>(sums, hessian, 8);
}

/** packAll of packedGradients.ts, of an even number of positions. */
export function packAll(
  gradients: usize,
  hessians: usize,
  count: i32,
  gradientSteps: f64,
  hessianSteps: f64,
  into: usize,
): void {
  const half = f64x2.splat(0.5);
  const shift = f64x2.splat(67108864);
  const perGradient = f64x2.splat(gradientSteps);
  const perHessian = f64x2.splat(hessianSteps);
  const end = (<usize>count) << 3;
  for (let at: usize = 0; at < end; at += 16) {
    const gradient = f64x2.floor(f64x2.add(f64x2.mul(v128.load(gradients + at), perGradient), half));
    const hessian = f64x2.floor(f64x2.add(f64x2.mul(v128.load(hessians + at), perHessian), half));
    v128.store(into + at, f64x2.add(f64x2.mul(gradient, shift), hessian));
  }
}

/** sumSlopes of newton.ts, to `sums`. */
export function sumSlopes(gradients: usize, hessians: usize, rows: usize, count: i32, sums: usize): void {
  const end = rows + ((<usize>count) << 2);
  let gradient: f64 = 0;
  let hessian: f64 = load<f64>(sums, 8);
  for (; rows < end; rows += 4) {
    const at = (<usize>load<u32>(rows)) << 3;
    gradient += load<f64>(gradients + at);
    hessian += load<f64>(hessians + at);
  }
  store<f64>(sums, gradient);
  store<f64>(sums, hessian, 8);
}

/** addTo of newton.ts */
export function addTo(scores: usize, rows: usize, count: i32, value: f64): void {
  const end = rows + ((<usize>count) << 2);
  for (; rows < end; rows += 4) {
    const at = scores + ((<usize>load<u32>(rows)) << 3);
    store<f64>(at, load<f64>(at) + value);
  }
}

/** deriveLogistic of classLoss.ts, of an even number of rows. */
export function deriveLogistic(y: usize, scores: usize, count: i32, gradients: usize, hessians: usize): void {
  const one = f64x2.splat(1);
  const end = (<usize>count) << 3;
  for (let at: usize = 0; at < end; at += 16) {
    const p = f64x2.div(one, f64x2.add(one, exp(f64x2.neg(v128.load(scores + at)))));
    v128.store(gradients + at, f64x2.sub(p, v128.load(y + at)));
    v128.store(hessians + at, f64x2.mul(p, f64x2.sub(one, p)));
  }
}

/** deriveSoftmax of classLoss.ts, of an even number of rows. */
export function deriveSoftmax(
  y: usize,
  scores: usize,
  classes: i32,
  count: i32,
  stride: i32,
  gradients: usize,
  hessians: usize,
): void {
  const one = f64x2.splat(1);
  const stretch = f64x2.splat(<f64>classes / <f64>(classes - 1));
  const step = (<usize>stride) << 3;
  const all = step * <usize>classes;
  const end = (<usize>count) << 3;
  for (let i: usize = 0; i < end; i += 16) {
    let highest = v128.load(scores + i);
    for (let at = i + step; at < i + all; at += step) highest = f64x2.pmax(highest, v128.load(scores + at));
    let sum = f64x2.splat(0);
    for (let at = i; at < i + all; at += step) {
      const power = exp(f64x2.sub(v128.load(scores + at), highest));
      v128.store(gradients + at, power);
      sum = f64x2.add(sum, power);
    }
    const truth = v128.load(y + i);
    let k = f64x2.splat(0);
    for (let at = i; at < i + all; at += step) {
      const p = f64x2.div(v128.load(gradients + at), sum);
      const less = v128.and(f64x2.eq(truth, k), one);
      v128.store(gradients + at, f64x2.sub(p, less));
      v128.store(hessians + at, f64x2.mul(f64x2.mul(stretch, p), f64x2.sub(one, p)));
      k = f64x2.add(k, one);
    }
  }
}
