import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvaluation } from '../../activities/evaluation.ts';
import { csv, defineLifecycle, freshness, tree, type LifecycleInput } from '../../config/define.ts';
import type { Definition } from '../../config/definition.ts';
import { Random } from '../../learning/rng.ts';
import { openTable, type Table } from '../../sources/table.ts';
import { ids, queues, type TrainingInput, type TrainingResult } from '../../workflows/messages.ts';
import type { training } from '../../workflows/training.ts';
import { openBench, type Bench } from './bench.ts';
import { append } from './rollouts.ts';
import { inputsOf } from '../store/someRecords.ts';

/** A retraining looks at the data as of its moment, and at its champion on rows that neither has seen. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const day = (n: number) => new Date(START + n * DAY_MS).toISOString();

interface Parcel {
  id: number;
  day: number;
  /** Late are the large ones; or the small ones, where things have changed. */
  late?: 'large' | 'small';
}

/** A parcel is the same whichever file it stands in, but for its truth. */
function parcel({ id, late = 'large' }: Parcel): { size: number; late: boolean } {
  const random = new Random(id);
  const size = Math.round(random.unit() * 1_000) / 100;
  const surprise = random.unit() < 0.1;
  return { size, late: (size > 5 === (late === 'large')) !== surprise };
}

function parcels(count: number, of: (i: number) => Parcel): Parcel[] {
  return Array.from({ length: count }, (_, i) => of(i));
}

function write(name: string, rows: readonly Parcel[]): void {
  const lines = rows.map((row) => {
    const { size, late } = parcel(row);
    return `p${row.id},${size},${day(row.day)},${late ? 'yes' : 'no'}`;
  });
  bench.write(`${name}.csv`, `id,size,seen,late\n${lines.join('\n')}\n`);
}

function lifecycle(name: string, more: Partial<LifecycleInput> = {}): Definition {
  return defineLifecycle({
    name,
    sources: { parcels: csv(`${name}.csv`) },
    target: 'late',
    key: 'id',
    time: 'seen',
    features: [{ kind: 'passthrough', columns: ['size'] }],
    search: [tree({ maxDepth: 2 })],
    select: { folds: 2 },
    watch: {},
    ...more,
  });
}

/** What a lifecycle starts. */
async function train(definition: Definition, more: Partial<TrainingInput> = {}): Promise<TrainingResult> {
  const { name } = definition;
  const run = await bench.store.runs.nextNumber(name);
  const definitionHash = await bench.store.definitions.put(definition);
  return bench.temporal.workflow.execute<typeof training>('training', {
    workflowId: ids.training(name, run),
    taskQueue: queues.orchestrator,
    args: [{ name, run, definitionHash, baseDirectory: bench.folder, ...more }],
  });
}

async function datasetOf({ name, run }: TrainingResult) {
  const { datasetDigest = '' } = (await bench.store.runs.get(name, run)) ?? {};
  return bench.store.datasets.get(datasetDigest);
}

async function evaluationOf({ name, run }: TrainingResult) {
  const { evaluationDigest = '' } = (await bench.store.runs.get(name, run)) ?? {};
  return readEvaluation(bench.store, evaluationDigest);
}

/** Ids of a snapshot by side. */
async function sidesOf(definition: Definition, result: TrainingResult) {
  const { digest } = await datasetOf(result);
  const { name, split, key, time, seed } = definition;
  return bench.dependencies.files.use(digest, new AbortController().signal, async (path) => {
    const table = await openTable(path, {
      scratch: bench.folder,
      split: { name, split, key, time, seed },
    });
    try {
      return { train: await idsOf(table, 'train'), test: await idsOf(table, 'test') };
    } finally {
      await table.close();
    }
  });
}

async function idsOf(table: Table, side: 'train' | 'test'): Promise<string[]> {
  const found: string[] = [];
  for await (const { columns } of table.read({ columns: ['id'], side }))
    found.push(...(columns.id as string[]));
  return found.sort();
}

describe('the window of a retraining', () => {
  const rows = parcels(1_000, (id) => ({ id, day: id / 10 }));

  test.each([
    { what: 'expanding', window: { kind: 'expanding' }, count: 501, from: 0 },
    { what: 'sliding-time', window: { kind: 'sliding', ms: 20 * DAY_MS }, count: 200, from: 30.1 },
    { what: 'sliding-rows', window: { kind: 'sliding', rows: 300 }, count: 300, from: 20.1 },
  ] as const)('$what has the rows that were known', async ({ what, window, count, from }) => {
    const name = `window-${what}`;
    write(name, rows);
    const definition = lifecycle(name, { retrain: { window } });

    const before = await train(definition);
    expect(before).toMatchObject({ outcome: 'registered', champion: true });
    expect((await datasetOf(before)).rows).toBe(1_000);

    const retrained = await train(definition, { asOf: day(50) });
    const dataset = await datasetOf(retrained);
    expect(dataset.rows).toBe(count);
    const seen = dataset.columns.find((column) => column.name === 'seen');
    expect(seen?.max).toBe(Date.parse(day(50)));
    expect(seen?.min).toBeCloseTo(Date.parse(day(from)), -1);
    expect(dataset.query).toContain(`until ${day(50)}`);
    // The champion has seen all of these rows, and newer ones.
    expect(retrained.reason).toMatch(/on all \d+ rows/);
  });

  test('is as fresh as it was at its moment', async () => {
    const name = 'window-fresh';
    write(name, rows);
    const checks = [freshness('seen', { maxAgeMs: 10 * DAY_MS })];
    const definition = lifecycle(name, { retrain: {}, checks });
    expect(await train(definition, { asOf: day(50) })).toMatchObject({ outcome: 'registered' });
    // The newest row is of day 99.9.
    expect(await train(definition, { asOf: day(109) })).toMatchObject({ outcome: 'registered' });
    const stale = await train(definition, { asOf: day(111) });
    expect(stale).toMatchObject({ outcome: 'checks-failed' });
    expect(stale.reason).toContain('seen');
    // Of a training without a moment the run's beginning is what counts, months later.
    expect(await train(definition)).toMatchObject({ outcome: 'checks-failed' });
  });

  test('without rows says so', async () => {
    const name = 'window-empty';
    write(name, rows);
    const definition = lifecycle(name, { retrain: {} });
    await expect(train(definition, { asOf: day(-1) })).rejects.toMatchObject({
      cause: { message: expect.any(String) as string },
    });
    expect((await bench.store.runs.get(name, 1))?.reason).toContain(`0 rows in its window until ${day(-1)}`);
  });
});

describe('the prediction log', () => {
  test('gives its labelled rows, which keep their side; what was observed later it does not', async () => {
    const name = 'logged';
    const old = parcels(600, (id) => ({ id, day: id / 10 }));
    write(name, old);
    const definition = lifecycle(name, { retrain: { data: 'predictions' } });
    expect(await train(definition)).toMatchObject({ outcome: 'registered', champion: true });

    // Asked on the days 60 to 89, labelled a day later; the first hundred of them stand in the source too.
    const asked = parcels(400, (i) => ({ id: 500 + i, day: 60 + (i * 30) / 400 }));
    await log(name, asked);
    await label(name, asked, 1);

    const at = { asOf: day(75) };
    const retrained = await train(definition, at);
    expect(retrained).toMatchObject({ outcome: 'registered' });
    const known = asked.filter((row) => row.day + 1 <= 75 && row.id >= 600);
    const dataset = await datasetOf(retrained);
    expect(dataset.rows).toBe(600 + known.length);
    expect(dataset.sources.map(({ kind }) => kind)).toEqual(['csv', 'predictions']);
    const late = dataset.columns.find((column) => column.name === 'late');
    expect(late).toMatchObject({ missing: 0, distinct: 2 });
    const sides = await sidesOf(definition, retrained);
    const all = [...sides.train, ...sides.test].filter((id) => Number(id.slice(1)) >= 600);
    expect(all.sort()).toEqual(known.map(({ id }) => `p${id}`).sort());
    expect(await noteOf(retrained, 'ingest')).toContain(`${known.length} of the prediction log`);

    // Once more, and after labels that came later: the same snapshot, and no second copy.
    await label(name, [{ id: 890, day: 88 }], 1);
    const again = await train(definition, at);
    expect(await datasetOf(again)).toEqual(dataset);
    expect(await noteOf(again, 'ingest')).toContain('snapshot was there');
    expect(again).toMatchObject({ version: retrained.version, existing: true });

    // When the source has these rows at last, they stand where they stood.
    write(name, [...old, ...asked.slice(100)]);
    const later = await train(definition, { asOf: day(100) });
    expect((await datasetOf(later)).rows).toBe(900);
    const laterSides = await sidesOf(definition, later);
    for (const side of ['train', 'test'] as const) {
      expect(sides[side].length).toBeGreaterThan(50);
      expect(laterSides[side]).toEqual(expect.arrayContaining(sides[side]));
    }
  });

  test('is not asked by a training that has no moment', async () => {
    const name = 'momentless';
    write(
      name,
      parcels(600, (id) => ({ id, day: id / 10 })),
    );
    const definition = lifecycle(name, {
      retrain: { data: 'predictions', window: { kind: 'sliding', rows: 300 } },
    });
    const first = await train(definition);
    await log(name, [{ id: 900, day: 60 }]);
    await label(name, [{ id: 900, day: 60 }], 1);
    const second = await train(definition);
    expect(second).toMatchObject({ outcome: 'registered', existing: true, digest: first.digest });
    expect(second.reason).not.toContain('rows');
    const dataset = await datasetOf(second);
    expect(dataset).toMatchObject({ rows: 600, query: definition.dataset });
    expect(await evaluationOf(second)).not.toHaveProperty('compared');
    // As the same without a word of retraining.
    const { retrain, ...plain } = definition;
    expect(retrain).toBeDefined();
    expect((await datasetOf(await train(plain))).key).toBe(dataset.key);
  });

  async function log(name: string, rows: readonly Parcel[]): Promise<void> {
    await append(
      bench.store,
      rows.map((row) => ({
        at: Date.parse(day(row.day)),
        requestId: randomUUID(),
        name,
        version: 1,
        arm: 'champion',
        rows: 1,
        keys: [`p${row.id}`],
        inputs: inputsOf({ size: [parcel(row).size] }),
        status: 0,
        latencyUs: 500,
      })),
    );
  }

  async function label(name: string, rows: readonly Parcel[], daysLater: number): Promise<void> {
    await bench.store.labels.put(
      name,
      rows.map((row) => ({
        key: `p${row.id}`,
        value: parcel(row).late ? 'yes' : 'no',
        observedAt: day(row.day + daysLater),
      })),
    );
  }
});

describe('the gate of a retraining', () => {
  /** The champion knows that small parcels are late; a file of old rows, where large ones were, buries the recent ones. */
  async function buried(name: string, more: Partial<LifecycleInput> = {}): Promise<Definition> {
    const definition = lifecycle(name, more);
    write(
      name,
      parcels(600, (id) => ({ id, day: 50 + id / 100, late: 'small' })),
    );
    expect(await train(definition)).toMatchObject({ outcome: 'registered', version: 1, champion: true });
    write(name, [
      ...parcels(3_000, (i) => ({ id: 1_000 + i, day: i / 100, late: 'large' })),
      ...parcels(1_600, (i) => ({ id: 5_000 + i, day: 60 + i / 100, late: 'small' })),
    ]);
    return definition;
  }

  test('refuses what is better on old rows and worse on those that neither has seen', async () => {
    const definition = await buried('buried', { retrain: {} });
    const refused = await train(definition, { asOf: day(80), managed: true });
    expect(refused).toMatchObject({ outcome: 'gate-refused' });
    const newest = new Date(Date.parse(day(50 + 599 / 100))).toISOString();
    expect(refused.reason).toContain(
      `rows newer than ${newest}, which the champion has not seen, is worse than`,
    );

    const { compared, rows, metrics } = await evaluationOf(refused);
    expect(compared).toMatchObject({ recentFrom: newest });
    expect(compared?.rows).toBeGreaterThan(250);
    expect(compared?.rows).toBeLessThan(400);
    expect(compared?.metric).toBeLessThan(0.3);
    expect(rows.test).toBeGreaterThan(800);
    // On the whole hold-out it is the better one, which is what a training by hand goes by.
    expect(metrics.rocAuc).toBeGreaterThan(0.5);
    expect(await train(definition)).toMatchObject({ outcome: 'registered', version: 2 });
  });

  test('accepts what is better on them, and plans no rollout of what a lifecycle manages', async () => {
    const window = { kind: 'sliding', ms: 15 * DAY_MS } as const;
    const canary = { steps: [10] };
    const definition = await buried('recent', {
      retrain: { window },
      canary,
      select: { folds: 2, tolerance: 0.1 },
    });
    const accepted = await train(definition, { asOf: day(75.99), managed: true });
    expect(accepted).toMatchObject({ outcome: 'registered', version: 2, champion: false });
    expect(accepted.reason).toMatch(/on the \d+ rows newer than/);
    expect(accepted.rollout).toBeUndefined();
    expect(await bench.store.rollouts.list('recent')).toEqual([]);
    expect((await datasetOf(accepted)).rows).toBe(1_500);
  });

  test('takes the newest hold-out rows where few are newer than what the champion has seen', async () => {
    const definition = await buried('few', { retrain: {} });
    const refused = await train(definition, { asOf: day(66) });
    // On the whole hold-out, five of six rows of which are old, it would be the better one.
    expect(refused).toMatchObject({ outcome: 'gate-refused' });
    const { compared, rows } = await evaluationOf(refused);
    expect(compared).toMatchObject({ rows: 200, newest: true });
    expect(rows.test).toBeGreaterThan(600);
    expect(refused.reason).toContain(
      `on the 200 newest rows, from ${compared?.recentFrom} on, is worse than`,
    );
  });
});

async function noteOf({ name, run }: TrainingResult, stage: string): Promise<string | undefined> {
  const { stages } = await (await bench.client.attach(name, run)).progress();
  return stages.find((entry) => entry.stage === stage)?.note;
}
