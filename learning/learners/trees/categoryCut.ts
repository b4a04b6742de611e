/**
 * Which categories of a node a cut names. The named ones go left and all others right: rows of no category (bin 0), which
 * are ranked as one more, and categories that the node lacks, which therefore follow the side of no category or, where no
 * row has none, the side with more rows.
 *
 * @param order of the bins that rows lie in; the first `count` of them are one side
 * @param isMost whether that side has more than half of the rows
 */
export function namedSide(
  order: readonly number[],
  count: number,
  isMost: boolean,
): { members: Uint8Array; turned: boolean } {
  const none = order.indexOf(0);
  const turned = none < 0 ? isMost : none < count;
  const side = turned ? order.slice(count) : order.slice(0, count);
  return { members: Uint8Array.from(side).sort(), turned };
}

/**
 * Puts each bin on one of two sides by a coin, again until neither side is empty: every such subset is equally likely
 * (Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006).
 *
 * @returns the bins, one side behind the other, and how many the first one has
 */
export function drawSides(bins: readonly number[], toss: () => boolean): { order: number[]; count: number } {
  for (;;) {
    const sides: [number[], number[]] = [[], []];
    for (const bin of bins) sides[Number(toss())].push(bin);
    const [first, second] = sides;
    if (first.length > 0 && second.length > 0) return { order: [...first, ...second], count: first.length };
  }
}

/** The bins by their keys, ascending, and of equal keys by their numbers. @param keys by bin */
export function ranked(bins: readonly number[], keys: Float64Array): number[] {
  return bins.toSorted((a, b) => keys[a] - keys[b] || a - b);
}
