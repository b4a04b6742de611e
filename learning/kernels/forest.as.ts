import { below } from './random.as';
import { scanChosen } from './treeChosen.as';
import { fill, isSparse } from './treeHistogram.as';
import { Plan } from './treePlan.as';
import { drawRecords, partition } from './treeRecords.as';
import { Best, scan } from './treeScan.as';

/** A node that waits, with the weights of its classes behind it, on as many bytes as a bin's counts. */
@unmanaged
class Node {
  at: i32;
  depth: i32;
  /** Its records, in the first array of records for even depths. */
  from: usize;
  to: usize;
}
const NODE_BYTES: usize = 16;

/** Features that are counted in one pass over a node's records; GROUP of criterion.ts. */
const GROUP = 4;

/**
 * Grows one tree of classes by Gini impurity: fitTrees of fit.ts with Grower and Gini, node for node the same. Rows go
 * about as records that hold class and bins, so that all a node reads is one stretch of memory.
 *
 * @param seed of the tree
 * @returns how many nodes it has, written from `plan.feature`, `plan.threshold` and `plan.next` on; `next` of a leaf is
 *   the position of its first weight in `plan.leaves`
 */
export function growTree(plan: Plan, seed: u32): i32 {
  const size = NODE_BYTES + ((<usize>1) << plan.binShift);
  const columns = plan.columns;
  const best = changetype<Best>(plan.best);
  let top = plan.waiting;
  const root = changetype<Node>(top);
  memory.fill(top, 0, size);
  root.from = plan.records;
  root.to = drawRecords(plan, seed, top + NODE_BYTES);
  for (let i = 0; i < columns; i++) store<i32>(plan.order + ((<usize>i) << 2), i);
  let nodes = 1;
  let leaves = 0;
  const away = plan.others - plan.records;
  while (top >= plan.waiting) {
    const node = changetype<Node>(top);
    const totals = top + NODE_BYTES;
    const at = (<usize>node.at) << 2;
    const depth = node.depth;
    const from = node.from;
    const to = node.to;
    if (!canSplit(plan, depth, from, to, totals) || !findSplit(plan, from, to, totals, best)) {
      store<i32>(plan.feature + at, -1);
      store<f32>(plan.threshold + at, 0);
      store<i32>(plan.next + at, leaves);
      for (let k = 0; k < plan.classes; k++, leaves++) {
        const weight = load<i32>(totals + ((<usize>k) << 2));
        store<i32>(plan.leaves + ((<usize>leaves) << 2), weight);
      }
      top -= size;
      continue;
    }
    const into = depth & 1 ? from - away : from + away;
    const middle = partition(from, to, into, plan.stride, best.feature, best.cut);
    store<i32>(plan.feature + at, best.feature);
    const edge = plan.edges + ((((<usize>best.feature) << 8) + <usize>best.cut) << 2);
    store<f32>(plan.threshold + at, load<f32>(edge));
    store<i32>(plan.next + at, nodes);
    // The right child waits in its parent's place, the left one is next.
    const left = changetype<Node>(top + size);
    left.at = nodes;
    left.depth = depth + 1;
    left.from = into;
    left.to = middle;
    node.at = nodes + 1;
    node.depth = depth + 1;
    node.from = middle;
    node.to = into + (to - from);
    top += size;
    nodes += 2;
    for (let k: usize = 0; k < size - NODE_BYTES; k += 16) {
      const share = v128.load(best.left + k);
      v128.store(totals + k, i32x4.sub(v128.load(totals + k), share));
      v128.store(totals + size + k, share);
    }
  }
  return nodes;
}

/** False for one record, too few rows for two leaves, or rows of one class. */
function canSplit(plan: Plan, depth: i32, from: usize, to: usize, totals: usize): bool {
  if (depth >= plan.maxDepth || to - from < 2 * plan.stride) return false;
  let weight = 0;
  let most = 0;
  const end = totals + ((<usize>plan.classes) << 2);
  for (; totals < end; totals += 4) {
    const own = load<i32>(totals);
    weight += own;
    most = max(most, own);
  }
  return weight >= 2 * plan.minLeaf && most < weight;
}

/** Draws features as `#findSplit` of grower.ts does, until one can be cut. @returns false where none can */
function findSplit(plan: Plan, from: usize, to: usize, totals: usize, best: Best): bool {
  const columns = plan.columns;
  const order = plan.order;
  const sparse = isSparse(plan, from, to);
  let weight = 0;
  for (let k = 0; k < plan.classes; k++) weight += load<i32>(totals + ((<usize>k) << 2));
  best.numerator = -1;
  best.denominator = 1;
  let wanted = plan.featuresPerNode;
  for (let first = 0; first < columns;) {
    const slots = min(GROUP, wanted - first);
    for (let i = first; i < first + slots; i++) swap(order, i, i + below(plan.random, columns - i));
    const features = order + ((<usize>first) << 2);
    fill(plan, from, to, features, slots);
    for (let slot: usize = 0; slot < <usize>slots; slot++) {
      const feature = load<i32>(features + (slot << 2));
      if (plan.randomCuts) scanChosen(plan, slot, feature, totals, weight, sparse, best);
      else scan(plan, slot, feature, totals, weight, sparse, best);
    }
    first += slots;
    if (first < wanted) continue;
    if (best.numerator >= 0) return true;
    wanted = min(columns, first + 1);
  }
  return false;
}

function swap(order: usize, one: i32, two: i32): void {
  const a = order + ((<usize>one) << 2);
  const b = order + ((<usize>two) << 2);
  const feature = load<i32>(a);
  store<i32>(a, load<i32>(b));
  store<i32>(b, feature);
}
