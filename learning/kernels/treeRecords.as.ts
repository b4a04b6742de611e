import { below, seedRandom } from './random.as';
import { BINS, CLASS_BITS, Plan } from './treePlan.as';

/**
 * bootstrap and takeAll of sample.ts: writes the records that were drawn, each once with its weight, to
 * `plan.records`, and adds the weights by class to `totals`.
 *
 * @returns the end of the records
 */
export function drawRecords(plan: Plan, seed: u32, totals: usize): usize {
  const random = plan.random;
  const drawn = plan.drawn;
  const rows = plan.rows;
  const draws = plan.draws;
  const stride = plan.stride;
  seedRandom(random, seed);
  for (let i = 0; i < draws; i++) {
    const at = drawn + ((<usize>below(random, rows)) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  let to = plan.records;
  let from = plan.source;
  for (let i: usize = 0, end = (<usize>rows) << 2; i < end; i += 4, from += stride) {
    let weight: u32 = 1;
    if (draws >= 0) {
      weight = load<u32>(drawn + i);
      store<u32>(drawn + i, 0);
    }
    // Written in any case, and over it the next one where the weight is 0: no branch could foresee that.
    for (let at: usize = 0; at < stride; at += 4) store<u32>(to + at, load<u32>(from + at));
    const index = load<u32>(from);
    store<u32>(to, (weight << CLASS_BITS) | index);
    const total = totals + ((<usize>index) << 2);
    store<u32>(total, load<u32>(total) + weight);
    to += stride & (0 - <usize>(weight > 0));
  }
  return to;
}

/**
 * The partition of grower.ts, from one array of records into the other: those whose bin of `feature` is at most `cut`
 * from the start on, the others from the end backwards, as what is counted of a node does not know an order.
 *
 * @param into where the other array has the node's place
 * @returns where in the other array the records begin that go right
 */
export function partition(from: usize, to: usize, into: usize, stride: usize, feature: i32, cut: i32): usize {
  let left = into;
  let right = into + (to - from) - stride;
  const bin = BINS + <usize>feature;
  for (; from < to; from += stride) {
    const goesRight = stride & (<usize>((cut - <i32>load<u8>(from + bin)) >> 31));
    copyRecord(from, left, right, stride);
    right -= goesRight;
    left += stride - goesRight;
  }
  return left;
}

/** To two places at once, which may be one. */
function copyRecord(from: usize, one: usize, two: usize, stride: usize): void {
  const last = stride - 16;
  const end = v128.load(from + last);
  for (let at: usize = 0; at < last; at += 16) {
    const words = v128.load(from + at);
    v128.store(one + at, words);
    v128.store(two + at, words);
  }
  v128.store(one + last, end);
  v128.store(two + last, end);
}
