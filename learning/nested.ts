import { Random } from './rng.ts';

/**
 * A share of some rows, every class of them evenly, so that a smaller share lies within a larger one: what a candidate
 * of successive halving learns from on a rung.
 *
 * @param rows [m] ascending
 * @param y of the whole matrix: class indices where `classes` is above 1, else not looked at
 * @param share above 0, to 1
 * @returns ascending; at least one row, and one of each class where there are as many as classes
 */
export function nestedRows(
  rows: Int32Array,
  { y, classes }: { y: ArrayLike<number>; classes: number },
  share: number,
  seed: number,
): Int32Array {
  const count = Math.max(Math.min(classes, rows.length), Math.round(rows.length * share));
  if (count >= rows.length) return rows;
  const order = Int32Array.from(rows);
  new Random(seed).shuffle(order);
  return (classes > 1 ? evenly(order, y, classes) : order).slice(0, count).sort();
}

/** The first of every class comes first, then classes as often as there are rows of them, by the share already dealt. */
function evenly(shuffled: Int32Array, y: ArrayLike<number>, classes: number): Int32Array {
  const sizes = new Float64Array(classes);
  for (const row of shuffled) sizes[y[row]]++;
  const dealt = new Float64Array(classes);
  const keys = Float64Array.from(shuffled, (row) => dealt[y[row]]++ / sizes[y[row]]);
  const places = Array.from(shuffled, (_, place) => place).sort((a, b) => keys[a] - keys[b] || a - b);
  return Int32Array.from(places, (place) => shuffled[place]);
}
