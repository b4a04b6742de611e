import { afterAll, beforeAll, expect, test } from 'vitest';
import { csv, external, logistic, minutes, tree } from '../../config/define.ts';
import { openSession } from '../../compute/session.ts';
import { computeMetrics } from '../../learning/metrics/compute.ts';
import { decodeFeatures } from '../../activities/features.ts';
import { foldsOf } from '../../activities/folds.ts';
import { readAnswers } from '../../activities/external/answer.ts';
import { openBench, type Bench } from './bench.ts';
import { smallCsv } from './data.ts';
import { small } from './definitions.ts';
import { QUEUE, startPythonWorker, trainersPython, type PythonWorker } from './pythonWorker.ts';

/** Candidates of a search are a Python worker's, on the folds of the others, and the winner is a version as any other. */

const MINUTE = 60_000;

let bench: Bench;
let worker: PythonWorker | undefined;
let reason = '';
const said = (): string => worker?.said() ?? '';

beforeAll(async () => {
  const found = await trainersPython();
  if ('reason' in found) {
    reason = found.reason;
    return;
  }
  bench = await openBench();
  worker = await startPythonWorker(found.python, bench);
}, 10 * MINUTE);
afterAll(async () => {
  if (!worker) return;
  await worker.end('SIGTERM');
  await bench.close();
}, MINUTE);

test(
  'LightGBM is a candidate beside the learners of the shelf, wins, is registered and answers as Python did',
  { timeout: 10 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const definition = small(bench, {
      name: 'mixed',
      sources: { parcels: csv(bench.write('mixed.csv', smallCsv({ rows: 800 }))) },
      search: [
        tree({ maxDepth: 1 }),
        external({
          ...{ taskQueue: QUEUE, learner: 'lightgbm', startWithinMs: minutes(1) },
          grid: { n_estimators: [30], num_leaves: [7, 15], leaves: [1] },
        }),
        external({
          ...{ taskQueue: QUEUE, learner: 'lightgbm' },
          grid: { n_estimators: [30], num_leaves: [7, 15] },
        }),
      ],
      select: { folds: 3, metric: 'rocAuc' },
    });
    const training = await bench.client.train(definition);
    const result = await training.result();
    expect(result, said()).toMatchObject({ outcome: 'registered', version: 1, champion: true });
    const { name, run } = training;

    const candidates = await bench.store.candidates.list(name, run);
    expect(candidates.map(({ learner, status }) => [learner, status])).toEqual([
      ['tree', 'done'],
      [`${QUEUE}/lightgbm`, 'refused'],
      [`${QUEUE}/lightgbm`, 'refused'],
      [`${QUEUE}/lightgbm`, 'done'],
      [`${QUEUE}/lightgbm`, 'done'],
    ]);
    expect(candidates[1]?.reason).toMatch(/lightgbm.leaves is not a hyperparameter.*num_leaves/);
    expect(candidates[3]?.params).toEqual({ n_estimators: 30, num_leaves: 7 });

    // The score is of the answers that are kept, on the folds of the run, by our metrics.
    const { run: row } = await bench.client.run(name, run);
    const features = decodeFeatures(await bench.store.artifacts.get(row.featuresDigest ?? ''));
    const folds = foldsOf(features, definition);
    const artifacts = await bench.store.runs.artifacts(name, run);
    const digestOf = (role: string): string => artifacts.find((each) => each.role === role)?.digest ?? role;
    const parts = Object.fromEntries(folds.map(({ test: tested }, k) => [`fold_${k}`, tested.length]));
    const answers = await readAnswers(bench.store.artifacts, digestOf('answers/3'), parts, 2);
    folds.forEach(({ test: tested }, k) => {
      const truth = Float64Array.from(tested, (each) => features.y[each]);
      const { positive } = features.facts;
      const { rocAuc } = computeMetrics('binary', 2, positive, truth, answers[`fold_${k}`]);
      expect(candidates[3]?.folds?.[k]?.rocAuc).toBe(rocAuc);
      expect(rocAuc).toBeGreaterThan(0.8);
    });

    // The version says who made it, and is one graph from the raw columns on.
    const version = await bench.client.model(name, 1);
    expect(version.learner).toBe(`${QUEUE}/lightgbm`);
    expect(version.code).toMatchObject({
      ...{
        test: 'yes',
        trainer: QUEUE,
        'trainer.packages.lightgbm': expect.stringMatching(/^4\./) as string,
      },
      ...{
        'trainer.packages.python': expect.stringMatching(/^3\./) as string,
        'trainer.file': digestOf('trainer/model'),
      },
    });
    const session = await openSession(await bench.store.artifacts.get(version.digest));
    expect(session.inputs.map((input) => input.name)).toEqual(['size', 'colour']);
    await session.release();
    expect(artifacts.map(({ role }) => role)).toEqual(
      expect.arrayContaining(['trainer', 'trainer/model', 'trainer/answers', 'folds', 'report']),
    );

    // The same again is the same model.
    const again = await (await bench.client.train(definition)).result();
    expect(again).toMatchObject({ outcome: 'registered', version: 1, existing: true, digest: result.digest });
  },
);

test(
  'a regression, several classes and calibrated probabilities go the same way',
  { timeout: 10 * MINUTE },
  async ({ skip }) => {
    if (!worker) return skip(reason);
    const forest = external({
      ...{ taskQueue: QUEUE, learner: 'forest' },
      grid: { n_estimators: [10], max_depth: [6] },
    });
    const boosting = external({ taskQueue: QUEUE, learner: 'lightgbm', grid: { n_estimators: [20] } });
    const linear = external({ taskQueue: QUEUE, learner: 'linear' });
    const cases = [
      { name: 'cost', target: 'cost', search: [boosting, forest, linear] },
      { name: 'grade', target: 'grade', search: [boosting, forest, linear] },
      { name: 'calibrated', target: 'late', search: [boosting], calibrate: 'isotonic' as const },
      {
        ...{ name: 'halved', target: 'late', search: [boosting, forest, logistic()] },
        halving: { resource: 'rows' as const, minimum: 100 },
      },
    ];
    for (const { target, ...each } of cases) {
      const dataset = `SELECT id, size, colour, ${target} FROM parcels`;
      const training = await bench.client.train(small(bench, { ...each, dataset, target }));
      const result = await training.result();
      expect(result, `${each.name}: ${said()}`).toMatchObject({ outcome: 'registered', version: 1 });
      const candidates = await bench.store.candidates.list(each.name, training.run);
      const failed = candidates.filter(({ status }) => status !== 'done' && status !== 'stopped');
      expect(failed, each.name).toEqual([]);
    }
  },
);
