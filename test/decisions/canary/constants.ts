import { logBetaPower } from '../../../decisions/canary/beta.ts';
import { pairedHalfWidth } from '../../../decisions/canary/pairedBound.ts';
import { Random, deriveSeed } from '../../../learning/rng.ts';
import { SEED } from './studies.ts';

/**
 * How often a challenger that is worse by a whole margin of 1 point, being wrong on just 1 % of the rows more, passes before
 * it fails, with so many pairs of the greatest difference added to the variance. 4,000 rollouts, a look every 20 pairs.
 */
export function falsePasses(cautiousPairs: number): number {
  const rollouts = 4000;
  let passed = 0;
  for (let i = 0; i < rollouts; i++) {
    const random = new Random(deriveSeed(SEED, 'cautious', i));
    let worse = 0;
    for (let pairs = 1; pairs <= 12_000; pairs++) {
      if (random.unit() < 0.01) worse++;
      if (pairs < 200 || pairs % 20 !== 0) continue;
      const mean = worse / pairs;
      const deviation = Math.sqrt(mean * (1 - mean) + cautiousPairs / (pairs + 1));
      if (mean - pairedHalfWidth(deviation, pairs, 0.01 / 3) > 0) break;
      if (mean + pairedHalfWidth(deviation, pairs, 0.05) < 0.01) {
        passed++;
        break;
      }
    }
  }
  return passed / rollouts;
}

/** Keys until a split of `share` instead of 10 % has evidence of 1,000, under a prior of this strength: median of 300. */
export function keysToMismatch(share: number, strength: number): number {
  const keys: number[] = [];
  for (let i = 0; i < 300; i++) {
    const random = new Random(deriveSeed(SEED, 'mismatch', i));
    let x = 0;
    let n = 0;
    let log = 0;
    while (n < 60_000 && log < Math.log(1000)) {
      for (let j = 0; j < 50; j++) if (random.unit() < share) x++;
      n += 50;
      log =
        logBetaPower(0.1, 0.1 * strength, 0.9 * strength) -
        logBetaPower(0.1, 0.1 * strength + x, 0.9 * strength + n - x);
    }
    keys.push(n);
  }
  return keys.sort((a, b) => a - b)[150];
}
