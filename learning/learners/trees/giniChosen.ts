import type { ClassHistogram } from './classHistogram.ts';
import type { Split } from './criterion.ts';

/** Bins to visit; scratch. */
const list = new Int32Array(256);

/** As the functions of giniScan.ts, for the one cut that `choose` picks; see Criterion. */
export function scanChosen(
  histogram: ClassHistogram,
  slot: number,
  feature: number,
  totals: Float64Array,
  minLeaf: number,
  best: Split,
  choose: (lowest: number, highest: number) => number,
): void {
  const { counts, shift } = histogram;
  const classes = totals.length - 1;
  const start = slot << 8;
  const found = histogram.occupied(slot, feature, list);
  let lowest = -1;
  let highest = -1;
  for (let i = 0; i < found; i++) {
    const at = (start + list[i]) << shift;
    let weight = 0;
    for (let k = 0; k < classes; k++) weight |= counts[at + k];
    if (weight === 0) continue;
    if (lowest < 0) lowest = list[i];
    highest = list[i];
  }
  const cut = lowest < highest ? choose(lowest, highest) : -1;
  const left = new Float64Array(classes + 1);
  for (let i = 0; i < found; i++) {
    const at = (start + list[i]) << shift;
    if (list[i] <= cut) {
      for (let k = 0; k < classes; k++) {
        left[0] += counts[at + k];
        left[1 + k] += counts[at + k];
      }
    }
    for (let k = 0; k < classes; k++) counts[at + k] = 0;
  }
  const right = totals[0] - left[0];
  if (cut < 0 || left[0] < minLeaf || right < minLeaf) return;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let k = 1; k <= classes; k++) {
    leftSquares += left[k] * left[k];
    rightSquares += (totals[k] - left[k]) * (totals[k] - left[k]);
  }
  const numerator = leftSquares * right + rightSquares * left[0];
  const denominator = left[0] * right;
  if (!(numerator * best.denominator > best.numerator * denominator)) return;
  best.numerator = numerator;
  best.denominator = denominator;
  best.feature = feature;
  best.cut = cut;
  best.left.set(left);
}
