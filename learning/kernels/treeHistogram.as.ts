import { BINS, CLASS_BITS, CLASS_MASK, Plan } from './treePlan.as';

/** Nodes with fewer records note which bins they touch, instead of visiting all. */
const SPARSE_RECORDS: usize = 256;

export function isSparse(plan: Plan, from: usize, to: usize): bool {
  return to - from < SPARSE_RECORDS * plan.stride;
}

/** The fill of classHistogram.ts: adds the records to the counts of `slots` features, which stand at `features`. */
export function fill(plan: Plan, from: usize, to: usize, features: usize, slots: i32): void {
  if (slots == 4) fillFour(plan, from, to, features);
  else for (let slot: usize = 0; slot < <usize>slots; slot++) fillOne(plan, from, to, features, slot);
  if (!isSparse(plan, from, to)) return;
  for (let slot: usize = 0; slot < <usize>slots; slot++) touch(plan, from, to, features, slot);
}

function fillFour(plan: Plan, from: usize, to: usize, features: usize): void {
  const stride = plan.stride;
  const shift = plan.binShift;
  const bytes = plan.slotBytes;
  const counts = plan.counts;
  const one = BINS + <usize>load<i32>(features);
  const two = BINS + <usize>load<i32>(features, 4);
  const three = BINS + <usize>load<i32>(features, 8);
  const four = BINS + <usize>load<i32>(features, 12);
  for (; from < to; from += stride) {
    const code = load<u32>(from);
    const weight = code >>> CLASS_BITS;
    const at = counts + ((<usize>(code & CLASS_MASK)) << 2);
    const a = at + ((<usize>load<u8>(from + one)) << shift);
    store<u32>(a, load<u32>(a) + weight);
    const b = at + bytes + ((<usize>load<u8>(from + two)) << shift);
    store<u32>(b, load<u32>(b) + weight);
    const c = at + 2 * bytes + ((<usize>load<u8>(from + three)) << shift);
    store<u32>(c, load<u32>(c) + weight);
    const d = at + 3 * bytes + ((<usize>load<u8>(from + four)) << shift);
    store<u32>(d, load<u32>(d) + weight);
  }
}

function fillOne(plan: Plan, from: usize, to: usize, features: usize, slot: usize): void {
  const stride = plan.stride;
  const shift = plan.binShift;
  const counts = plan.counts + slot * plan.slotBytes;
  const bin = BINS + <usize>load<i32>(features + (slot << 2));
  for (; from < to; from += stride) {
    const code = load<u32>(from);
    const at = counts + ((<usize>(code & CLASS_MASK)) << 2) + ((<usize>load<u8>(from + bin)) << shift);
    store<u32>(at, load<u32>(at) + (code >>> CLASS_BITS));
  }
}

/** Notes the bins of the records. */
function touch(plan: Plan, from: usize, to: usize, features: usize, slot: usize): void {
  const stride = plan.stride;
  const touched = plan.touched + (slot << 5);
  const at = BINS + <usize>load<i32>(features + (slot << 2));
  for (; from < to; from += stride) {
    const bin = load<u8>(from + at);
    const word = touched + ((<usize>(bin >>> 6)) << 3);
    store<u64>(word, load<u64>(word) | ((<u64>1) << bin));
  }
}

/**
 * `occupied` of classHistogram.ts: lists the bins of a slot that may hold records, ascending, at `plan.occupied`, and
 * forgets which were touched.
 *
 * @returns their number
 */
export function listOccupied(plan: Plan, slot: usize, feature: i32, sparse: bool): i32 {
  const list = plan.occupied;
  if (!sparse) {
    const bins = load<i32>(plan.binsOf + ((<usize>feature) << 2));
    for (let bin = 0; bin < bins; bin++) store<u8>(list + bin, bin);
    return bins;
  }
  let end = list;
  const touched = plan.touched + (slot << 5);
  for (let word: usize = 0; word < 4; word++) {
    let bits = load<u64>(touched + (word << 3));
    for (; bits != 0; bits &= bits - 1) store<u8>(end++, ((<u32>word) << 6) + <u32>ctz<u64>(bits));
    store<u64>(touched + (word << 3), 0);
  }
  return <i32>(end - list);
}
