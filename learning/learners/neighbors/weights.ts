import { roundEven } from './grid.ts';

/** What the nearest neighbour weighs by distance. A sum of a thousand such integers is exact in any order. */
export const FULL_WEIGHT = 2 ** 40;

/**
 * What neighbours weigh: 1 each, or by distance the nearest one's distance over their own, as integers. Neighbours at
 * distance 0 leave no weight to others.
 *
 * @param squares [k], ascending
 */
export function weigh(squares: Float64Array, byDistance: boolean, into: Float64Array): void {
  const nearest = squares[0];
  for (let i = 0; i < squares.length; i++) {
    if (!byDistance) into[i] = 1;
    else if (nearest === 0) into[i] = squares[i] === 0 ? 1 : 0;
    else into[i] = roundEven(Math.sqrt(nearest / squares[i]) * FULL_WEIGHT);
  }
}
