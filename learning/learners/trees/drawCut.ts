import type { Random } from '../../rng.ts';

/**
 * Draws a cut uniformly over the values between a node's lowest and highest bin, not over its bins: the edge nearest
 * to a random value (Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006).
 *
 * @returns lowest <= cut < highest
 */
export function drawCut(edges: Float32Array, lowest: number, highest: number, random: Random): number {
  const from = edges[lowest];
  const value = from + (edges[highest - 1] - from) * random.unit();
  let low = lowest;
  let high = highest - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > lowest && value - edges[low - 1] < edges[low] - value ? low - 1 : low;
}
