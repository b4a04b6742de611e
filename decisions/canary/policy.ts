import { z } from 'zod';
import { DAY_MS, duration, MINUTE_MS } from '../duration.ts';

/** What a definition declares about canary rollouts, and what `perennial rollout start` may override. */

/** How much worse than the champion, in events, is still accepted. */
const eventGuard = z.strictObject({
  /** Passes once the challenger's rate is shown to be at most this many times the champion's ... */
  maxRatio: z.number().gt(1).max(100).default(2),
  /** ... or to be above it by less than this (0.005: half a percentage point). */
  margin: z.number().gt(0).lt(1).default(0.005),
});

export const LOSSES = ['zeroOne', 'logLoss', 'brier', 'absolute', 'squared'] as const;
export type Loss = (typeof LOSSES)[number];

const accuracyGuard = z.strictObject({
  /** Per row. `auto`: zeroOne for classes, absolute for regression. */
  loss: z.enum(['auto', ...LOSSES]).default('auto'),
  /** Mean paired difference of the losses that is still accepted, in units of the loss (zeroOne 0.01: one point). */
  margin: z.number().gt(0).default(0.01),
  /** A row's loss is cut at this. Needed for absolute and squared errors, which have no bound of their own. */
  bound: z.number().gt(0).optional(),
  /** Labelled keys before which nothing is said: the confidence sequence is asymptotic. */
  minPairs: z.int().min(50).default(200),
  /** How late a label may come. Only keys older than this count, so that quick labels do not stand for all. */
  labelHorizonMs: duration.default(0),
});

/** A guard of the user's own: an activity, called at each look by the envelope that docs/canary.md describes. */
const customGuard = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  activity: z.string().min(1).max(200),
  taskQueue: z.string().min(1).max(200),
  /** To answer; a guard is waited for no longer than `everyMs`. */
  timeoutMs: duration.min(1000).default(MINUTE_MS),
  /** Passed on as they are. */
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
});

export const canarySchema = z
  .strictObject({
    /** `automatic`: a version that is registered beside a champion is rolled out by itself. */
    start: z.enum(['automatic', 'manual']).default('automatic'),
    /** Percent of the keys, stage by stage; after the last one all of them. */
    steps: z
      .array(z.number().gt(0).lt(100))
      .min(1)
      .max(20)
      .refine((steps) => steps.every((step, i) => i === 0 || step > (steps[i - 1] ?? 0)), 'must ascend')
      .default([10]),
    /** Of each stage, whatever the guards say sooner in the challenger's favour. */
    minDurationMs: duration.default(15 * MINUTE_MS),
    /** Of all stages together; default: the label horizon and 24 hours. Running out of it is `inconclusive`. */
    maxDurationMs: duration.min(1000).optional(),
    /** Between two looks. */
    everyMs: duration.min(1000).default(30_000),
    /** Probability of rolling back a challenger that is no worse, over all guards and looks together. */
    alpha: z.number().gt(0).max(0.2).default(0.01),
    /** Probability, by guard, of passing a challenger that is as bad as the guard's bound. */
    beta: z.number().gt(0).max(0.5).default(0.05),
    guards: z
      .strictObject({
        errors: z.union([eventGuard, z.literal(false)]).prefault({}),
        latency: z.union([eventGuard, z.literal(false)]).prefault({}),
        /** Off unless declared: it needs labels. */
        accuracy: z.union([accuracyGuard, z.literal(false)]).default(false),
        custom: z.array(customGuard).max(20).default([]),
      })
      .prefault({}),
    /** After the promotion, while late labels still arrive, the old champion stays loaded and may come back by itself. */
    probationMs: duration.default(DAY_MS),
    /** A person approves before all keys go to the challenger. */
    approve: z.boolean().default(false),
  })
  .superRefine(({ steps, minDurationMs, maxDurationMs, guards }, context) => {
    // Such a rollout could only end as inconclusive.
    if (maxDurationMs === undefined) return;
    const horizonMs = guards.accuracy ? guards.accuracy.labelHorizonMs : 0;
    const neededMs = Math.max(steps.length * minDurationMs, horizonMs);
    if (maxDurationMs > neededMs) return;
    context.addIssue({
      code: 'custom',
      path: ['maxDurationMs'],
      message: `must be more than ${neededMs}: the stages' minDurationMs together, and the label horizon`,
    });
  });

/** With every default made explicit. */
export type CanaryPolicy = z.output<typeof canarySchema>;
export type CanaryInput = z.input<typeof canarySchema>;
