import canonicalizeModule from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { canarySchema } from '../decisions/canary/policy.ts';
import { checkSchema } from '../decisions/checks.ts';
import { approvalsSchema, NOTICE_EVENTS, retrainSchema } from '../decisions/lifecycle/policy.ts';
import { watchSchema } from '../decisions/watch/policy.ts';
import { featureSchema } from '../learning/encoders/spec.ts';
import { METRIC_NAMES } from '../learning/metrics/names.ts';
import { budgetSchema } from './budget.ts';
import { distributionSchema } from './distributions.ts';
import { refuseContradictions } from './contradictions.ts';
import { halvingSchema } from './halving.ts';
import { explainIssue } from './explain.ts';
import { PerennialError } from './errors.ts';
import { parseTime } from './time.ts';
import { trainerSchema } from './trainer.ts';
import { MAX_DEFINITION_BYTES, MEBIBYTE } from './units.ts';

/**
 * Checks a definition that somebody wrote, makes every default explicit and returns plain JSON.
 *
 * @throws PerennialError INVALID_DEFINITION naming the path, the value and what would be right.
 */
export function parseDefinition(input: unknown): Definition {
  refuseOversized(input);
  const parsed = definitionSchema.safeParse(input);
  if (!parsed.success) throw explainIssue(parsed.error, input);
  const definition = parsed.data;
  refuseContradictions(definition);
  return definition;
}

/** SHA-256 of the canonical JSON (RFC 8785) of a definition, or of the named sections of it: 64 hex digits. */
export function definitionHash(definition: Definition, sections?: readonly (keyof Definition)[]): string {
  const part = sections ? Object.fromEntries(sections.map((s) => [s, definition[s]])) : definition;
  return bytesToHex(sha256(utf8ToBytes(canonicalJson(part))));
}

/** Canonical JSON (RFC 8785): the same value always gives the same text. */
export function canonicalJson(value: unknown): string {
  return canonicalize(value) ?? 'null';
}

// The package's types describe a namespace where Node gives the function itself.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

const identifier = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
    'must be letters, digits and _, not starting with a digit, at most 63',
  );

/** A secret's name: the value stands in the worker's environment and nowhere else. */
export const secretSchema = z.strictObject({
  secret: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,127}$/, 'must be an environment variable name such as WAREHOUSE_URL'),
});

const location = z
  .string()
  .min(1)
  .max(4096)
  .refine(hasNoUserInfo, 'must not hold a user, a password or a token: use headers with secret(...)');
/** Of a request to an http(s) address. */
const headers = z
  .record(z.string(), z.union([z.string(), secretSchema]))
  .superRefine(refuseLiteralSecrets)
  .optional();

export const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('csv'),
    /** A path (relative to the definition's file), a glob, or an http(s) address. */
    from: location,
    delimiter: z.string().length(1).optional(),
    header: z.boolean().default(true),
    /** Texts that mean NULL, besides the empty field. */
    nulls: z.array(z.string()).default([]),
    /** SQL types by column, where inference over the whole file would choose another. */
    types: z
      .record(z.string(), z.string().regex(/^[A-Za-z][A-Za-z0-9_ (),]*$/, 'must be a SQL type'))
      .optional(),
    headers,
  }),
  z.strictObject({ kind: z.literal('parquet'), from: location, headers }),
  /** An array of objects, or one object a line. */
  z.strictObject({ kind: z.literal('json'), from: location, headers }),
  z.strictObject({ kind: z.literal('postgres'), connection: secretSchema, query: z.string().min(1) }),
]);
export type Source = z.infer<typeof sourceSchema>;

/** Where a lifecycle tells what happened; signed as Standard Webhooks describes (standardwebhooks.com). */
const webhookSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .refine(hasNoUserInfo, 'must not hold a user, a password or a token'),
  /** Names the key that messages are signed with: `whsec_` and base64, or any text. */
  key: secretSchema,
  /** Default: all of them. */
  events: z.array(z.enum(NOTICE_EVENTS)).min(1).optional(),
});
export type Webhook = z.infer<typeof webhookSchema>;

/** True values from a source of their own, asked for at every window of the watch. */
const labelSourceSchema = z.strictObject({
  source: sourceSchema,
  /** The column that holds the key of the prediction. */
  key: identifier,
  /** The column that holds the true value. */
  value: identifier,
  /** The column that says since when it was known; default: when it is read. */
  observedAt: identifier.optional(),
});

/** A value of a hyperparameter; by name for those of classes or features. */
const paramSchema = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.null(),
  z.record(z.string(), z.union([z.number(), z.string()])),
]);
export type ParamValue = z.infer<typeof paramSchema>;

export const searchEntrySchema = z.strictObject({
  learner: z.string().min(1),
  /** Every hyperparameter with the values to try, or what they are drawn from; the grid is their product. */
  grid: z.record(
    z.string(),
    z.union([z.array(paramSchema).min(1, 'must hold at least one value'), distributionSchema]),
  ),
  /** How many points are drawn; absent: all of the grid. */
  candidates: z.int().min(1).max(10_000).optional(),
  /** Where the learner is one of a trainer of one's own; absent: one of the shelf. */
  trainer: trainerSchema.optional(),
});
export type SearchEntry = z.infer<typeof searchEntrySchema>;

/**
 * How training rows are dealt into folds. `stratified`: at random, every class evenly. `plain`: at random. `time`: each
 * fold is tested on the rows after those it learned from, of which none is less than `gapMs` older. `group`: rows with
 * one value of the column stay together.
 */
const cvSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stratified') }),
  z.strictObject({ kind: z.literal('plain') }),
  z.strictObject({ kind: z.literal('time'), gapMs: z.int().min(0).default(0) }),
  z.strictObject({ kind: z.literal('group'), column: z.string().min(1) }),
]);

const rowsOrAll = z.union([z.int().min(50), z.literal('all')]);
const isoDate = z
  .string()
  .refine(
    (text) => parseTime(text) !== undefined,
    'must be an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T12:00:00Z',
  );
const share = z.number().gt(0).lt(1);

export const definitionSchema = z.strictObject({
  apiVersion: z.literal(1),
  /** Lower case, digits and hyphens: part of workflow ids, URLs and file names. */
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,62}$/,
      'must be lower-case letters, digits and hyphens, starting with a letter, at most 63',
    ),
  sources: z
    .record(identifier, sourceSchema)
    .refine((s) => Object.keys(s).length > 0, 'must name at least one source'),
  /** One SELECT over the sources, in DuckDB's SQL. */
  dataset: z.string().min(1).max(MEBIBYTE),
  target: z.string().min(1),
  /** `auto`: two distinct values are binary; text, boolean, or up to 20 distinct integers multiclass; else regression. */
  task: z.enum(['auto', 'binary', 'multiclass', 'regression']).default('auto'),
  /** Binary: the class whose probability is scored. Default: `true`, 1, or the last of the two in order. */
  positive: z.union([z.string(), z.number(), z.boolean()]).optional(),
  /** The column that says when a row was known. */
  time: z.string().min(1).optional(),
  /** The columns that say which thing a row is about. */
  key: z.array(z.string().min(1)).min(1).optional(),
  /** The column that says how much a row counts in learning, above 0: no feature. No default, which older hashes do not know. */
  weight: z.string().min(1).optional(),
  /**
   * Of classes: probabilities are fitted to rows that were held out fold by fold, by Platt's sigmoid or by isotonic
   * regression. No default, which older hashes do not know.
   */
  calibrate: z.enum(['sigmoid', 'isotonic']).optional(),
  checks: z.array(checkSchema).max(500).default([]),
  /** `auto`: numbers standardised, text one-hot, timestamps cyclic, booleans as they are. */
  features: z.union([z.literal('auto'), z.array(featureSchema).min(1).max(2000)]).default('auto'),
  /** `auto`: a portfolio of learners for the task and the size of the data, the cheapest first, within a time. */
  search: z
    .union([z.literal('auto'), z.array(searchEntrySchema).min(1, 'must hold at least one learner').max(100)])
    .default('auto'),
  select: z
    .strictObject({
      /** `auto`: rocAuc for binary, accuracy for multiclass, rmse for regression. */
      metric: z.enum(['auto', ...METRIC_NAMES]).default('auto'),
      folds: z.int().min(2).max(20).default(5),
      /** Default: stratified for classes, plain for regression. No explicit one, which older hashes do not know. */
      cv: cvSchema.optional(),
      /**
       * `best`, also where it is absent: the candidate with the best mean. `oneStandardError`: the first of the grid within
       * one standard error of it, simple candidates being listed first.
       */
      rule: z.enum(['best', 'oneStandardError']).optional(),
      /**
       * Of a grid, random or automatic search: a candidate ends when even perfect scores on the rest of its folds would leave
       * it behind the best of those that began `window` or more before it; so many may be under way. Absent: none ends.
       */
      stopEarly: z.strictObject({ window: z.int().min(1).max(64).default(8) }).optional(),
      /** Reported beside the metric for every candidate; nothing is decided by them. */
      also: z.array(z.enum(METRIC_NAMES)).min(1).optional(),
      /** The hold-out metric must be at least (for errors: `atMost`) this. */
      atLeast: z.number().optional(),
      atMost: z.number().optional(),
      /** How much worse than the champion on the same hold-out is still accepted. */
      tolerance: z.number().min(0).default(0),
    })
    .prefault({}),
  /** By a hash of the key (of the row where there is none), or by time: the latest share, or everything from a moment on. */
  split: z
    .discriminatedUnion('by', [
      z.strictObject({ by: z.literal('hash'), test: share.default(0.2) }),
      z.strictObject({ by: z.literal('time'), test: share }),
      z.strictObject({ by: z.literal('moment'), from: isoDate }),
    ])
    .prefault({ by: 'hash' }),
  /** Of everything random: sampling, folds, learners, permutations. */
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** Rows that the search, the refit of the winner and the evaluation look at; chosen by a hash, so the same every time. */
  sample: z
    .strictObject({
      search: rowsOrAll.default('all'),
      refit: rowsOrAll.default('all'),
      evaluate: rowsOrAll.default('all'),
    })
    .prefault({}),
  budget: budgetSchema.optional(),
  halving: halvingSchema.optional(),
  /** Candidates under way at the same time at the start; adjustable while the search goes on. Changes no result. */
  parallelism: z.int().min(1).max(64).default(2),
  /** How a new version earns its place. Without it a rollout is started by a person, with the defaults. */
  canary: canarySchema.optional(),
  /** What is compared once a version serves. Without it nobody looks. */
  watch: watchSchema.optional(),
  /** When and on what a new version is trained by itself. Without it only a person starts one. */
  retrain: retrainSchema.optional(),
  labels: labelSourceSchema.optional(),
  approvals: approvalsSchema.optional(),
  notify: z.strictObject({ webhooks: z.array(webhookSchema).max(20) }).optional(),
});

/** A definition with every default made explicit. */
export type Definition = z.output<typeof definitionSchema>;
/** What a person writes. */
export type DefinitionInput = z.input<typeof definitionSchema>;

function refuseOversized(input: unknown): void {
  let bytes: number;
  try {
    bytes = utf8ToBytes(JSON.stringify(input) ?? '').length;
  } catch (cause) {
    throw new PerennialError('INVALID_DEFINITION', 'The definition is not plain JSON.', {
      cause,
      expected: 'plain JSON without cycles',
    });
  }
  if (bytes > MAX_DEFINITION_BYTES) {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `The definition has ${bytes} bytes; at most ${MAX_DEFINITION_BYTES} are allowed.`,
      {
        value: `${bytes} bytes`,
        expected: `at most ${MAX_DEFINITION_BYTES} bytes`,
      },
    );
  }
}

/** Neither a password nor a token: `https://TOKEN@host` is as literal a secret as `https://user:password@host`. */
function hasNoUserInfo(address: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(address)) return false;
  // As whoever fetches it reads it, with a \ for a /, or a line end within.
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return !url || (url.username === '' && url.password === '');
}

/** The headers whose values ask for a form of the data, and cannot let anybody in. */
const PLAIN_HEADERS = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-type',
  'user-agent',
];

/** Any other one may let its sender in, whatever it is called, and a definition is exported with its models. */
function refuseLiteralSecrets(
  values: Record<string, string | { secret: string }>,
  context: z.core.$RefinementCtx,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || PLAIN_HEADERS.includes(name.toLowerCase())) continue;
    context.addIssue({
      code: 'custom',
      path: [name],
      message: `must be secret('NAME'), whose value stands in the environment; only ${PLAIN_HEADERS.join(', ')} may be written out`,
    });
  }
}
