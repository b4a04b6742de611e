import { z } from 'zod';
import { DAY_MS, duration, HOUR_MS } from '../duration.ts';

/** What a definition declares about the watch over its champion. */

const share = z.number().gt(0).max(1);

export const watchSchema = z.strictObject({
  /** Between two windows; each reaches from the end of the last one to its own. */
  everyMs: duration.min(1000).default(HOUR_MS),
  /** Rows (keys) below which a window says nothing of shifts and quality: `insufficient`. */
  minRows: z.int().min(50).max(1_000_000).default(200),
  /** Rows of a window that are compared, chosen by a hash of the key where there are more; volume counts all. */
  maxRows: z.int().min(200).max(200_000).default(20_000),
  /** Columns that are expected to move (a counter, a date as number): reported, no alarm. */
  ignore: z.array(z.string().min(1)).max(2000).default([]),
  drift: z
    .strictObject({
      /** False discovery rate over the columns of one window (Benjamini-Hochberg). */
      q: z.number().gt(0).max(0.2).default(0.01),
      /** Least effect that counts: KS distance, or total variation. */
      effect: share.default(0.1),
      /** An alarm needs `atLeast` of the last `windows`. */
      windows: z.int().min(1).max(20).default(3),
      atLeast: z.int().min(1).max(20).default(2),
    })
    .refine(({ windows, atLeast }) => atLeast <= windows, {
      path: ['atLeast'],
      error: 'must be at most `windows`, or nothing could ever be an alarm',
    })
    .prefault({}),
  quality: z
    .strictObject({
      /** How late a label may come; a window is judged by its labels when it is older than this. */
      labelHorizonMs: duration.default(0),
      minLabels: z.int().min(50).default(200),
      /** How much worse than on the hold-out the mean loss of a row must be to count as a fall, in units of the loss. */
      margin: z.number().gt(0).default(0.02),
      /**
       * Of the one-sided test, in each window; and of the evidence over all of them: while there is no fall, one is told
       * once in 1 / alpha stretches of `minLabels` labels at the most, on average.
       */
      alpha: z.number().gt(0).max(0.2).default(0.01),
      /** Realised `select.metric` that is too low (scores) or too high (errors) for a champion to stay in probation. */
      atLeast: z.number().optional(),
      atMost: z.number().optional(),
    })
    .prefault({}),
  data: z
    .strictObject({
      /**
       * Share of a column's rows that is a fault: missing, above the reference's share; of categories unseen in training or
       * out of its range, above the last healthy window's.
       */
      missing: share.default(0.2),
      unseen: share.default(0.2),
      outOfRange: share.default(0.2),
      /**
       * Windows in a row after which values that training never saw (unseen, out of range) are the world as it now is, to
       * learn from, and no fault any more; a volume that stays is the usual one likewise. Absent: they are a fault until a
       * person acts. What is missing, or looks like another unit, always is.
       */
      patience: z.int().min(1).max(19).optional(),
      /** Rows of a window, as multiples of the last healthy ones' mean; absent: volume is reported only. */
      volume: z
        .strictObject({ min: z.number().min(0).default(0.2), max: z.number().gt(1).default(5) })
        .optional(),
    })
    .prefault({}),
  /** After it became champion, a version whose realised quality breaks `quality.atLeast` goes back by itself. */
  probationMs: duration.default(7 * DAY_MS),
});

/** With every default made explicit. */
export type WatchPolicy = z.output<typeof watchSchema>;
export type WatchInput = z.input<typeof watchSchema>;
