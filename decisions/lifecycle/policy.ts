import { z } from 'zod';
import { DAY_MS, duration, HOUR_MS } from '../duration.ts';

/** What a definition declares about the life of a model after its first version. */

export const retrainSchema = z.strictObject({
  /** `fall`: drift that persists and a fall in quality, realised or estimated; `any`: drift alone; `never`. */
  onDrift: z.enum(['fall', 'any', 'never']).default('fall'),
  /**
   * With `fall`: drift alone is enough where the champion has answered for so long and nothing was retrained since. What is
   * lost may be less than labels can show, and lasts. Absent: drift alone never is.
   */
  staleAfterMs: duration.min(1000).optional(),
  /** By the calendar, or at an interval; a Temporal Schedule. */
  schedule: z
    .union([
      z.strictObject({ cron: z.string().min(9).max(200), ...scheduleOptions() }),
      z.strictObject({ everyMs: duration.min(1000), ...scheduleOptions() }),
    ])
    .optional(),
  /** Looks at the sources this often, and retrains when their bytes are others than those of the last training. */
  onNewData: z.strictObject({ everyMs: duration.min(1000).default(HOUR_MS) }).optional(),
  /** `POST /models/NAME/events` at the gateway. */
  onEvent: z.boolean().default(true),
  /** Rows that a retraining looks at: all up to now, or the latest. `ms` by `time`, `rows` by its order. */
  window: z
    .union([
      z.strictObject({ kind: z.literal('expanding') }),
      z.strictObject({ kind: z.literal('sliding'), ms: duration.min(1000) }),
      z.strictObject({ kind: z.literal('sliding'), rows: z.int().min(200) }),
    ])
    .prefault({ kind: 'expanding' }),
  /**
   * `source`: the definition's dataset as it is now. `predictions`: and behind it the logged inputs of answered keys
   * with their labels, which are the newest rows; `time` of these is that of the prediction unless it is an input.
   */
  data: z.enum(['source', 'predictions']).default('source'),
  /** After a retraining has begun, none begins by itself for so long. */
  cooldownMs: duration.default(DAY_MS),
  /** Retrainings by themselves within 24 hours. */
  perDay: z.int().min(1).max(100).default(2),
  /** After so many challengers in a row that did not become champion, a person must approve the next retraining. */
  approveAfterRejected: z.int().min(1).max(100).default(2),
  /**
   * How a version that beats the champion on the recent hold-out replaces it: by a rollout under `canary`, or at once
   * where nothing is served through the gateway. Default: `rollout` where `canary.start` is `automatic`, else `gate`.
   */
  promote: z.enum(['rollout', 'gate']).optional(),
});
export type RetrainPolicy = z.output<typeof retrainSchema>;

function scheduleOptions() {
  return {
    /** Starts are spread over so long, so that many lifecycles do not begin in the same second. */
    jitterMs: duration.default(0),
    /** Where the one before has not been taken up yet. */
    overlap: z.enum(['skip', 'bufferOne']).default('skip'),
    /** Starts that fell into an outage are made up for where they are no older than this. */
    catchUpMs: duration.min(10_000).default(HOUR_MS),
  };
}

/** What a person must agree to before it happens by itself. */
export const approvalsSchema = z.strictObject({
  before: z.array(z.enum(['retrain', 'rollout'])).default([]),
  /** Whoever deployed the definition, or asked for what is to be approved, may not approve it. */
  fourEyes: z.boolean().default(false),
});
export type ApprovalPolicy = z.output<typeof approvalsSchema>;

export const NOTICE_EVENTS = [
  'drift',
  'fault',
  'recovered',
  'retraining',
  'registered',
  'refused',
  'rollout-started',
  'promoted',
  'rolled-back',
  'inconclusive',
  'approval-needed',
  'failed',
] as const;
export type NoticeEvent = (typeof NOTICE_EVENTS)[number];
