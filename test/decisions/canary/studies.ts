import { judgeCanary } from '../../../decisions/canary/judge.ts';
import { canarySchema, type CanaryInput, type CanaryPolicy } from '../../../decisions/canary/policy.ts';
import type { CanaryCounts } from '../../../decisions/canary/counts.ts';
import type { CanaryAction, CanaryVerdict } from '../../../decisions/canary/verdict.ts';
import { deriveSeed } from '../../../learning/rng.ts';
import { Traffic, type World } from './world.ts';

export interface Study {
  name: string;
  world: World;
  policy: CanaryInput;
  rollouts: number;
  requests: number;
  lookEvery: number;
}

export interface Rollout {
  /** `continue` where the requests ran out. */
  action: CanaryAction;
  requests: number;
  pairs: number;
  verdict: CanaryVerdict;
}

/** The policy of most studies: no least duration, so that the statistics alone decide, and no end of time. */
export function policyOf(input: CanaryInput): CanaryPolicy {
  return canarySchema.parse({ minDurationMs: 0, maxDurationMs: 400 * 86_400_000, ...input });
}

/** Plays rollouts to their end: looks, judges, raises the weight after a promotion, stops at anything else but `continue`. */
export function play({ name, world, policy: input, rollouts, requests, lookEvery }: Study): Rollout[] {
  const policy = policyOf(input);
  return Array.from({ length: rollouts }, (_, i) => {
    const traffic = new Traffic(world, seedOf(name, i), policy.steps[0] / 100);
    let stage = 0;
    for (;;) {
      traffic.serve(Math.min(lookEvery, requests - traffic.requests));
      const counts = traffic.counts();
      const verdict = judgeCanary(counts, policy);
      const over = traffic.requests >= requests;
      if (verdict.action === 'promote' && stage + 1 < policy.steps.length) {
        stage++;
        traffic.raise(policy.steps[stage] / 100);
      } else if (over || verdict.action !== 'continue') {
        return {
          action: verdict.action,
          requests: traffic.requests,
          pairs: counts.pairs?.pairs ?? 0,
          verdict,
        };
      }
    }
  });
}

/**
 * Keeps looking to the end whatever the verdicts say, which is the hardest on a test: at which request each test first
 * called for a rollback, Infinity where it never did.
 */
export function watch(
  { name, world, policy: input, rollouts, requests, lookEvery }: Study,
  tests: Record<string, (counts: CanaryCounts, policy: CanaryPolicy, traffic: Traffic) => boolean>,
): Record<string, number[]> {
  const policy = policyOf(input);
  const first: Record<string, number[]> = Object.fromEntries(Object.keys(tests).map((test) => [test, []]));
  for (let i = 0; i < rollouts; i++) {
    const traffic = new Traffic(world, seedOf(name, i), policy.steps[0] / 100);
    const share = requests / policy.steps.length;
    for (const test in tests) first[test].push(Infinity);
    while (traffic.requests < requests) {
      traffic.serve(lookEvery);
      const counts = traffic.counts();
      for (const test in tests) {
        if (first[test][i] === Infinity && tests[test](counts, policy, traffic))
          first[test][i] = traffic.requests;
      }
      const stage = counts.stages.length;
      if (stage < policy.steps.length && traffic.requests >= stage * share)
        traffic.raise(policy.steps[stage] / 100);
    }
  }
  return first;
}

export const judgeFails = (counts: CanaryCounts, policy: CanaryPolicy): boolean =>
  judgeCanary(counts, policy).action === 'rollback';

export function shareOf(rollouts: readonly Rollout[], action: CanaryAction): number {
  return rollouts.filter((rollout) => rollout.action === action).length / rollouts.length;
}

/** Of all rollouts: those that never ended so count as Infinity. */
export function quantile(
  rollouts: readonly Rollout[],
  action: CanaryAction,
  q: number,
  of: 'requests' | 'pairs' = 'requests',
): number {
  const values = rollouts.map((r) => (r.action === action ? r[of] : Infinity)).sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(q * values.length))];
}

function seedOf(name: string, rollout: number): number {
  return deriveSeed(SEED, name, rollout);
}

export const SEED = 20_111_003;
