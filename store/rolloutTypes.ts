import type { CanaryCounts } from '../decisions/canary/counts.ts';
import type { CanaryPolicy } from '../decisions/canary/policy.ts';
import type { CanaryVerdict } from '../decisions/canary/verdict.ts';

export const ROLLOUT_OUTCOMES = ['promoted', 'rolled-back', 'inconclusive', 'aborted'] as const;
export type RolloutOutcome = (typeof ROLLOUT_OUTCOMES)[number];
export type RolloutStatus = 'running' | RolloutOutcome;

export interface RolloutRow {
  name: string;
  number: number;
  /** `rollout/<name>/<n>`: the workflow's id, the salt of the assignment, the holder of the route. */
  id: string;
  /** The workflow's first execution: the idempotency key of everything that the rollout does. */
  executionId: string;
  championVersion: number;
  challengerVersion: number;
  policy: CanaryPolicy;
  status: RolloutStatus;
  /** Why it ended so. */
  reason?: string;
  /** The champion's frozen p99; see CanaryCounts. */
  slowAboveUs?: number;
  startedBy: string;
  startedAt: string;
  /** When all keys went to the challenger; its probation follows. */
  promotedAt?: string;
  endedAt?: string;
}

/** A look at a rollout: what was counted and what was concluded. Counts in, the same verdict out. */
export interface LookRow {
  /** 1, 2, 3 ... */
  index: number;
  stage: number;
  counts: CanaryCounts;
  verdict: CanaryVerdict;
}

/** A labelled key that only one of the two versions has scored. */
export interface UnpairedRow {
  /** The key, or `request id/row`. */
  key: string;
  arm: 'champion' | 'challenger';
  /** Of the key's first answered prediction in the rollout; one value a column. */
  inputs: Record<string, number | string | null>;
  label: string | number | boolean;
  /** Of the label: a correction makes the pair anew. */
  revision: number;
  /** When the label came, as the database writes it, to the microsecond. */
  receivedAt: string;
}

export interface Pair {
  key: string;
  revision: number;
  championLoss: number;
  challengerLoss: number;
}

export interface RolloutStore {
  /** Allocates the next number of this model; one that never opens is a gap. */
  nextNumber(name: string): Promise<number>;
  /**
   * Opens a rollout, with an audit row. Idempotent on executionId.
   *
   * @throws PerennialError NOT_FOUND (no such version, no champion), INVALID_INPUT (the challenger is the champion),
   * ROLLOUT_IN_PROGRESS naming the other in `value`
   */
  open(
    rollout: Pick<
      RolloutRow,
      'name' | 'number' | 'id' | 'executionId' | 'challengerVersion' | 'policy' | 'startedBy'
    >,
  ): Promise<RolloutRow>;
  /** Says when all keys went to the challenger. Idempotent. */
  markPromoted(name: string, number: number): Promise<void>;
  /** Ends a rollout once, with an audit row; repeated calls change nothing. */
  close(
    name: string,
    number: number,
    end: { status: RolloutOutcome; reason: string; actor?: string },
  ): Promise<void>;
  get(name: string, number: number): Promise<RolloutRow | undefined>;
  running(name: string): Promise<RolloutRow | undefined>;
  /** Newest first; `limit` defaults to 100. */
  list(name?: string, limit?: number): Promise<RolloutRow[]>;
  /** A person's command, or anything else that the audit should tell of a rollout. Idempotent on `key`. */
  note(
    name: string,
    number: number,
    event: { key: string; actor: string; action: string; details: Record<string, unknown> },
  ): Promise<void>;
  /**
   * Everything that the verdict looks at but the custom guards, in one statement and so of one moment. Freezes
   * `slowAboveUs` on the way once the champion has answered 1,000 times (in the hour before the rollout, or in it).
   *
   * @param stage the one under way, with the weights of all stages so far
   */
  counts(
    name: string,
    number: number,
    stages: readonly { stage: number; weight: number; startedAt: string }[],
  ): Promise<Omit<CanaryCounts, 'custom'>>;
  /**
   * Labelled keys older than the horizon without a pair of this label's revision, oldest label first. With `after` those
   * behind that row: how to get past rows that cannot be scored. A key may come to be due, and a label be committed, before
   * that place, so who looks again later begins at the front.
   */
  unpaired(
    name: string,
    number: number,
    limit: number,
    after?: Pick<UnpairedRow, 'receivedAt' | 'key'>,
  ): Promise<UnpairedRow[]>;
  /** Idempotent on (rollout, key, revision); of a key the last revision counts. */
  recordPairs(name: string, number: number, pairs: readonly Pair[]): Promise<void>;
  /** Idempotent on the index: the first one stays. */
  recordLook(name: string, number: number, look: LookRow): Promise<void>;
  /** In order. `after` an index, at most `limit` (default 1,000). */
  looks(name: string, number: number, options?: { after?: number; limit?: number }): Promise<LookRow[]>;
}
