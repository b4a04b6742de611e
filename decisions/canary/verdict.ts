/** What a look at a rollout came to. */

export type GuardState =
  /** Shown to be no worse than the guard allows. */
  | 'pass'
  /** Shown to be worse than the champion. */
  | 'fail'
  /** Neither yet. */
  | 'undecided'
  /** Too little was seen to say anything: no traffic, too few labels. */
  | 'insufficient';

export interface GuardVerdict {
  /** `errors`, `latency`, `accuracy`, or the name of a guard of the user's own. */
  guard: string;
  state: GuardState;
  /** The numbers behind it, for example eBad, eOk, bad, badOfChallenger, lower, upper. Finite. */
  evidence: Record<string, number>;
  /** One sentence for people, with the numbers. */
  sentence: string;
}

export type CanaryAction =
  /** Every guard passes and the stage has lasted long enough: on to the next stage, or to all keys. */
  | 'promote'
  | 'rollback'
  | 'continue'
  /** Something is wrong with the experiment itself: nothing is decided until a person has looked. */
  | 'hold'
  /** The time is over and nothing is shown. */
  | 'inconclusive';

export interface CanaryVerdict {
  action: CanaryAction;
  reason: string;
  guards: GuardVerdict[];
}
