import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { trainerActivities } from '../../activities/trainer.ts';
import { watchActivities } from '../../activities/watch/describe.ts';
import { decodeDistributions } from '../../activities/watch/distributions.ts';
import { csv } from '../../config/define.ts';
import type { ColumnFacts, WindowFacts } from '../../decisions/watch/facts.ts';
import { judgeWatch } from '../../decisions/watch/judgeWatch.ts';
import { judgeWindow } from '../../decisions/watch/judgeWindow.ts';
import { watchSchema } from '../../decisions/watch/policy.ts';
import { Random } from '../../learning/rng.ts';
import { openBench, type Bench } from './bench.ts';
import {
  HOUR_MS,
  hourOf,
  parcels,
  run,
  trainingRows,
  watched,
  watchedDefinition,
  type Watched,
} from './watched.ts';

/** What a window of a served model says, counted from the log as gateways write it. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let bench: Bench;
let model: Watched;
const POLICY = watchSchema.parse({ everyMs: HOUR_MS });

beforeAll(async () => {
  bench = await openBench();
  model = await watched(bench, watchedDefinition(bench, { name: 'parcels' }));
});
afterAll(() => bench.close());

const column = (facts: WindowFacts, name: string): ColumnFacts => {
  const found = facts.columns.find((one) => one.column === name);
  if (!found) throw new Error(`no facts of ${name}`);
  return found;
};
const verdict = (facts: WindowFacts) => judgeWindow(facts, POLICY);

let hours = 0;
/** An hour that no other test has. */
const nextHour = () => (hours += 10);

describe('the reference', () => {
  test('is made once, of training rows, with what the hold-out said of the model', async () => {
    const activities = trainerActivities(bench.dependencies);
    const make = () => run(() => activities.makeReference({ name: 'parcels', version: 1 }));
    const { digest } = await make();
    expect(await make()).toEqual({ digest });
    expect(await bench.store.watch.reference('parcels', 1)).toBe(digest);
    const reference = decodeDistributions(await bench.store.artifacts.get(digest));
    const [size, weight, urgent, at, colour] = reference.columns;
    expect(reference.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'size number',
      'weight number',
      'urgent boolean',
      'sent_at timestamp',
      'colour string',
    ]);
    expect(size.numbers?.length).toBe(reference.rows);
    expect([...(size.numbers ?? [])]).toEqual([...(size.numbers ?? [])].sort((a, b) => a - b));
    expect(weight.missing).toBeCloseTo(0.05, 1);
    expect(colour.categories?.top.map(([value]) => value).sort()).toEqual(['blue', 'green', 'red']);
    expect(colour.categories?.top.reduce((sum, [, n]) => sum + n, 0)).toBe(reference.rows);
    expect(urgent.categories?.top.map(([value]) => value).sort()).toEqual(['false', 'true']);
    expect(at.max).toBeLessThan(Date.UTC(2026, 0, 4));
    expect(reference.label?.categories?.top.map(([value]) => value).sort()).toEqual(['no', 'yes']);
    const { model: facts, score } = reference;
    expect(facts?.realised.rows).toBe(3_000 - reference.rows);
    expect(facts?.realised.mean).toBeCloseTo(1 - model.model.metrics.accuracy, 9);
    expect(facts?.estimated?.realised).toBeCloseTo(model.model.metrics.accuracy, 9);
    expect(facts?.estimated?.estimated).toBeCloseTo(model.model.metrics.accuracy, 6);
    expect(score?.length).toBe(facts?.realised.rows);
  });
});

describe('a champion', () => {
  test('answers for its own time only, and for all of the past where that is replayed', async () => {
    const hour = nextHour();
    // It became champion today; this window is of February.
    expect((await model.observe(hour)).facts.from).toBe(hourOf(hour));
    const since = (await bench.store.routes.history('parcels'))[0].at;
    const activities = trainerActivities(bench.dependencies);
    const { name, definitionHash } = model;
    const { facts } = await run(() => activities.observeWindow({ name, definitionHash, number: 1 }));
    expect(facts.from).toBe(since);
    expect(Date.parse(facts.to)).toBeGreaterThan(Date.parse(since));
    const bounds = { from: hourOf(2), to: hourOf(2) };
    await expect(
      run(() => activities.observeWindow({ name, definitionHash, number: 1, ...bounds })),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'from' });
    await expect(
      run(() => activities.observeWindow({ name: 'nobody', definitionHash, number: 1 })),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('windows like the training rows', () => {
  test('say that nothing differs', async () => {
    const random = new Random(5);
    const pool = trainingRows();
    for (let window = 0; window < 10; window++) {
      const hour = nextHour();
      await model.answer(
        hour,
        Array.from({ length: 400 }, () => pool[random.below(pool.length)]),
      );
      const { facts } = await model.observe(hour);
      expect(facts).toMatchObject({
        version: 1,
        from: hourOf(hour),
        to: hourOf(hour + 1),
        rows: 400,
        compared: 400,
      });
      expect(verdict(facts)).toMatchObject({ state: 'clean', quality: 'unknown', estimated: 'holds' });
      // Times move by their nature.
      expect(facts.tests).toBe(4);
      expect(column(facts, 'sent_at').ignored).toBe(true);
      expect(facts.outliers).toBeLessThan(0.02);
    }
  });

  test('say the same when they are looked at again, and leave one artifact', async () => {
    const hour = nextHour();
    await model.answer(hour, parcels(300, 77));
    const first = await model.observe(hour);
    expect(await model.observe(hour)).toEqual(first);
    expect((await model.observe(hour, { number: 2 })).distributionDigest).not.toBe(first.distributionDigest);
  });

  test('count a key once, however often it asks, and rows of one request each', async () => {
    const hour = nextHour();
    await model.answer(hour, parcels(400, 78), { key: (row) => `k${row % 250}` });
    expect((await model.observe(hour)).facts).toMatchObject({ rows: 250, compared: 250 });
    const next = nextHour();
    await model.answer(next, parcels(400, 79), { requestRows: 90 });
    expect((await model.observe(next)).facts).toMatchObject({ rows: 400, compared: 400 });
  });

  test('without inputs are told by their scores', async () => {
    const hour = nextHour();
    await model.answer(hour, parcels(300, 80), { logInputs: false });
    const { facts } = await model.observe(hour);
    expect(facts).toMatchObject({ rows: 300, compared: 0, tests: 0, columns: [] });
    expect(facts.prediction?.test).toBe('ks');
    expect(verdict(facts).state).toBe('clean');
  });

  test('of more rows than are compared count all of them', async () => {
    const definition = watchedDefinition(bench, {
      name: 'parcels',
      watch: { everyMs: HOUR_MS, maxRows: 200 },
    });
    const hash = await bench.store.definitions.put(definition);
    const hour = nextHour();
    await model.answer(hour, parcels(500, 81));
    expect((await model.observe(hour, { hash })).facts).toMatchObject({ rows: 500, compared: 200 });
  });

  test('of a model that knows its training rows by heart are those that it has never seen', async () => {
    // A third of the labels is wrong, and a forest of deep trees learns each of them.
    const wrong = `CASE WHEN id LIKE '%1' OR id LIKE '%4' OR id LIKE '%7' THEN CASE late WHEN 'yes' THEN 'no' ELSE 'yes' END ELSE late END`;
    const other = await watched(
      bench,
      watchedDefinition(bench, {
        name: 'by-heart',
        dataset: `SELECT id, size, weight, colour, urgent, ${wrong} AS late FROM parcels`,
        search: [{ learner: 'forest', grid: { trees: [30], minLeaf: [1] } }],
      }),
    );
    await other.answer(0, trainingRows().slice(0, 500));
    expect((await other.observe(0)).facts.prediction?.effect).toBeGreaterThan(0.1);
    for (let hour = 1; hour <= 5; hour++) {
      await other.answer(hour, parcels(500, 200 + hour));
      const { facts } = await other.observe(hour);
      expect(verdict(facts)).toMatchObject({ state: 'clean', predictionDrifted: false, estimated: 'holds' });
    }
  });

  test('of nobody say nothing', async () => {
    const { facts } = await model.observe(nextHour());
    expect(facts).toMatchObject({ rows: 0, compared: 0, columns: [] });
    expect(verdict(facts).state).toBe('insufficient');
  });
});

describe('a window that differs says', () => {
  test('which column moved, and that the score moved with it', async () => {
    const hour = nextHour();
    await model.answer(
      hour,
      parcels(400, 82, (row) => (row.size = Math.min(10, row.size + 3))),
    );
    const { facts } = await model.observe(hour);
    const { state, drifted, predictionDrifted } = verdict(facts);
    expect([state, predictionDrifted]).toEqual(['shifted', true]);
    expect(drifted.map((one) => one.column)).toEqual(['size']);
    expect(column(facts, 'size').effect).toBeGreaterThan(0.2);
  });

  test('that a unit is another one since the last healthy window', async () => {
    const hour = nextHour();
    await model.answer(hour, parcels(400, 83));
    const healthy = await model.observe(hour, { number: 500 });
    await record(500, healthy);
    await model.answer(
      hour + 1,
      parcels(400, 84, (row) => (row.weight = row.weight && row.weight * 2.2046)),
    );
    const { facts } = await model.observe(hour + 1, { number: 501, healthy: 500 });
    const { scale, sinceHealthy } = column(facts, 'weight');
    expect(scale?.slope).toBeCloseTo(2.2, 0);
    expect(scale?.r2).toBeGreaterThan(0.99);
    expect(sinceHealthy?.effect).toBeGreaterThan(0.9);
    expect(column(facts, 'size').sinceHealthy?.effect).toBeLessThan(0.2);
    expect(facts.usualRows).toBe(400);
    expect(verdict(facts).faults.map(({ kind, column: name }) => `${kind} ${name}`)).toContain('unit weight');
  });

  test('which column is null, and of which values nobody knew', async () => {
    const hour = nextHour();
    await model.answer(
      hour,
      parcels(300, 85, (row, random) => {
        row.weight = null;
        if (random.unit() < 0.5) row.colour = 'mauve';
      }),
    );
    const { facts } = await model.observe(hour);
    expect(column(facts, 'weight')).toMatchObject({ missing: 1, p: 1, effect: 0 });
    expect(column(facts, 'colour').unseen).toBeCloseTo(0.5, 1);
    const { state, faults } = verdict(facts);
    expect(state).toBe('fault');
    expect(faults.map(({ kind, column: name }) => `${kind} ${name}`).sort()).toEqual([
      'missing weight',
      'unseen colour',
    ]);
  });
});

describe('labels', () => {
  test('say how good the answers were, once they are due; corrected ones as they were known', async () => {
    const definition = watchedDefinition(bench, {
      name: 'parcels',
      watch: { everyMs: HOUR_MS, quality: { labelHorizonMs: HOUR_MS } },
    });
    const hash = await bench.store.definitions.put(definition);
    const hour = nextHour();
    const rows = parcels(400, 86);
    const keys = await model.answer(hour, rows);
    const put = (value: (row: number) => string, at: number) =>
      bench.store.labels.put(
        'parcels',
        keys.map((key, i) => ({ key, value: value(i), observedAt: hourOf(at) })),
      );
    await put((row) => rows[row].late, hour + 1.5);
    // Known later still, and so not known to the window before.
    await put((row) => (rows[row].late === 'yes' ? 'no' : 'yes'), hour + 2.5);
    expect((await model.observe(hour, { hash })).facts.realised).toBeUndefined();
    const { facts } = await model.observe(hour + 1, { hash });
    expect(facts.rows).toBe(0);
    expect(facts.realised).toMatchObject({
      rows: 400,
      loss: 'zeroOne',
      metric: { name: 'rocAuc', better: 'higher' },
    });
    expect(facts.realised?.mean).toBeCloseTo(1 - model.model.metrics.accuracy, 1);
    expect(facts.realised?.metric?.value).toBeCloseTo(model.model.metrics.rocAuc, 1);
    expect(facts.realised?.metric?.se).toBeGreaterThan(0);
    expect(facts.label?.effect).toBeLessThan(0.1);
    expect(verdict(facts).quality).toBe('holds');
  });

  test('say that the answers are wrong where the world has turned, which no input shows', async () => {
    const hour = nextHour();
    const rows = parcels(400, 87);
    const keys = await model.answer(hour, rows);
    await bench.store.labels.put(
      'parcels',
      keys.map((key, i) => ({
        key,
        value: rows[i].late === 'yes' ? 'no' : 'yes',
        observedAt: hourOf(hour + 0.5),
      })),
    );
    const { facts } = await model.observe(hour);
    const { quality, estimated, drifted } = verdict(facts);
    expect([quality, estimated, drifted]).toEqual(['fell', 'holds', []]);
  });

  test.each([
    ['multiclass', 'grade', 'accuracy', 'zeroOne'],
    ['regression', 'cost', 'rmse', 'absolute'],
  ] as const)('of a %s target', async (task, target, metric, loss) => {
    const other = await watched(
      bench,
      watchedDefinition(bench, {
        name: task,
        target,
        dataset: `SELECT id, size, colour, urgent, ${target} FROM parcels`,
        search: [task === 'regression' ? { learner: 'ridge', grid: {} } : { learner: 'logistic', grid: {} }],
      }),
    );
    const rows = parcels(400, 88);
    const keys = await other.answer(1, rows);
    await bench.store.labels.put(
      task,
      keys.map((key, i) => ({ key, value: rows[i][target], observedAt: hourOf(1.5) })),
    );
    const { facts } = await other.observe(1);
    expect(facts.realised).toMatchObject({ rows: 400, loss, metric: { name: metric } });
    expect(facts.realised?.metric?.value).toBeCloseTo(
      other.model.metrics[metric],
      task === 'regression' ? 0 : 1,
    );
    expect(verdict(facts)).toMatchObject({ state: 'clean', quality: 'holds' });
    expect(facts.label?.test).toBe(task === 'regression' ? 'ks' : 'chi2');
    expect(facts.estimated === undefined).toBe(task === 'regression');
  });
});

describe('recording', () => {
  test('keeps a picture of what says something, and no distributions but of the last sound window', async () => {
    const hour = nextHour();
    await model.answer(hour, parcels(300, 89));
    await model.answer(
      hour + 1,
      parcels(300, 90, (row) => (row.size = 9)),
    );
    const clean = await model.observe(hour, { number: 600 });
    const shifted = await model.observe(hour + 1, { number: 601, healthy: 600 });
    expect(await record(600, clean)).toEqual({});
    const { pictureDigest = '' } = await record(601, shifted);
    expect(await record(601, shifted)).toEqual({ pictureDigest });
    const svg = new TextDecoder().decode(await bench.store.artifacts.get(pictureDigest));
    expect(svg).toMatch(/^<svg .*Window 601 of parcels/s);
    expect(svg).toContain('size');
    // A shifted one is sound: slow drift must not add up to what looks like a fault.
    expect(await bench.store.artifacts.info(clean.distributionDigest)).toBeUndefined();
    expect((await bench.store.watch.window('parcels', 600))?.distributionDigest).toBeUndefined();
    expect(await bench.store.watch.window('parcels', 601)).toMatchObject({
      distributionDigest: shifted.distributionDigest,
      pictureDigest,
      facts: shifted.facts,
    });
    expect((await bench.store.orphans()).map(({ digest }) => digest)).not.toContain(pictureDigest);
  });
});

test('of a wide model it tells what a workflow can carry, and keeps all of it', async () => {
  const names = Array.from({ length: 150 }, (_, i) => `measurement_of_the_${i}th_sensor_in_millimetres`);
  const wide = (rows: number, seed: number, edit?: (row: Record<string, number | null>) => void) => {
    const random = new Random(seed);
    return Array.from({ length: rows }, () => {
      const row: Record<string, number | null> = {};
      for (const name of names) row[name] = random.unit() + random.unit();
      edit?.(row);
      return row;
    });
  };
  const lines = wide(500, 3).map((row, i) =>
    [i, ...names.map((name) => row[name]?.toFixed(6)), (row[names[0]] ?? 0) > 1 ? 'yes' : 'no'].join(','),
  );
  const path = bench.write('sensors.csv', [['id', ...names, 'late'].join(','), ...lines].join('\n'));
  const other = await watched(
    bench,
    watchedDefinition(bench, {
      name: 'wide',
      sources: { parcels: csv(path) },
      dataset: 'SELECT * FROM parcels',
      sample: { evaluate: 50 },
    }),
  );
  await other.answer(1, wide(500, 4), { requestRows: 50 });
  await other.answer(
    2,
    wide(500, 5, (row) => (row[names[7]] = null)),
    { requestRows: 50 },
  );
  await record(1, await other.observe(1), 'wide');
  const observed = await other.observe(2, { number: 2, healthy: 1 });
  expect(observed.facts.tests).toBe(150);
  expect(observed.facts.columns.length).toBeGreaterThan(60);
  expect(observed.facts.columns.length).toBeLessThanOrEqual(100);
  expect(verdict(observed.facts).faults).toMatchObject([{ kind: 'missing', column: names[7] }]);
  const signal = judgeWatch([verdict(observed.facts)], POLICY);
  const told = { ...observed, verdict: verdict(observed.facts), signal };
  expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(32 * 1024);
  await record(2, observed, 'wide');
  const kept = await bench.store.watch.window('wide', 2);
  expect(kept?.facts.columns).toHaveLength(150);
  expect(kept?.facts.columns.every(({ psi }) => psi !== undefined)).toBe(true);
});

describe('what feeds the watch', () => {
  test('labels of a source are put once; a corrected one is corrected; of two of a key the last holds; what is too old is left', async () => {
    const rows = (text: string) => bench.write('truth.csv', `parcel,was,known\n${text}\n`);
    const [one, two, three] = [3, 2, 1].map((hours) =>
      new Date(Date.now() - hours * 3_600_000).toISOString(),
    );
    const old = new Date(Date.now() - 400 * 86_400_000).toISOString();
    const path = rows(`a,yes,${one}\na,no,${two}\nb,yes,${one}\n,no,${one}\nc,,\ne,yes,${old}`);
    const definition = watchedDefinition(bench, {
      name: 'parcels',
      labels: { source: csv(path), key: 'parcel', value: 'was', observedAt: 'known' },
    });
    const definitionHash = await bench.store.definitions.put(definition);
    const input = { name: 'parcels', definitionHash, baseDirectory: bench.folder };
    const activities = trainerActivities(bench.dependencies);
    const poll = () => run(() => activities.pollLabels(input));
    expect(await poll()).toEqual({ rows: 2, accepted: 2, unchanged: 0, corrected: 0 });
    // The source is the same: nothing is read.
    expect(await poll()).toEqual({ rows: 0, accepted: 0, unchanged: 0, corrected: 0 });
    // Another worker has not seen it yet.
    expect(await run(() => trainerActivities(bench.dependencies).pollLabels(input))).toEqual({
      rows: 2,
      accepted: 0,
      unchanged: 2,
      corrected: 0,
    });
    rows(`a,no,${two}\nb,no,${three}\nd,1,${three}`);
    expect(await poll()).toEqual({ rows: 3, accepted: 1, unchanged: 1, corrected: 1 });
    const history = await bench.store.labels.history('parcels', { key: 'b' });
    expect(history.map(({ value, observedAt }) => [value, observedAt])).toEqual([
      ['no', three],
      ['yes', one],
    ]);
    const without = { ...input, definitionHash: model.definitionHash };
    expect(await run(() => activities.pollLabels(without))).toMatchObject({ rows: 0 });
  });

  test('the sources have one digest, another one when a byte of them changes', async () => {
    const path = bench.write('probe.csv', 'id,late\n1,yes\n');
    const definition = watchedDefinition(bench, { name: 'probe', sources: { parcels: csv(path) } });
    const definitionHash = await bench.store.definitions.put(definition);
    const activities = trainerActivities(bench.dependencies);
    const what = { name: 'probe', definitionHash, baseDirectory: bench.folder };
    const probe = () => run(() => activities.probeSources(what));
    const first = await probe();
    expect(first).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, taken: false });
    expect(await probe()).toEqual(first);
    bench.write('probe.csv', 'id,late\n1,yes\n2,no\n');
    expect((await probe()).digest).not.toBe(first.digest);
  });

  test('a definition says what the workflow needs of it, or that nobody watches', async () => {
    const activities = watchActivities(bench.dependencies);
    const describe = async (more: Parameters<typeof watchedDefinition>[1]) =>
      activities.describeWatch({
        definitionHash: await bench.store.definitions.put(watchedDefinition(bench, more)),
      });
    expect(await describe({ name: 'slice' })).toEqual({
      policy: watchSchema.parse({ everyMs: HOUR_MS, minRows: 200 }),
      labels: false,
    });
    expect(
      await describe({
        name: 'slice',
        labels: { source: csv('truth.csv'), key: 'parcel', value: 'was' },
        retrain: { onNewData: { everyMs: 60_000 } },
      }),
    ).toMatchObject({ labels: true, onNewDataEveryMs: 60_000 });
    expect(await describe({ name: 'slice', watch: undefined })).toBeUndefined();
    // What it says passes through Temporal, however much the watch is to ignore.
    const ignore = Array.from({ length: 2_000 }, (_, i) => `${'column'.repeat(10)}${i}`);
    expect(await describe({ name: 'slice', watch: { everyMs: HOUR_MS, ignore } })).toMatchObject({
      policy: { ignore: [] },
    });
  });
});

async function record(
  number: number,
  { facts, distributionDigest }: Awaited<ReturnType<Watched['observe']>>,
  name = 'parcels',
): Promise<{ pictureDigest?: string }> {
  const activities = trainerActivities(bench.dependencies);
  const judged = verdict(facts);
  const signal = judgeWatch([judged], POLICY);
  return run(() =>
    activities.recordWindow({ name, number, facts, verdict: judged, signal, distributionDigest }),
  );
}
