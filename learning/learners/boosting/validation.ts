import { Random } from '../../rng.ts';

/**
 * Cuts the rows to learn from into those to fit and those to judge each round by, ascending both. Of every class the
 * same share is taken, so that none is lost by chance.
 *
 * @param classOf one number for all rows where there are no classes
 */
export function cutOff(
  train: Int32Array,
  classOf: (row: number) => number,
  share: number,
  seed: number,
): { fit: Int32Array; judge: Int32Array } {
  const members = new Map<number, number[]>();
  for (const row of train) {
    const list = members.get(classOf(row));
    if (list) list.push(row);
    else members.set(classOf(row), [row]);
  }
  const random = new Random(seed);
  const judged = new Set<number>();
  for (const [, list] of [...members].sort(([a], [b]) => a - b)) {
    const shuffled = Int32Array.from(list);
    random.shuffle(shuffled);
    for (const row of shuffled.subarray(0, Math.round(share * list.length))) judged.add(row);
  }
  return { fit: train.filter((row) => !judged.has(row)), judge: train.filter((row) => judged.has(row)) };
}
