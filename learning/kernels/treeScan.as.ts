import { listOccupied } from './treeHistogram.as';
import { Plan } from './treePlan.as';

/** The best cut so far, as Split of criterion.ts; `left` is int32 [classes] on as many bytes as a bin's counts. */
@unmanaged
export class Best {
  numerator: f64;
  denominator: f64;
  feature: i32;
  cut: i32;
  left: usize;
}

/**
 * The scans of giniScan.ts: of the feature in `slot`, whose counts are emptied. Up to 2^26 draws all numbers but the
 * products that are compared are whole and below 2^53, so that no order of their sums is another.
 *
 * @param totals int32 by class
 * @param weight their sum
 */
export function scan(
  plan: Plan,
  slot: usize,
  feature: i32,
  totals: usize,
  weight: i32,
  sparse: bool,
  best: Best,
): void {
  const found = listOccupied(plan, slot, feature, sparse);
  const counts = plan.counts + slot * plan.slotBytes;
  if (plan.binShift == 4) scanFew(plan, counts, found, feature, totals, best);
  else scanMany(plan, counts, found, feature, totals, weight, best);
}

/** Up to four classes: their counts are one vector, as two pairs of float64. */
function scanFew(plan: Plan, counts: usize, found: i32, feature: i32, totals: usize, best: Best): void {
  const list = plan.occupied;
  const least = <f64>plan.minLeaf;
  const all = v128.load(totals);
  const all01 = f64x2.convert_low_i32x4_s(all);
  const all23 = f64x2.convert_low_i32x4_s(high(all));
  let left = i32x4.splat(0);
  let previous = -1;
  let bestN = best.numerator;
  let bestD = best.denominator;
  for (let i = 0; i < found; i++) {
    const bin = <i32>load<u8>(list + i);
    const at = counts + ((<usize>bin) << 4);
    const moved = v128.load(at);
    if (!v128.any_true(moved)) continue;
    v128.store(at, i32x4.splat(0));
    const left01 = f64x2.convert_low_i32x4_s(left);
    const left23 = f64x2.convert_low_i32x4_s(high(left));
    const right01 = f64x2.sub(all01, left01);
    const right23 = f64x2.sub(all23, left23);
    // Both sides in one vector, left first.
    const weights = sumPairs(f64x2.add(left01, left23), f64x2.add(right01, right23));
    const squares = sumPairs(
      f64x2.add(f64x2.mul(left01, left01), f64x2.mul(left23, left23)),
      f64x2.add(f64x2.mul(right01, right01), f64x2.mul(right23, right23)),
    );
    const products = f64x2.mul(squares, i64x2.shuffle(weights, weights, 1, 0));
    const numerator = f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1);
    const before = f64x2.extract_lane(weights, 0);
    const rest = f64x2.extract_lane(weights, 1);
    const denominator = before * rest;
    if (numerator * bestD > bestN * denominator && before >= least && rest >= least) {
      bestN = numerator;
      bestD = denominator;
      best.feature = feature;
      best.cut = (previous + bin - 1) >> 1;
      v128.store(best.left, left);
    }
    left = i32x4.add(left, moved);
    previous = bin;
  }
  best.numerator = bestN;
  best.denominator = bestD;
}

function high(lanes: v128): v128 {
  return i64x2.shuffle(lanes, lanes, 1, 0);
}

/** The sum of each pair's lanes. */
function sumPairs(one: v128, two: v128): v128 {
  return f64x2.add(i64x2.shuffle(one, two, 0, 2), i64x2.shuffle(one, two, 1, 3));
}

/** Any number of classes, four at a time; sums of squares follow what moves from one side to the other. */
function scanMany(
  plan: Plan,
  counts: usize,
  found: i32,
  feature: i32,
  totals: usize,
  weight: i32,
  best: Best,
): void {
  const list = plan.occupied;
  const shift = plan.binShift;
  const left = plan.left;
  const bytes = plan.bytes;
  const least = plan.minLeaf;
  memory.fill(left, 0, bytes);
  let leftSquares: i64 = 0;
  let rightSquares = squaresOf(totals, bytes);
  let before: i32 = 0;
  let previous = -1;
  let bestN = best.numerator;
  let bestD = best.denominator;
  for (let i = 0; i < found; i++) {
    const bin = <i32>load<u8>(list + i);
    const at = counts + ((<usize>bin) << shift);
    let any = v128.load(at);
    for (let k: usize = 16; k < bytes; k += 16) any = v128.or(any, v128.load(at + k));
    if (!v128.any_true(any)) continue;
    const rest = weight - before;
    const numerator = <f64>leftSquares * <f64>rest + <f64>rightSquares * <f64>before;
    const denominator = <f64>before * <f64>rest;
    if (numerator * bestD > bestN * denominator && before >= least && rest >= least) {
      bestN = numerator;
      bestD = denominator;
      best.feature = feature;
      best.cut = (previous + bin - 1) >> 1;
      memory.copy(best.left, left, bytes);
    }
    let moving = i32x4.splat(0);
    let more = i64x2.splat(0);
    let less = i64x2.splat(0);
    for (let k: usize = 0; k < bytes; k += 16) {
      const moved = v128.load(at + k);
      if (!v128.any_true(moved)) continue;
      v128.store(at + k, i32x4.splat(0));
      const was = v128.load(left + k);
      const is = i32x4.add(was, moved);
      v128.store(left + k, is);
      // Of one class: (l + m)^2 - l^2 = m (l + l + m), and r^2 - (r - m)^2 = m (r + r - m) with r = t - l.
      const all = v128.load(totals + k);
      more = i64x2.add(more, sumProducts(moved, i32x4.add(was, is)));
      less = i64x2.add(less, sumProducts(moved, i32x4.sub(i32x4.sub(i32x4.add(all, all), was), is)));
      moving = i32x4.add(moving, moved);
    }
    leftSquares += sumLanes(more);
    rightSquares -= sumLanes(less);
    before += sumWords(moving);
    previous = bin;
  }
  best.numerator = bestN;
  best.denominator = bestD;
}

/** The sum over `bytes` of int32, squared. */
export function squaresOf(totals: usize, bytes: usize): i64 {
  let sum = i64x2.splat(0);
  for (let k: usize = 0; k < bytes; k += 16) {
    const all = v128.load(totals + k);
    sum = i64x2.add(sum, sumProducts(all, all));
  }
  return sumLanes(sum);
}

function sumProducts(one: v128, two: v128): v128 {
  return i64x2.add(i64x2.extmul_low_i32x4_s(one, two), i64x2.extmul_high_i32x4_s(one, two));
}

function sumLanes(pair: v128): i64 {
  return i64x2.extract_lane(pair, 0) + i64x2.extract_lane(pair, 1);
}

function sumWords(four: v128): i32 {
  return (
    i32x4.extract_lane(four, 0) +
    i32x4.extract_lane(four, 1) +
    i32x4.extract_lane(four, 2) +
    i32x4.extract_lane(four, 3)
  );
}
