import type { ArmCounts, CanaryCounts, PairCounts, StageCounts } from '../../../decisions/canary/counts.ts';
import { canarySchema, type CanaryInput, type CanaryPolicy } from '../../../decisions/canary/policy.ts';
import type { CanaryVerdict, GuardVerdict } from '../../../decisions/canary/verdict.ts';

/** Counts of a look, written down by hand. */

export const HOUR_MS = 3_600_000;

export const policyOf = (input: CanaryInput = {}): CanaryPolicy => canarySchema.parse(input);
export const errorsOnly = policyOf({ guards: { latency: false } });
export const accuracyOnly = policyOf({ guards: { errors: false, latency: false, accuracy: {} } });

/** A clean arm of so many keys, each of one request. */
export function arm(keys: number, more: Partial<ArmCounts> = {}): ArmCounts {
  return { requests: keys, keys, errorKeys: 0, slowKeys: 0, dueKeys: 0, labelledKeys: 0, ...more };
}

export function stageOf(champion: ArmCounts, challenger: ArmCounts, weight = 0.1, stage = 0): StageCounts {
  return { stage, weight, champion, challenger };
}

export function countsOf(stages: StageCounts[], more: Partial<CanaryCounts> = {}): CanaryCounts {
  return {
    at: '2026-01-01T00:00:00.000Z',
    stageMs: HOUR_MS,
    elapsedMs: HOUR_MS,
    stages,
    slowAboveUs: 5000,
    dropped: 0,
    custom: [],
    ...more,
  };
}

export const clean = stageOf(arm(90_000), arm(10_000));

export function pairsOf(pairs: number, mean: number, disagree: number): PairCounts {
  return { pairs, mean, variance: disagree - mean * mean, championLoss: 0.2, challengerLoss: 0.2 + mean };
}

export function guard(verdict: CanaryVerdict, name: string): GuardVerdict {
  const found = verdict.guards.find((one) => one.guard === name);
  if (!found) throw new Error(`There is no guard ${name}.`);
  return found;
}
