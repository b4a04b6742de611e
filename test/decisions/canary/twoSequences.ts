import type { CanaryCounts } from '../../../decisions/canary/counts.ts';
import { logBetaPower } from '../../../decisions/canary/beta.ts';

/**
 * The plain way to test a margin, for comparison: a confidence sequence on each arm's rate (beta-binomial mixture, half
 * of beta each), and their worst cases set against each other.
 */
export function twoArmSequencePasses(margin: number, beta = 0.05): (counts: CanaryCounts) => boolean {
  return ({ stages }) => {
    const [{ champion, challenger }] = stages;
    if (champion.keys === 0 || challenger.keys === 0) return false;
    const most = bound(challenger.errorKeys, challenger.keys, beta / 2, 'upper');
    const least = bound(champion.errorKeys, champion.keys, beta / 2, 'lower');
    return most - least < margin;
  };
}

/** The rate at which the mixture over Beta(0.5, 50) rejects, by bisection. */
function bound(bad: number, keys: number, alpha: number, side: 'lower' | 'upper'): number {
  const rejects = (p: number) =>
    logBetaPower(p, 0.5, 50) - logBetaPower(p, 0.5 + bad, 50 + keys - bad) >= -Math.log(alpha);
  let inside = Math.max(bad / keys, 1e-12);
  let outside = side === 'upper' ? 1 - 1e-12 : 1e-12;
  if (!rejects(outside)) return side === 'upper' ? 1 : 0;
  for (let i = 0; i < 60; i++) {
    const middle = (inside + outside) / 2;
    if (rejects(middle)) outside = middle;
    else inside = middle;
  }
  return outside;
}
