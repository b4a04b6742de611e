import { logBelowRatio, logMean, logWorse } from './betaBinomial.ts';
import type { CanaryCounts, StageCounts } from './counts.ts';
import type { CanaryPolicy } from './policy.ts';
import { logWithinMargins } from './twoRates.ts';
import type { GuardState, GuardVerdict } from './verdict.ts';
import { evidenceOf, plain, share } from './wording.ts';

type EventGuard = Exclude<CanaryPolicy['guards']['errors'], false>;

/** Errors that the model or the gateway is to blame for. `failAt` is the evidence at which the guard fails, 1 / alpha of its own. */
export function judgeErrors(
  counts: CanaryCounts,
  guard: EventGuard,
  failAt: number,
  passAt: number,
): GuardVerdict {
  return judgeEvents('errors', 'met an error', counts.stages, 'errorKeys', guard, failAt, passAt);
}

/** Answers slower than the champion's p99, which is frozen once it is known. */
export function judgeLatency(
  counts: CanaryCounts,
  guard: EventGuard,
  failAt: number,
  passAt: number,
): GuardVerdict {
  if (counts.slowAboveUs === undefined) {
    return {
      guard: 'latency',
      state: 'insufficient',
      evidence: {},
      sentence: 'The champion has not answered often enough yet to know its p99.',
    };
  }
  const slow = `met an answer slower than ${plain(counts.slowAboveUs / 1000)} ms`;
  const verdict = judgeEvents('latency', slow, counts.stages, 'slowKeys', guard, failAt, passAt);
  return { ...verdict, evidence: { ...verdict.evidence, slowAboveUs: counts.slowAboveUs } };
}

function judgeEvents(
  guard: string,
  event: string,
  stages: readonly StageCounts[],
  kind: 'errorKeys' | 'slowKeys',
  margins: EventGuard,
  failAt: number,
  passAt: number,
): GuardVerdict {
  // At weight 1 there is no champion beside it to compare with.
  const compared = stages
    .filter(({ weight }) => weight > 0 && weight < 1)
    .map(({ weight, champion, challenger }) => ({
      weight,
      championKeys: champion.keys,
      championBad: champion[kind],
      challengerKeys: challenger.keys,
      challengerBad: challenger[kind],
    }));
  const sum = (of: (stage: (typeof compared)[number]) => number) =>
    compared.reduce((total, stage) => total + of(stage), 0);
  const keys = sum((s) => s.championKeys + s.challengerKeys);
  const keysOfChallenger = sum((s) => s.challengerKeys);
  const badOfChallenger = sum((s) => s.challengerBad);
  const bad = sum((s) => s.championBad) + badOfChallenger;
  const lnEBad = sum((s) => logWorse(s.challengerBad, s.challengerBad + s.championBad, s.weight));
  const lnERatio = sum((s) =>
    logBelowRatio(s.challengerBad, s.challengerBad + s.championBad, s.weight, margins.maxRatio),
  );
  const lnEMargin = logWithinMargins(compared, margins.maxRatio, margins.margin);
  // Each is evidence against a challenger that is too bad, so their mean is: the sharper one counts, at the price of ln 2.
  const lnEOk = logMean(lnERatio, lnEMargin);

  const seen = keysOfChallenger > 0 && keys > keysOfChallenger;
  let state: GuardState = 'undecided';
  if (lnEBad >= Math.log(failAt)) state = 'fail';
  else if (!seen) state = 'insufficient';
  else if (lnEOk >= Math.log(passAt)) state = 'pass';

  const eBad = evidenceOf(lnEBad);
  const eOk = evidenceOf(lnEOk);
  const facts =
    `${plain(badOfChallenger)} of the challenger's ${plain(keysOfChallenger)} keys ${event}${share(badOfChallenger, keysOfChallenger)}, ` +
    `${plain(bad - badOfChallenger)} of the champion's ${plain(keys - keysOfChallenger)}${share(bad - badOfChallenger, keys - keysOfChallenger)}`;
  const bound = `at most ${plain(margins.maxRatio)} times the champion's rate, or less than ${plain(margins.margin * 100)} points above it`;
  const conclusions: Record<GuardState, string> = {
    fail: `the challenger is worse (evidence ${plain(eBad)}, needed ${plain(failAt)})`,
    pass: `that is ${bound} (evidence ${plain(eOk)}, needed ${plain(passAt)})`,
    undecided: `nothing is shown yet (evidence against it ${plain(eBad)} of ${plain(failAt)}, for it ${plain(eOk)} of ${plain(passAt)})`,
    insufficient: 'that is too little to say anything',
  };
  return {
    guard,
    state,
    evidence: {
      eBad,
      lnEBad,
      eOk,
      lnEOk,
      lnERatio,
      lnEMargin,
      failAt,
      passAt,
      bad,
      badOfChallenger,
      keys,
      keysOfChallenger,
    },
    sentence: `${facts}: ${conclusions[state]}.`,
  };
}
