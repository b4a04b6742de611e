import canonicalizeModule from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { canarySchema } from '../decisions/canary/policy.ts';
import { checkSchema } from '../decisions/checks.ts';
import { approvalsSchema, NOTICE_EVENTS, retrainSchema } from '../decisions/lifecycle/policy.ts';
import { watchSchema } from '../decisions/watch/policy.ts';
import { featureSchema } from '../learning/encoders/spec.ts';
import { METRIC_NAMES, METRICS } from '../learning/metrics/names.ts';
import type { Task } from '../learning/types.ts';
import { budgetSchema } from './budget.ts';
import { distributionSchema } from './distributions.ts';
import { halvingSchema, refuseUnfitHalving } from './halving.ts';
import { refuseUnfitLearners } from './learnerNeeds.ts';
import { expandSearch } from './search.ts';
import { explainIssue } from './explain.ts';
import { PerennialError } from './errors.ts';
import { parseTime } from './time.ts';
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
  refuseUnfitSearch(definition);
  refuseUnfitLearners(definition);
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

/** Where a hyperparameter is unknown or out of range. */
function refuseUnfitSearch({ search, seed, halving }: Definition): void {
  if (search !== 'auto') {
    const candidates = expandSearch(search, seed);
    if (halving) refuseUnfitHalving(halving, candidates);
  } else if (halving?.resource === 'rounds') {
    throw invalid('halving.resource', halving.resource, '`rows`, as some learners of `auto` know no rounds');
  }
}

/** What the schema alone cannot say. */
function refuseContradictions(definition: Definition): void {
  const { split, time, target, key, features, select } = definition;
  if (split.by !== 'hash' && time === undefined) {
    throw invalid('split.by', split.by, '`time` to name a column, or split by hash');
  }
  if (time === target) throw invalid('time', time, 'a column other than the target');
  if (key?.includes(target)) throw invalid('key', key, 'columns other than the target');
  if (select.atLeast !== undefined && select.atMost !== undefined) {
    throw invalid('select.atMost', select.atMost, 'only one of atLeast (scores) and atMost (errors)');
  }
  if (select.metric !== 'auto') refuseUnfitMetric(definition, select.metric);
  refuseUnfitAlso(definition);
  refuseUnfitFolds(definition);
  refuseUnfitWeight(definition);
  if (definition.calibrate !== undefined && definition.task === 'regression')
    throw invalid('calibrate', definition.calibrate, 'none: a regression has no probabilities');
  refuseUnfitRetraining(definition);
  definition.checks.forEach(refuseEmptyBounds);
  if (features === 'auto') return;
  features.forEach((feature, i) => {
    feature.columns.forEach((column, j) => {
      if (column === target)
        throw invalid(`features[${i}].columns[${j}]`, column, 'a column other than the target');
    });
    if (feature.kind === 'impute' && (feature.strategy === 'constant') !== (feature.value !== undefined)) {
      throw invalid(
        `features[${i}].value`,
        feature.value ?? null,
        'a value exactly when the strategy is `constant`',
      );
    }
    if (feature.kind === 'bucket' && (feature.bins === undefined) === (feature.edges === undefined)) {
      throw invalid(`features[${i}]`, feature, 'exactly one of bins and edges');
    }
    if (
      feature.kind === 'bucket' &&
      feature.edges?.some((e, k, all) => k > 0 && e <= (all[k - 1] ?? -Infinity))
    ) {
      throw invalid(`features[${i}].edges`, feature.edges, 'strictly ascending edges');
    }
  });
}

/** A check that everything passes, or nothing does. */
function refuseEmptyBounds(check: Definition['checks'][number], i: number): void {
  if (check.kind !== 'rows' && check.kind !== 'range' && check.kind !== 'expression') return;
  const { kind, min, max } = check;
  // An expression without bounds is measured and shown.
  if (kind !== 'expression' && min === undefined && max === undefined) {
    throw invalid(`checks[${i}]`, check, '`min`, `max` or both');
  }
  const [low, high] = [orderOf(min), orderOf(max)];
  if (low !== undefined && high !== undefined && low > high) {
    throw invalid(`checks[${i}].min`, min, `at most \`max\`, which is ${JSON.stringify(max)}`);
  }
}

/** Undefined for other text, whose order depends on the type of its column. */
function orderOf(bound: number | string | undefined): number | undefined {
  return typeof bound === 'string' ? parseTime(bound) : bound;
}

/** As far as it can be seen without data, like the metric itself. */
function refuseUnfitAlso({ task, select: { also = [], metric } }: Definition): void {
  also.forEach((name, i) => {
    const field = `select.also[${i}]`;
    if (name === metric) throw invalid(field, name, 'a metric other than select.metric');
    if (also.indexOf(name) < i) throw invalid(field, name, 'each metric once');
    if (task !== 'auto' && !(METRICS[name].tasks as readonly Task[]).includes(task))
      throw invalid(field, name, `a metric of ${task}`);
  });
}

function refuseUnfitFolds({ select: { cv }, task, time, target, key, features, retrain }: Definition): void {
  if (cv?.kind === 'time' && time === undefined)
    throw invalid('select.cv.kind', cv.kind, '`time` to name a column, or folds that are not by time');
  if (cv?.kind === 'stratified' && task === 'regression')
    throw invalid('select.cv.kind', cv.kind, '`plain`: a regression has no classes to deal evenly');
  if (cv?.kind !== 'group') return;
  if (cv.column === target) throw invalid('select.cv.column', cv.column, 'a column other than the target');
  const logged = features === 'auto' || features.some(({ columns }) => columns.includes(cv.column));
  if (retrain?.data === 'predictions' && !logged && !key?.includes(cv.column)) {
    throw invalid(
      'select.cv.column',
      cv.column,
      'a column of the key or of a feature: rows of the prediction log have no other',
    );
  }
}

function refuseUnfitWeight({
  weight,
  target,
  time,
  key,
  features,
  retrain,
  select: { cv },
}: Definition): void {
  if (weight === undefined) return;
  const taken =
    weight === target
      ? 'the target'
      : weight === time
        ? 'the time'
        : key?.includes(weight)
          ? 'the key'
          : cv?.kind === 'group' && weight === cv.column
            ? 'the groups of the folds'
            : undefined;
  if (taken !== undefined) throw invalid('weight', weight, `a column that is not ${taken}`);
  if (features !== 'auto') {
    features.forEach((feature, i) => {
      const j = feature.columns.indexOf(weight);
      if (j >= 0)
        throw invalid(
          `features[${i}].columns[${j}]`,
          weight,
          'a column other than `weight`, which is no feature',
        );
    });
  }
  if (retrain?.data === 'predictions')
    throw invalid('weight', weight, 'none: rows of the prediction log, that `retrain` reads, have no weight');
}

function refuseUnfitRetraining({ retrain, split, time, key, watch }: Definition): void {
  if (!retrain) return;
  const { window, data } = retrain;
  if (window.kind === 'sliding' && time === undefined) {
    throw invalid('retrain.window', window, '`time` to name a column, or an expanding window');
  }
  if (data === 'predictions' && key === undefined) {
    throw invalid(
      'retrain.data',
      data,
      '`key` to name a column, which tells logged rows from those of the sources',
    );
  }
  if (data === 'predictions' && watch === undefined) {
    throw invalid(
      'retrain.data',
      data,
      '`watch`, for which gateways log the inputs; without it only rollouts have them logged',
    );
  }
  if (split.by === 'moment') {
    throw invalid(
      'split.by',
      split.by,
      'a split by hash or time: all that is newer than a moment would be held out, and never learned',
    );
  }
}

/** As far as it can be seen without data; the rest is found when `auto` is resolved. */
function refuseUnfitMetric({ task, select }: Definition, metric: keyof typeof METRICS): void {
  const { tasks, better } = METRICS[metric];
  if (task !== 'auto' && !(tasks as readonly Task[]).includes(task)) {
    throw invalid('select.metric', metric, `a metric of ${task}`);
  }
  if (better === 'higher' && select.atMost !== undefined)
    throw invalid('select.atMost', select.atMost, `atLeast, as more ${metric} is better`);
  if (better === 'lower' && select.atLeast !== undefined)
    throw invalid('select.atLeast', select.atLeast, `atMost, as less ${metric} is better`);
}

function invalid(field: string, value: unknown, expected: string): PerennialError {
  return new PerennialError(
    'INVALID_DEFINITION',
    `${field} is ${JSON.stringify(value)}; expected ${expected}.`,
    { field, value, expected },
  );
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
