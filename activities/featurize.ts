import { cancellationSignal } from '@temporalio/activity';
import { familiesOf } from '../config/families.ts';
import { candidatesOf, searchMsOf } from '../config/portfolio.ts';
import { PerennialError } from '../config/errors.ts';
import { withSession } from '../compute/session.ts';
import { describeFeatures, kindsOf } from '../learning/encoders/describe.ts';
import { fitEncoders } from '../learning/encoders/fit.ts';
import { defaultMetric, METRICS, type MetricName } from '../learning/metrics/names.ts';
import { assembleEncoders } from '../learning/onnx/assemble.ts';
import type { Task } from '../learning/types.ts';
import type { Definition } from '../config/definition.ts';
import { roundsOf } from '../config/halving.ts';
import type { CandidateSpec } from '../config/search.ts';
import { rungShares } from '../decisions/search/halving.ts';
import type { FeaturizeResult, StageInput } from '../workflows/messages.ts';
import { refuseUnfitCalibration } from './calibration.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { encodeFeatures } from './features.ts';
import { foldColumn, keepFoldColumn, refuseUnfitFolds } from './folds.ts';
import { readMatrix } from './matrix.ts';
import { refuseUnknownNames } from './namedParams.ts';
import { asRefusal } from './refusal.ts';
import { openSnapshot } from './snapshot.ts';
import { resolveTarget } from './target.ts';
import { keepWeights, refuseUnfitWeights } from './weights.ts';

export function featurizeActivities(dependencies: TrainerDependencies) {
  const { store, pool } = dependencies;
  return {
    /** Fits the encoders on training rows alone, and makes the search's matrix with their own ONNX graph. */
    async featurize(input: StageInput & { datasetDigest: string }): Promise<FeaturizeResult> {
      const { name, run } = input;
      const signal = cancellationSignal();
      const definition = await store.definitions.get(input.definitionHash);
      return openSnapshot(dependencies, definition, input.datasetDigest, async (table) => {
        const { train: trainRows, test: testRows } = await table.sides({ signal });
        if (trainRows === 0 || testRows === 0) {
          throw new PerennialError(
            'DATASET_UNUSABLE',
            `The split leaves ${trainRows} training and ${testRows} hold-out rows.`,
            {
              field: 'split',
              value: definition.split,
              expected: 'rows on both sides',
            },
          );
        }
        const profile = await table.profile({ side: 'train' }, { signal });
        const targetProfile = profile.find((column) => column.name === definition.target);
        if (!targetProfile)
          throw new PerennialError('INTERNAL', `The profile lacks the target ${definition.target}.`);
        const target = resolveTarget(targetProfile, definition);
        const metric = resolveMetric(definition, target.task);
        refuseUnfitFolds(definition.select, target.task);
        refuseUnfitCalibration(definition.calibrate, target.task);
        refuseUnfitWeights(definition.weight, profile);

        const encoders = asRefusal(() =>
          fitEncoders(definition.features, profile, {
            target: definition.target,
            key: definition.key,
            time: definition.time,
            weight: definition.weight,
          }),
        );
        refuseUnknownNames(definition.search, target, describeFeatures(encoders));
        const columns = encoders.features.length;
        const limit = definition.sample.search === 'all' ? undefined : definition.sample.search;
        const facts = { ...target, encoders, columns };
        const fold = foldColumn(definition);
        const { x, y, rows, beside } = await withSession(assembleEncoders(encoders), (session) =>
          readMatrix(table, {
            side: 'train',
            limit,
            facts,
            target: definition.target,
            encoders: session,
            signal,
            beside: [fold, definition.weight].filter((name) => name !== undefined),
          }),
        );
        const bytes = encodeFeatures({
          facts: { ...facts, rows },
          x,
          y,
          binned: await pool.bin(x, rows, columns, signal, kindsOf(encoders)),
          ...keepFoldColumn(definition.select, fold === undefined ? undefined : beside[fold]),
          ...keepWeights(definition.weight, beside),
        });
        const { digest } = await store.artifacts.put(bytes, 'features', 'application/x-safetensors', {
          signal,
          owner: { name, run, role: 'features' },
        });
        await store.runs.update(name, run, { featuresDigest: digest, task: target.task, metric });

        const candidates = candidatesOf(definition, { task: target.task, rows, columns });
        const searchMs = searchMsOf(definition);
        // Trials of successive halving have sizes of their own, and a search that is bounded trains each by its own clock.
        const alone = definition.halving !== undefined || searchMs !== undefined;
        const families = alone ? [] : familiesOf(candidates, definition.budget);
        const { atLeast, atMost, tolerance, folds, rule, stopEarly } = definition.select;
        return {
          featuresDigest: digest,
          task: target.task,
          metric: { name: metric, better: METRICS[metric].better },
          trainRows,
          testRows,
          sampleRows: rows,
          features: columns,
          candidates: candidates.length,
          folds,
          ...halvingOf(definition, candidates, rows),
          ...(searchMs === undefined ? {} : { searchMs }),
          ...(families.length === 0 ? {} : { families }),
          ...(rule === undefined ? {} : { rule }),
          ...(stopEarly === undefined ? {} : { stopEarly }),
          parallelism: definition.parallelism,
          gate: { atLeast, atMost, tolerance },
        };
      });
    },
  };
}

/** The rungs that successive halving has on these rows. */
function halvingOf(
  { halving }: Definition,
  candidates: readonly CandidateSpec[],
  rows: number,
): Pick<FeaturizeResult, 'halving'> {
  if (!halving) return {};
  const { resource, minimum, reduction, window } = halving;
  const rounds = candidates.map((candidate) => roundsOf(candidate) ?? 1);
  const total = resource === 'rows' ? rows : Math.max(...rounds);
  return { halving: { shares: rungShares(total, minimum, reduction), reduction, window } };
}

/** @throws PerennialError INVALID_DEFINITION where the metric does not fit the task, or the floor the metric. */
function resolveMetric({ select }: Definition, task: Task): MetricName {
  const metric = select.metric === 'auto' ? defaultMetric(task) : select.metric;
  const { tasks, better } = METRICS[metric];
  if (!(tasks as readonly Task[]).includes(task)) {
    const fitting = Object.entries(METRICS).filter(([, m]) => (m.tasks as readonly Task[]).includes(task));
    throw new PerennialError(
      'INVALID_DEFINITION',
      `select.metric is "${metric}", and the target's task is ${task}; expected one of ${fitting.map(([n]) => n).join(', ')}.`,
      {
        field: 'select.metric',
        value: metric,
        expected: `a metric of ${task}`,
      },
    );
  }
  select.also?.forEach((name, i) => {
    if ((METRICS[name].tasks as readonly Task[]).includes(task)) return;
    const expected = `a metric of ${task}`;
    throw new PerennialError(
      'INVALID_DEFINITION',
      `select.also[${i}] is "${name}", and the target's task is ${task}; expected ${expected}.`,
      { field: `select.also[${i}]`, value: name, expected },
    );
  });
  const wrong = better === 'higher' ? 'atMost' : 'atLeast';
  if (select[wrong] !== undefined) {
    throw new PerennialError(
      'INVALID_DEFINITION',
      `select.${wrong} does not fit ${metric}, of which ${better} is better.`,
      {
        field: `select.${wrong}`,
        value: select[wrong],
        expected: better === 'higher' ? 'atLeast' : 'atMost',
      },
    );
  }
  return metric;
}
