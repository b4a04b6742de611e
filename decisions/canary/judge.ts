import { DAY_MS } from '../duration.ts';
import { judgeAccuracy } from './accuracyGuard.ts';
import type { CanaryCounts, CustomResult } from './counts.ts';
import { judgeErrors, judgeLatency } from './eventGuard.ts';
import { findDoubts } from './experiment.ts';
import type { CanaryPolicy } from './policy.ts';
import type { CanaryAction, CanaryVerdict, GuardVerdict } from './verdict.ts';
import { duration } from './wording.ts';

/**
 * The verdict on a challenger that serves beside its champion. It may be asked at every look, as often as wanted: over
 * all looks and guards together a challenger that is no worse is rolled back with probability at most `policy.alpha`
 * (docs/canary.md). Pure: the same counts give the same verdict.
 *
 * In this order: any guard fails - rollback; every guard passes, the experiment is sound and the stage has lasted - promote;
 * the time is over - inconclusive; the experiment itself is in doubt - hold; else continue.
 */
export function judgeCanary(counts: CanaryCounts, policy: CanaryPolicy): CanaryVerdict {
  const { errors, latency } = policy.guards;
  const failAt = countGuards(policy) / policy.alpha;
  const passAt = 1 / policy.beta;
  const guards = [
    ...(errors ? [judgeErrors(counts, errors, failAt, passAt)] : []),
    ...(latency ? [judgeLatency(counts, latency, failAt, passAt)] : []),
    ...judgeLateGuards(counts, policy),
  ];
  const doubts = findDoubts(counts, policy);
  const say = (action: CanaryAction, reason: string): CanaryVerdict => ({ action, reason, guards });

  const failed = guards.filter(({ state }) => state === 'fail');
  if (failed.length > 0) return say('rollback', [...failed.map(told), ...doubts].join(' '));

  const open = guards.filter(({ state }) => state !== 'pass');
  const lasted = counts.stageMs >= policy.minDurationMs;
  // Requests: keys count where they are first seen, and those who were here in a stage before come again.
  const served = (counts.stages.at(-1)?.challenger.requests ?? 0) > 0;
  if (open.length === 0 && doubts.length === 0 && lasted && served) {
    return say('promote', ['Every guard passes.', ...guards.map(told)].join(' '));
  }
  const limitMs = maxDurationMs(policy);
  if (counts.elapsedMs >= limitMs) {
    return say(
      'inconclusive',
      [`${duration(limitMs)} are over and not everything is shown.`, ...doubts, ...open.map(told)].join(' '),
    );
  }
  if (doubts.length > 0) return say('hold', doubts.join(' '));
  if (open.length > 0) return say('continue', open.map(told).join(' '));
  if (!served)
    return say('continue', 'Every guard passes; in this stage the challenger has served nobody yet.');
  return say(
    'continue',
    `Every guard passes; the stage lasts at least ${duration(policy.minDurationMs)}, ${duration(policy.minDurationMs - counts.stageMs)} more.`,
  );
}

/**
 * The verdict after the promotion, while late labels arrive: errors and latency have no champion beside them any more,
 * accuracy goes on over the same pairs, at the same alpha. `promote` is the final yes.
 */
export function judgeProbation(counts: CanaryCounts, policy: CanaryPolicy): CanaryVerdict {
  const guards = judgeLateGuards(counts, policy);
  const failed = guards.filter(({ state }) => state === 'fail');
  if (failed.length > 0) return { action: 'rollback', reason: failed.map(told).join(' '), guards };
  const restMs = policy.probationMs - counts.stageMs;
  if (restMs > 0) {
    return {
      action: 'continue',
      reason: `Nothing speaks against the challenger; ${duration(restMs)} more.`,
      guards,
    };
  }
  return {
    action: 'promote',
    reason: `${duration(policy.probationMs)} of probation are over and nothing speaks against the challenger.`,
    guards,
  };
}

/** The longest that all stages together may take, in ms: by default the label horizon and 24 hours. */
export function maxDurationMs(policy: CanaryPolicy): number {
  const { accuracy } = policy.guards;
  return policy.maxDurationMs ?? (accuracy ? accuracy.labelHorizonMs : 0) + DAY_MS;
}

/** Guards that share alpha (Bonferroni). Those of the user's own answer for themselves. */
function countGuards({ guards }: CanaryPolicy): number {
  return [guards.errors, guards.latency, guards.accuracy].filter(Boolean).length;
}

function judgeLateGuards(counts: CanaryCounts, policy: CanaryPolicy): GuardVerdict[] {
  const { accuracy, custom } = policy.guards;
  return [
    ...(accuracy
      ? [judgeAccuracy(counts.pairs, accuracy, policy.alpha / countGuards(policy), policy.beta)]
      : []),
    ...custom.map(({ name }) =>
      judgeCustom(
        name,
        counts.custom.find((result) => result.guard === name),
      ),
    ),
  ];
}

/** The user's own word, taken as it is. */
function judgeCustom(guard: string, result: CustomResult | undefined): GuardVerdict {
  if (!result) return { guard, state: 'undecided', evidence: {}, sentence: 'It has not answered.' };
  return { guard, state: result.state, evidence: {}, sentence: result.reason };
}

function told({ guard, sentence }: GuardVerdict): string {
  return `${guard}: ${sentence}`;
}
