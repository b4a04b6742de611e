import type { CanaryCounts } from './counts.ts';
import { maxDurationMs } from './judge.ts';
import type { CanaryPolicy } from './policy.ts';

/**
 * How long a rollout rests after a look. A look counts all predictions since the rollout began (some 5 us each, on the
 * database), so with 10,000 a second one that is taken every 30 s would before long take all of a processor. Resting 20
 * times as long as it took bounds them to some twentieth, and lets each see much more than the one before, which is what
 * evidence needs: the guards hold whenever they are looked at. What the time alone decides is not put off.
 *
 * @param lookMs that it took
 */
export function restMs(policy: CanaryPolicy, { stageMs, elapsedMs }: Since, lookMs: number): number {
  const longest = Math.min(
    MAX_REST_MS,
    ...[policy.minDurationMs - stageMs, maxDurationMs(policy) - elapsedMs].filter((ms) => ms > 0),
  );
  return Math.max(policy.everyMs, Math.min((lookMs - FREE_MS) * RESTS, longest));
}

/** As the look saw it. */
type Since = Pick<CanaryCounts, 'stageMs' | 'elapsedMs'>;

const RESTS = 20;
/** What a look takes whatever it counts, and so is no reason to look less often. */
const FREE_MS = 500;
/** However long it took: a challenger that has become bad is found some day. */
const MAX_REST_MS = 600_000;
