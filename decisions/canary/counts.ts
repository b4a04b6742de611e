/** What is counted during a rollout: the only thing that its verdict looks at. */

/** Of one arm in one stage. Sticky routing repeats users, so everything but `requests` counts keys. */
export interface ArmCounts {
  requests: number;
  /**
   * Keys that were seen first in the whole rollout here. Who comes again in a later stage is no more evidence: a key that
   * was good would be so again, and one that always fails has been counted. So there may be fewer of them than of the
   * keys that met their first error here. Of a request that failed or was slow only the key of its first row counts.
   */
  keys: number;
  /**
   * Keys that met their first error of the whole rollout, in either arm, here: an error that the model or the gateway
   * is to blame for (never the caller's 4xx). Evidence multiplies over stages, so a user who always fails must not be
   * counted in each of them: with five stages that gave 3 % false rollbacks instead of none in 500 (docs/canary.md).
   */
  errorKeys: number;
  /** Keys that met their first answer slower than `slowAboveUs` here; once in the rollout, like errors. */
  slowKeys: number;
  /** Of each stage by itself: keys first seen in it longer ago than the label horizon, and how many of them have a label. */
  dueKeys: number;
  labelledKeys: number;
}

export interface StageCounts {
  /** 0, 1, 2 ...; the probation is the stage after the last one, with weight 1. */
  stage: number;
  /** The challenger's share of the keys, 0 to 1. */
  weight: number;
  champion: ArmCounts;
  challenger: ArmCounts;
}

/** Labelled keys (older than the horizon) that both versions scored on the same input: challenger's loss minus champion's. */
export interface PairCounts {
  pairs: number;
  /** Mean of the differences; positive: the challenger is worse. 0 where there are none. */
  mean: number;
  /** Variance of the differences (divisor `pairs`). */
  variance: number;
  championLoss: number;
  challengerLoss: number;
}

/** What a guard of the user's own said at this look. */
export interface CustomResult {
  guard: string;
  state: 'pass' | 'fail' | 'undecided';
  reason: string;
}

export interface CanaryCounts {
  /** When they were read, ISO 8601; of the database's clock. */
  at: string;
  /** Since the stage under way began, and since the first one did. */
  stageMs: number;
  elapsedMs: number;
  /** By stage, the one under way last. */
  stages: StageCounts[];
  /** Absent where the accuracy guard is off. */
  pairs?: PairCounts;
  /** The champion's p99 in microseconds, frozen when enough of its answers were seen; absent before. */
  slowAboveUs?: number;
  /** Predictions that gateways could not log since the rollout began. */
  dropped: number;
  custom: CustomResult[];
}
