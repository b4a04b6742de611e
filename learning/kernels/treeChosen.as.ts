import { unit } from './random.as';
import { listOccupied } from './treeHistogram.as';
import { Plan } from './treePlan.as';
import { Best, squaresOf } from './treeScan.as';

/** scanChosen of giniChosen.ts: the one cut that drawCut picks. Parameters as of `scan`. */
export function scanChosen(
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
  const list = plan.occupied;
  const shift = plan.binShift;
  const bytes = plan.bytes;
  const left = plan.left;
  let lowest = -1;
  let highest = -1;
  for (let i = 0; i < found; i++) {
    const bin = <i32>load<u8>(list + i);
    if (isEmpty(counts + ((<usize>bin) << shift), bytes)) continue;
    if (lowest < 0) lowest = bin;
    highest = bin;
  }
  const cut = lowest < highest ? drawCut(plan, feature, lowest, highest) : -1;
  memory.fill(left, 0, bytes);
  for (let i = 0; i < found; i++) {
    const bin = <i32>load<u8>(list + i);
    const at = counts + ((<usize>bin) << shift);
    for (let k: usize = 0; k < bytes; k += 16) {
      if (bin <= cut) v128.store(left + k, i32x4.add(v128.load(left + k), v128.load(at + k)));
      v128.store(at + k, i32x4.splat(0));
    }
  }
  if (cut < 0) return;
  let before = 0;
  for (let k: usize = 0; k < bytes; k += 4) before += load<i32>(left + k);
  const rest = weight - before;
  if (before < plan.minLeaf || rest < plan.minLeaf) return;
  const leftSquares = <f64>squaresOf(left, bytes);
  for (let k: usize = 0; k < bytes; k += 16)
    v128.store(left + k, i32x4.sub(v128.load(totals + k), v128.load(left + k)));
  const rightSquares = <f64>squaresOf(left, bytes);
  const numerator = leftSquares * <f64>rest + rightSquares * <f64>before;
  const denominator = <f64>before * <f64>rest;
  if (!(numerator * best.denominator > best.numerator * denominator)) return;
  best.numerator = numerator;
  best.denominator = denominator;
  best.feature = feature;
  best.cut = cut;
  for (let k: usize = 0; k < bytes; k += 16)
    v128.store(best.left + k, i32x4.sub(v128.load(totals + k), v128.load(left + k)));
}

function isEmpty(counts: usize, bytes: usize): bool {
  for (let k: usize = 0; k < bytes; k += 16) if (v128.any_true(v128.load(counts + k))) return false;
  return true;
}

/** drawCut.ts */
function drawCut(plan: Plan, feature: i32, lowest: i32, highest: i32): i32 {
  const edges = plan.edges + ((<usize>feature) << 10);
  const from = edgeAt(edges, lowest);
  const value = from + (edgeAt(edges, highest - 1) - from) * unit(plan.random);
  let low = lowest;
  let high = highest - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edgeAt(edges, middle) < value) low = middle + 1;
    else high = middle;
  }
  return low > lowest && value - edgeAt(edges, low - 1) < edgeAt(edges, low) - value ? low - 1 : low;
}

function edgeAt(edges: usize, bin: i32): f64 {
  return <f64>load<f32>(edges + ((<usize>bin) << 2));
}
