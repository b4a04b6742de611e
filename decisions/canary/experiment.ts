import { logMean, logUnfair } from './betaBinomial.ts';
import type { CanaryCounts, StageCounts } from './counts.ts';
import type { CanaryPolicy } from './policy.ts';
import { evidenceOf, plain, share } from './wording.ts';

/** Evidence at which a split that should be fair is called unfair. */
const UNFAIR_AT = 1000;
/** Log records lost, of all requests. */
const MAX_DROPPED_SHARE = 0.001;

/** What is wrong with the experiment itself, each with what a person should look at; empty where nothing is. */
export function findDoubts(counts: CanaryCounts, policy: CanaryPolicy): string[] {
  const compared = counts.stages.filter(({ weight }) => weight > 0 && weight < 1);
  return [
    ...doubtAssignment(compared, policy),
    ...(policy.guards.accuracy ? doubtLabels(compared, policy) : []),
    ...doubtLog(counts),
  ];
}

function doubtAssignment(stages: readonly StageCounts[], policy: CanaryPolicy): string[] {
  return stages.flatMap(({ stage, weight, champion, challenger }) => {
    const keys = champion.keys + challenger.keys;
    const log = logUnfair(challenger.keys, keys, weight) - Math.log(policy.steps.length);
    if (log < Math.log(UNFAIR_AT)) return [];
    return [
      `In stage ${stage + 1} the challenger served ${plain(challenger.keys)} of ${plain(keys)} keys${share(challenger.keys, keys)} ` +
        `where its weight is ${plain(100 * weight)} % (evidence ${plain(evidenceOf(log))}): look for answers of one arm that were not logged, ` +
        `and for a cache or a retry in front of the gateways that knows only one version.`,
    ];
  });
}

/** A label may depend on what was answered; then the labelled keys of the two arms are not alike. */
function doubtLabels(stages: readonly StageCounts[], policy: CanaryPolicy): string[] {
  return stages.flatMap(({ stage, weight, champion, challenger }) => {
    const labelled = champion.labelledKeys + challenger.labelledKeys;
    const due = champion.dueKeys + challenger.dueKeys;
    const withLabel = logUnfair(challenger.labelledKeys, labelled, weight);
    const without = logUnfair(challenger.dueKeys - challenger.labelledKeys, due - labelled, weight);
    // The mean of the two: few labels missing is seen among those that lack one, few there among those that have one.
    const log = logMean(withLabel, without) - Math.log(policy.steps.length);
    if (log < Math.log(UNFAIR_AT)) return [];
    return [
      `In stage ${stage + 1} labels came for ${plain(challenger.labelledKeys)} of the challenger's ${plain(challenger.dueKeys)} keys${share(challenger.labelledKeys, challenger.dueKeys)} ` +
        `and ${plain(champion.labelledKeys)} of the champion's ${plain(champion.dueKeys)}${share(champion.labelledKeys, champion.dueKeys)} (evidence ${plain(evidenceOf(log))}): ` +
        `look for labels that depend on the answer, and for a sender of labels that knows only one version.`,
    ];
  });
}

function doubtLog({ stages, dropped }: CanaryCounts): string[] {
  const logged = stages.reduce((sum, s) => sum + s.champion.requests + s.challenger.requests, 0);
  if (dropped <= MAX_DROPPED_SHARE * (logged + dropped)) return [];
  return [
    `${plain(dropped)} of ${plain(logged + dropped)} predictions were not logged${share(dropped, logged + dropped)}: ` +
      'look at the disk buffers of the gateways and at the database.',
  ];
}
