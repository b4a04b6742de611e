import { METRICS } from '../learning/metrics/names.ts';
import type { Task } from '../learning/types.ts';
import type { Definition } from './definition.ts';
import { refuseUnfitHalving } from './halving.ts';
import { invalid } from './invalid.ts';
import { refuseUnfitLearners } from './learnerNeeds.ts';
import { expandSearch } from './search.ts';
import { parseTime } from './time.ts';

/**
 * What the schema alone cannot say.
 *
 * @throws PerennialError INVALID_DEFINITION naming the path, the value and what would be right
 */
export function refuseContradictions(definition: Definition): void {
  const { split, time, target, key, select } = definition;
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
  refuseUnfitFeatures(definition);
  refuseUnfitSearch(definition);
  refuseUnfitLearners(definition);
}

function refuseUnfitFeatures({ features, target }: Definition): void {
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

/** Where a hyperparameter is unknown or out of range. */
function refuseUnfitSearch({ search, seed, halving, select: { stopEarly, rule } }: Definition): void {
  if (stopEarly && halving)
    throw invalid('select.stopEarly', stopEarly, 'none with `halving`, which stops candidates itself');
  if (stopEarly && rule === 'oneStandardError')
    throw invalid(
      'select.stopEarly',
      stopEarly,
      'none with the rule `oneStandardError`, which may take a candidate that cannot be the best',
    );
  if (search !== 'auto') {
    const candidates = expandSearch(search, seed);
    if (halving) refuseUnfitHalving(halving, candidates);
  } else if (halving?.resource === 'rounds') {
    throw invalid('halving.resource', halving.resource, '`rows`, as some learners of `auto` know no rounds');
  }
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
  const { window, data, onDrift, staleAfterMs } = retrain;
  if (staleAfterMs !== undefined && (onDrift !== 'fall' || watch === undefined)) {
    throw invalid(
      'retrain.staleAfterMs',
      staleAfterMs,
      '`onDrift` to be `fall`, and a `watch`: it says when drift is enough without a fall',
    );
  }
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
