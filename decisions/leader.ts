export interface Scored {
  index: number;
  mean: number;
}

/** The better of two candidates; on equal means the one that comes first in the grid, so that order of arrival does not matter. */
export function leader<T extends Scored>(a: T | undefined, b: T, better: 'higher' | 'lower'): T {
  if (a === undefined) return b;
  if (a.mean === b.mean) return a.index < b.index ? a : b;
  return a.mean > b.mean === (better === 'higher') ? a : b;
}
