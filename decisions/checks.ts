import { z } from 'zod';

/** The data checks as a definition declares them. `severity` says what a violation yields. */
const severity = z.enum(['warn', 'fail']).default('fail');
const share = z.number().min(0).max(1);

export const checkSchema = z.discriminatedUnion('kind', [
  /** Number of rows. */
  z.strictObject({
    kind: z.literal('rows'),
    min: z.int().min(0).optional(),
    max: z.int().min(1).optional(),
    severity,
  }),
  /** Share of missing values of each column (all when none are named). */
  z.strictObject({
    kind: z.literal('missing'),
    columns: z.array(z.string()).optional(),
    max: share,
    severity,
  }),
  /** The combination of the columns is unique. */
  z.strictObject({ kind: z.literal('unique'), columns: z.array(z.string()).min(1), severity }),
  /** Every value that is there lies within; `maxShare` of outliers are forgiven. */
  z.strictObject({
    kind: z.literal('range'),
    column: z.string(),
    min: z.union([z.number(), z.string()]).optional(),
    max: z.union([z.number(), z.string()]).optional(),
    maxShare: share.default(0),
    severity,
  }),
  /** Every value that is there is one of those. */
  z.strictObject({
    kind: z.literal('allowed'),
    column: z.string(),
    values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
    maxShare: share.default(0),
    severity,
  }),
  /** Names and types of the columns equal those of the first snapshot that passed; a new column is a warning. */
  z.strictObject({ kind: z.literal('schema'), severity }),
  /** The newest value of the time column is at most `maxAge` milliseconds before the time of the run. */
  z.strictObject({ kind: z.literal('freshness'), column: z.string(), maxAgeMs: z.int().min(1), severity }),
  /** The rarest class has at least this share of the rows. */
  z.strictObject({ kind: z.literal('balance'), min: share, severity }),
  /** Rows of training and hold-out that share a key, or are the same row but for the key. */
  z.strictObject({ kind: z.literal('leakage'), maxShare: share.default(0), severity }),
  /** A mean, standard deviation or share measured by a SQL expression over the table lies within. */
  z.strictObject({
    kind: z.literal('expression'),
    name: z.string(),
    sql: z.string().min(1),
    min: z.number().optional(),
    max: z.number().optional(),
    severity,
  }),
]);

export type Check = z.infer<typeof checkSchema>;
export type Verdict = 'pass' | 'warn' | 'fail';

/** What SQL counted for one check. */
export interface Measurement {
  /** Rows looked at; fewer than the table's where the check was made on a declared sample. */
  looked: number;
  /** Rows (or values) that violate, or absent where the check is not a count. */
  violations?: number;
  /** The measured value for checks that compare one: rows, a share, an age in ms, an expression's value. */
  value?: number;
  /** Per-column values, for `missing` and `schema`. */
  detail?: Record<string, number | string>;
  /** Up to 5 offending rows, values as text, keyed by column. */
  examples: Record<string, string>[];
}

export interface CheckResult {
  /** Position in the definition's `checks`; implied checks (schema, leakage, target) follow. */
  index: number;
  kind: string;
  /** For people, for example `unique(flight_id)`. */
  title: string;
  verdict: Verdict;
  /** One sentence with the numbers. */
  message: string;
  measurement: Measurement;
}
