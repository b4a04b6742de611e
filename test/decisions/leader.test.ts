import { expect, it } from 'vitest';
import { leader } from '../../decisions/leader.ts';

it('the best candidate is the same in whatever order candidates end', () => {
  const candidates = [0.7, 0.9, 0.8, 0.9].map((mean, index) => ({ index, mean }));
  const last = (order: number[], better: 'higher' | 'lower') =>
    order.reduce<{ index: number; mean: number } | undefined>(
      (best, i) => leader(best, candidates[i] as never, better),
      undefined,
    );
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 3, 0, 1],
  ]) {
    expect(last(order, 'higher')).toEqual({ index: 1, mean: 0.9 });
    expect(last(order, 'lower')).toEqual({ index: 0, mean: 0.7 });
  }
});
