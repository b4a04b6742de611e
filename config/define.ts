import type { Check } from '../decisions/checks.ts';
import type { CyclicPart, Feature } from '../learning/encoders/spec.ts';
import {
  parseDefinition,
  type Definition,
  type DefinitionInput,
  type SearchEntry,
  type Source,
} from './definition.ts';
import type { Distribution } from './distributions.ts';
import { PerennialError } from './errors.ts';
import { MEBIBYTE } from './units.ts';

/**
 * Declares the life of a model. Returns plain JSON with every default made explicit.
 *
 * @example
 * export default defineLifecycle({
 *   name: 'churn',
 *   sources: { customers: csv('customers.csv') },
 *   target: 'left',
 *   search: [forest({ trees: [50, 100], maxDepth: [8, 16] }), logistic({ l2: [0.1, 1] })],
 *   // A version registered beside a champion gets 10 % of the keys, then half of them, then all; or is rolled back.
 *   canary: { steps: [10, 50], guards: { accuracy: { loss: 'brier', labelHorizonMs: hours(6) } } },
 *   // Every hour its predictions are compared with what it was trained on; drift and a fall in quality retrain it.
 *   watch: { everyMs: hours(1), quality: { atLeast: 0.8, labelHorizonMs: hours(6) } },
 *   retrain: { cooldownMs: days(1), schedule: { cron: '0 3 * * 1' } },
 *   notify: { webhooks: [webhook('https://example.com/hook', { key: secret('HOOK_KEY'), events: ['promoted'] })] },
 * });
 * @throws PerennialError INVALID_DEFINITION naming the path, the value and what would be right.
 */
export function defineLifecycle(input: LifecycleInput): Definition {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new PerennialError('INVALID_DEFINITION', 'A definition is an object.', {
      value: input,
      expected: 'an object',
    });
  }
  const { dataset, key, ...rest } = input;
  return parseDefinition({
    apiVersion: 1,
    ...rest,
    dataset: dataset ?? onlySource(input.sources),
    ...(key === undefined ? {} : { key: typeof key === 'string' ? [key] : key }),
  });
}

/** As written by a person: `dataset` may be left out with one source, `key` may be one name. */
export type LifecycleInput = Omit<DefinitionInput, 'apiVersion' | 'dataset' | 'key'> & {
  apiVersion?: 1;
  dataset?: string;
  key?: string | string[];
};

function onlySource(sources: unknown): string | undefined {
  const names = sources !== null && typeof sources === 'object' ? Object.keys(sources) : [];
  return names.length === 1 ? `SELECT * FROM "${names[0]}"` : undefined;
}

// ---- sources -------------------------------------------------------------------------------------------------

type Options<K extends Source['kind']> = Partial<
  Omit<Extract<DefinitionInput['sources'][string], { kind: K }>, 'kind' | 'from'>
>;

export const csv = (from: string, options: Options<'csv'> = {}) => ({
  kind: 'csv' as const,
  from,
  ...options,
});
export const parquet = (from: string, options: Options<'parquet'> = {}) => ({
  kind: 'parquet' as const,
  from,
  ...options,
});
export const json = (from: string, options: Options<'json'> = {}) => ({
  kind: 'json' as const,
  from,
  ...options,
});
/** Rows of a query on another Postgres, whose address stands in the environment under the secret's name. */
export const postgres = (connection: { secret: string }, query: string) => ({
  kind: 'postgres' as const,
  connection,
  query,
});
/** Names a secret of the worker's environment; the value never enters a definition, a history or a log. */
export const secret = (name: string) => ({ secret: name });

/**
 * Marks SQL for editors. Values are not interpolated: a definition is constant.
 *
 * @throws PerennialError INVALID_DEFINITION where JavaScript, which no type checker read, interpolates one
 */
export function sql(strings: TemplateStringsArray): string {
  if (strings.length !== 1) {
    throw new PerennialError('INVALID_DEFINITION', 'sql`...` holds a ${value}, which would be left out.', {
      field: 'dataset',
      value: strings.join('${...}'),
      expected: 'constant SQL; join the text with + where it has to be put together',
    });
  }
  return strings.join('').trim();
}

// ---- checks --------------------------------------------------------------------------------------------------

type Severity = { severity?: Check['severity'] };
type CheckInput = NonNullable<DefinitionInput['checks']>[number];

export const rows = (bounds: { min?: number; max?: number } & Severity): CheckInput => ({
  kind: 'rows',
  ...bounds,
});
export const missing = (limit: { max: number; columns?: string[] } & Severity): CheckInput => ({
  kind: 'missing',
  ...limit,
});
export const unique = (...columns: string[]): CheckInput => ({ kind: 'unique', columns });
export const range = (
  column: string,
  bounds: { min?: number | string; max?: number | string; maxShare?: number } & Severity,
): CheckInput => ({ kind: 'range', column, ...bounds });
export const allowed = (
  column: string,
  values: (string | number | boolean)[],
  options: { maxShare?: number } & Severity = {},
): CheckInput => ({ kind: 'allowed', column, values, ...options });
export const schema = (options: Severity = {}): CheckInput => ({ kind: 'schema', ...options });
export const freshness = (column: string, limit: { maxAgeMs: number } & Severity): CheckInput => ({
  kind: 'freshness',
  column,
  ...limit,
});
export const balance = (limit: { min: number } & Severity): CheckInput => ({ kind: 'balance', ...limit });
export const leakage = (limit: { maxShare?: number } & Severity = {}): CheckInput => ({
  kind: 'leakage',
  ...limit,
});
export const expression = (
  name: string,
  sqlText: string,
  bounds: { min?: number; max?: number } & Severity,
): CheckInput => ({
  kind: 'expression',
  name,
  sql: sqlText,
  ...bounds,
});

// ---- features ------------------------------------------------------------------------------------------------

type ImputeInput =
  | { strategy: 'mean' | 'median' | 'mostFrequent' | 'none' }
  | { strategy: 'constant'; value: number | string | boolean };

/**
 * What every other encoder of these columns reads in place of a missing value. `none`: nothing, the feature is missing
 * too; of learners trees and boosting can have that.
 */
export const impute = (columns: string | string[], how: ImputeInput): Feature => ({
  kind: 'impute',
  columns: list(columns),
  ...how,
});
export const passthrough = (...columns: string[]): Feature => ({ kind: 'passthrough', columns });
export const standardize = (...columns: string[]): Feature => ({ kind: 'standardize', columns });
export const minMax = (...columns: string[]): Feature => ({ kind: 'minMax', columns });
export const oneHot = (columns: string | string[], options: { maxCategories?: number } = {}): Feature => ({
  kind: 'oneHot',
  columns: list(columns),
  maxCategories: options.maxCategories ?? 100,
});
export const ordinal = (columns: string | string[], options: { categories?: string[] } = {}): Feature => ({
  kind: 'ordinal',
  columns: list(columns),
  ...options,
});
export const frequency = (columns: string | string[], options: { maxCategories?: number } = {}): Feature => ({
  kind: 'frequency',
  columns: list(columns),
  maxCategories: options.maxCategories ?? 1000,
});
/** A number for each category, which says nothing of size: for learners that cut categories into sets. */
export const category = (columns: string | string[], options: { maxCategories?: number } = {}): Feature => ({
  kind: 'category',
  columns: list(columns),
  maxCategories: options.maxCategories ?? 255,
});
export const bucket = (columns: string | string[], how: { bins: number } | { edges: number[] }): Feature => ({
  kind: 'bucket',
  columns: list(columns),
  ...how,
});
export const cyclic = (columns: string | string[], part: CyclicPart): Feature => ({
  kind: 'cyclic',
  columns: list(columns),
  part,
});
export const log = (
  columns: string | string[],
  options: { offset?: number; standardize?: boolean } = {},
): Feature => ({
  kind: 'log',
  columns: list(columns),
  offset: options.offset ?? 1,
  standardize: options.standardize ?? true,
});

function list(columns: string | string[]): string[] {
  return typeof columns === 'string' ? [columns] : columns;
}

// ---- search --------------------------------------------------------------------------------------------------

type Values = SearchEntry['grid'][string];
type Value = Exclude<Values, Distribution>[number];
type Grid<Name extends string> = Partial<Record<Name, Value | Values>>;
/** A random search: so many points, each hyperparameter drawn from its distribution or from its list. */
type Draw = Pick<SearchEntry, 'candidates'>;

/** Every number from one to the other equally likely: `forest({ rowShare: uniform(0.5, 1) }, { candidates: 20 })`. */
export const uniform = (from: number, to: number): Distribution => ({ distribution: 'uniform', from, to });
/** As many draws from 0.01 to 0.1 as from 0.1 to 1: for rates and penalties. */
export const logUniform = (from: number, to: number): Distribution => ({
  distribution: 'logUniform',
  from,
  to,
});
/** Whole numbers, both ends included; with `log` small ones more often. */
export const integers = (from: number, to: number, options: { log?: true } = {}): Distribution => ({
  distribution: 'integers',
  from,
  to,
  ...options,
});
/** One of these, every one equally likely; a list in its place says the same. */
export const choice = <V extends Value>(...values: V[]): V[] => values;

/** Random forest on histograms, several threads. */
export const forest = (
  grid: Grid<'trees' | 'maxDepth' | 'minLeaf' | 'maxFeatures' | 'rowShare' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('forest', grid, draw);
/** Extremely randomised trees on histograms, several threads. */
export const extraTrees = (
  grid: Grid<'trees' | 'maxDepth' | 'minLeaf' | 'maxFeatures' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('extraTrees', grid, draw);
/**
 * Gradient boosting on histograms; `loss` and `quantile` are for regression.
 *
 * @example boosting({ leaves: [15, 31], monotone: { price: 'decreasing' }, classWeight: 'balanced' })
 */
export const boosting = (
  grid: Grid<
    | 'rounds'
    | 'learningRate'
    | 'leaves'
    | 'maxDepth'
    | 'minLeaf'
    | 'minChildWeight'
    | 'l2'
    | 'rowShare'
    | 'columnShare'
    | 'loss'
    | 'quantile'
    | 'patience'
    | 'validationShare'
    | 'classWeight'
    | 'monotone'
    | 'categorySmoothing'
    | 'categoryL2'
    | 'leftCategories'
    | 'singleCategories'
    | 'minCategoryRows'
  > = {},
  draw?: Draw,
): SearchEntry => entry('boosting', grid, draw);
/** One decision tree on histograms. */
export const tree = (
  grid: Grid<'maxDepth' | 'minLeaf' | 'maxFeatures' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('tree', grid, draw);
/** Multinomial logistic regression with an L1 or L2 penalty, or both. */
export const logistic = (
  grid: Grid<'l1' | 'l2' | 'maxIterations' | 'tolerance' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('logistic', grid, draw);
/** Linear support vector machine, each class against the rest, with calibrated probabilities; scale the features. */
export const linearSvm = (
  grid: Grid<'loss' | 'l2' | 'maxIterations' | 'tolerance' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('linearSvm', grid, draw);
/** Naive Bayes with normal densities, and a share of each category, and a share of each category. */
export const naiveBayes = (
  grid: Grid<'smoothing' | 'categorySmoothing' | 'classWeight'> = {},
  draw?: Draw,
): SearchEntry => entry('naiveBayes', grid, draw);
/** Nearest neighbours, all rows compared; scale the features. */
export const neighbors = (grid: Grid<'k' | 'weights'> = {}, draw?: Draw): SearchEntry =>
  entry('neighbors', grid, draw);
/** Linear regression with an L2 penalty. */
export const ridge = (grid: Grid<'l2'> = {}, draw?: Draw): SearchEntry => entry('ridge', grid, draw);
/** Linear regression with an L1 penalty. */
export const lasso = (grid: Grid<'alpha' | 'maxIterations' | 'tolerance'> = {}, draw?: Draw): SearchEntry =>
  entry('lasso', grid, draw);
/** Linear regression with an L1 and an L2 penalty. */
export const elasticNet = (
  grid: Grid<'alpha' | 'l1Ratio' | 'maxIterations' | 'tolerance'> = {},
  draw?: Draw,
): SearchEntry => entry('elasticNet', grid, draw);
/** The npm package ml-random-forest, a baseline for small data. */
export const baselineForest = (
  grid: Grid<'trees' | 'maxFeatures' | 'maxDepth'> = {},
  draw?: Draw,
): SearchEntry => entry('baselineForest', grid, draw);

/**
 * A learner of a trainer of your own: a Temporal worker in any language on a task queue of its own, which answers for the
 * very folds of the other candidates. Hyperparameters are those of that trainer. See docs/trainers.md.
 *
 * @example external({ taskQueue: 'trainer-python', learner: 'lightgbm', grid: { num_leaves: [15, 31] } })
 */
export const external = ({
  taskQueue,
  startWithinMs = 60_000,
  learner,
  grid = {},
  ...draw
}: {
  taskQueue: string;
  learner: string;
  grid?: Grid<string>;
  /** A candidate that no worker has begun after so long is refused, and the search goes on. */
  startWithinMs?: number;
} & Draw): SearchEntry => ({ ...entry(learner, grid, draw), trainer: { taskQueue, startWithinMs } });

function entry(learner: string, grid: Grid<string>, draw: Draw = {}): SearchEntry {
  return {
    learner,
    grid: Object.fromEntries(
      Object.entries(grid)
        .filter((pair): pair is [string, Value | Values] => pair[1] !== undefined)
        .map(([name, values]) => [name, isValue(values) ? [values] : values]),
    ),
    ...(draw.candidates === undefined ? {} : { candidates: draw.candidates }),
  };
}

/** By name are the values of classes and features, for example; a distribution says that it is one. */
function isValue(values: Value | Values): values is Value {
  if (values === null || typeof values !== 'object') return true;
  return !Array.isArray(values) && typeof (values as { distribution?: unknown }).distribution !== 'string';
}

// ---- canary --------------------------------------------------------------------------------------------------

type CustomGuardInput = NonNullable<
  NonNullable<NonNullable<DefinitionInput['canary']>['guards']>['custom']
>[number];

/**
 * A guard of your own for `canary.guards.custom`: an activity on a task queue of its own, in TypeScript or Python, that
 * is asked at every look and answers `{ state: 'pass' | 'fail' | 'undecided', reason }`. See docs/canary.md.
 *
 * @example customGuard('revenue', { activity: 'checkRevenue', taskQueue: 'shop', parameters: { atLeast: 0.98 } })
 */
export const customGuard = (name: string, how: Omit<CustomGuardInput, 'name'>): CustomGuardInput => ({
  name,
  ...how,
});

// ---- notices -------------------------------------------------------------------------------------------------

type WebhookInput = NonNullable<DefinitionInput['notify']>['webhooks'][number];

/**
 * Where a lifecycle tells what happened, for `notify.webhooks`: a POST, signed with the key as Standard Webhooks describes.
 *
 * @param options `events`: which it is told of; default all
 * @example webhook('https://example.com/hook', { key: secret('HOOK_KEY'), events: ['drift', 'rolled-back'] })
 */
export const webhook = (url: string, options: Omit<WebhookInput, 'url'>): WebhookInput => ({
  url,
  ...options,
});

/** Time by name, so that a definition reads well: `freshness('at', { maxAgeMs: days(2) })`. */
export const days = (n: number): number => n * 86_400_000;
export const hours = (n: number): number => n * 3_600_000;
export const minutes = (n: number): number => n * 60_000;
export const seconds = (n: number): number => n * 1_000;

/** Memory by name: `budget: { candidateBytes: mebibytes(512) }`. */
export const mebibytes = (n: number): number => n * MEBIBYTE;
